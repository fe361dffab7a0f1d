// SPDX-License-Identifier: Apache-2.0
#include "persistence/recorded_event.hpp"

namespace dossier {

result<envelope> read_recorded_event(const journal& store, const feed_row& row) {
  const auto name = [&row] {
    return "event " + std::to_string(row.sequence) + " of " + row.entity.text();
  };
  const auto bytes = store.read_event(row.entity, row.sequence);
  if (!bytes)
    return bytes.error();
  if (!*bytes)
    return fail(errc::corrupt, name() + " stands in the feed and is not there");
  auto recorded = decode_envelope(**bytes);
  if (!recorded)
    return fail(errc::corrupt, name() + " cannot be read: " + recorded.error().why);
  return recorded;
}

} // namespace dossier
