// SPDX-License-Identifier: Apache-2.0
#include "persistence/recorded_event.hpp"

#include <utility>

namespace dossier {

result<envelope> recorded_event_of(const feed_entry& entry) {
  const auto name = [&row = entry.row] {
    return "event " + std::to_string(row.sequence) + " of " + row.entity.text();
  };
  if (!entry.event)
    return fail(errc::corrupt, name() + " stands in the feed and is not there");
  auto recorded = decode_envelope(*entry.event);
  if (!recorded)
    return fail(errc::corrupt, name() + " cannot be read: " + recorded.error().why);
  return recorded;
}

result<envelope> read_recorded_event(const journal& store, const feed_row& row) {
  auto bytes = store.read_event(row.entity, row.sequence);
  if (!bytes)
    return bytes.error();
  return recorded_event_of(
    {row, *bytes ? std::make_shared<const std::string>(**std::move(bytes)) : nullptr});
}

} // namespace dossier
