// SPDX-License-Identifier: Apache-2.0
// What every route about documents does first and last: find the document as far as the caller may
// know of it, send a command, recognise a repeated request.
#pragma once

#include "gateway/routes/shared.hpp"
#include "protocol/document.hpp"

#include <memory>
#include <optional>
#include <string>
#include <string_view>

namespace dossier {

using document_answer = answer<document::view>;

/// The one answer for documents that do not exist and for those of others: same words, same shape.
failure no_such_document();

/// Refuses a customer that the caller may not know of as not_found, and names that no customer has.
result<void> check_visible_customer(const request& r, std::string_view customer);

/// Whose things a question is about: the customer that it names as `where`, if the caller may know
/// of that one, refused as check_visible_customer() does; nullopt is everybody's. Only an admin's
/// key may name nobody: a customer's key asks about one customer at a time, also if it has but one,
/// so that a question means the same when the key gets another. invalid_argument otherwise.
result<std::optional<std::string>>
visible_customer(const request& r, std::optional<std::string_view> named, std::string_view where);
/// Likewise of the query's customerId.
result<std::optional<std::string>> visible_customer(const request& r);

/// The document named by the path's first parameter, if it exists for the caller; `customerId` in
/// the query, when given, must be its customer's. What has ended is found too.
result<found_document> find_visible(const shared_parts& shared, const request& r);

/// The document that a signed URL of this permission is for, if it still lives. Its status is for
/// the route to judge.
result<found_document> find_granted(const shared_parts& shared, const request& r,
                                    permission wanted);

/// Sends the command and waits until its effect is durable. `held` is kept until the core has
/// answered, even if this wait ends before.
awaitable<result<document_answer>> submit_command(shared_parts& shared, const entity_id& id,
                                                  document::command what, command_meta meta,
                                                  std::shared_ptr<const void> held);

/// Who asked, as the event's cause remembers it.
cause cause_of(const request& r, const document::command& what);
cause cause_of(const request& r, std::string_view command);

/// A request's place among its repetitions. An answer is one about a document, or still as it was
/// stored.
template <class Answer>
struct repetition_of {
  std::optional<idempotency> key; ///< nullopt: the request may not be recognised.
  commands_in_flight::turn turn;  ///< Keeps repetitions out while this one is on its way.
  std::optional<Answer> first;    ///< The answer given before to the same request.
};
using repetition = repetition_of<document_answer>;

/// conflict while the same request is on its way, unprocessable if its body was another one.
result<repetition> recognise(shared_parts& shared, const request& r, std::string_view operation,
                             std::string_view scope, std::string_view customer,
                             std::string_view body);
/// Likewise of commands to any kind of entity in the customer's shard.
result<repetition_of<std::string>> recognise_any(shared_parts& shared, const request& r,
                                                 std::string_view operation, std::string_view scope,
                                                 std::string_view customer, std::string_view body);

/// The answer that was stored under this key meanwhile.
result<std::optional<document_answer>>
first_answer(const shared_parts& shared, std::string_view customer, const idempotency& key);
result<std::optional<std::string>>
first_answer_of_any(const shared_parts& shared, std::string_view customer, const idempotency& key);

/// Marks a repeated answer as one.
response replayed(response answer);

/// An absolute URL that permits this until then, or until the document's expiry if that is earlier.
struct granted_url {
  std::string url;
  timestamp expires_at; ///< Whole seconds.
};
granted_url grant(const shared_parts& shared, permission allows, const entity_id& id,
                  const document::view& view, timestamp until);

} // namespace dossier
