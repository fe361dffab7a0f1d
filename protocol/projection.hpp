// SPDX-License-Identifier: Apache-2.0
// Rows that follow from an entity's state for the sake of readers. Rules name the rows that a state
// wishes to have; the shell stores the difference; persistence/keys.* alone knows their bytes.
#pragma once

#include "protocol/digest.hpp"
#include "protocol/time.hpp"

#include <compare>
#include <string>
#include <variant>

namespace dossier {

/// The entity stands in its customer's list, newest first.
struct customer_listing {
  std::string customer;
  timestamp created_at;
  auto operator<=>(const customer_listing&) const = default;
};

/// The entity refers to this content of its customer. Content without such a row is collected.
struct content_reference {
  std::string customer;
  sha256_digest sha256{};
  auto operator<=>(const content_reference&) const = default;
};

/// The entity stands in a list of its shard, newest first. The list's name is 1 to 32 characters of
/// [a-z0-9:_-].
struct list_entry {
  std::string list;
  timestamp at;
  auto operator<=>(const list_entry&) const = default;
};

using projection = std::variant<customer_listing, content_reference, list_entry>;

} // namespace dossier
