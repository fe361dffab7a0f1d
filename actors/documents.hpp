// SPDX-License-Identifier: Apache-2.0
// What the edge may do with documents: send one a command, read what is committed. Hides regions,
// shells and the journal. Thread-safe.
#pragma once

#include "actors/entity/reply.hpp"
#include "actors/history.hpp"
#include "persistence/journal.hpp"
#include "protocol/context.hpp"
#include "protocol/document.hpp"

#include <memory>
#include <optional>
#include <string_view>
#include <vector>

namespace dossier {

/// A document as read: its id and what may be seen of it.
struct found_document {
  entity_id id;
  document::view view;
};

/// One page of a customer's list. `next` is where the following page starts; nullopt at the end. A
/// page may be short or empty with a `next` when a filter passes few of the rows that were looked
/// at.
struct document_page {
  std::vector<found_document> items;
  std::optional<listing> next;
};

struct document_filter {
  std::optional<document::status> status;
  std::optional<std::string> document_type;
};

class documents {
public:
  virtual ~documents() = default;

  /// A fresh id in the customer's shard.
  virtual entity_id next_id(std::string_view customer) = 0;
  /// Sends a command. `done` is answered exactly once, on any thread, after the effect is durable;
  /// busy when the document's or the region's queue is full, quarantined when its history cannot be
  /// read, unavailable when the outcome is unknown (the caller repeats with the same command id).
  virtual void submit(const entity_id& id, document::command what, command_meta meta,
                      std::shared_ptr<reply<document::view>> done)
    = 0;

  /// Whether fewer commands wait, of all kinds, than actors.pending_max allows.
  virtual bool has_room() const = 0;

  // Reads of committed state; they wake no actor.

  /// not_found if it never existed. What has ended is found, with its status.
  virtual result<found_document> find(const entity_id& id) const = 0;
  virtual result<document_page> list(std::string_view customer, const document_filter& filter,
                                     const std::optional<listing>& after,
                                     std::size_t limit) const = 0;
  virtual result<std::vector<history_entry>> history(const entity_id& id, std::uint64_t first,
                                                     std::size_t limit) const = 0;
  /// The answer given earlier to this command id of this customer, if it is still kept.
  virtual result<std::optional<stored_answer>> find_answer(std::string_view customer,
                                                           const command_id& id) const = 0;
  /// Reads what stored_answer::bytes holds.
  virtual result<answer<document::view>> decode_answer(std::string_view bytes) const = 0;
};

} // namespace dossier
