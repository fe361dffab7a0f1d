// SPDX-License-Identifier: Apache-2.0
#include "persistence/recorded_event.hpp"

#include <utility>

namespace dossier {

result<void> recorded_event_of(const feed_entry& entry, envelope& into) {
  const auto name = [&row = entry.row] {
    return "event " + std::to_string(row.sequence) + " of " + row.entity.text();
  };
  if (!entry.event)
    return fail(errc::corrupt, name() + " stands in the feed and is not there");
  if (auto decoded = decode_envelope(*entry.event, into); !decoded)
    return fail(errc::corrupt, name() + " cannot be read: " + decoded.error().why);
  return {};
}

result<envelope> recorded_event_of(const feed_entry& entry) {
  envelope recorded;
  if (auto read = recorded_event_of(entry, recorded); !read)
    return read.error();
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
