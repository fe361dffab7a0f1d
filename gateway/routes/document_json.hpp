// SPDX-License-Identifier: Apache-2.0
// Documents as the HTTP API says them, and the opaque cursor of a list. Pure.
#pragma once

#include "actors/documents.hpp"
#include "protocol/document.hpp"
#include "protocol/json_text.hpp"

#include <string>
#include <string_view>

namespace dossier {

/// The document; `ttl` counts whole seconds from `as_of` to its expiry.
void write_document(json_writer& out, const entity_id& id, const document::view& view,
                    timestamp as_of);

/// One event of a history.
void write_history_entry(json_writer& out, const history_entry& entry);

/// The entity tag of a document's state, without quotes: "v7".
std::string version_tag(std::uint64_t version);

/// Where a customer's next page starts, as text that only that customer's list accepts.
std::string write_cursor(std::string_view customer, const listing& place);
/// invalid_argument for whatever write_cursor did not write for this customer.
result<listing> read_cursor(std::string_view customer, std::string_view text);

} // namespace dossier
