// SPDX-License-Identifier: Apache-2.0
// Measures a batch and refuses the ones that no journal may store.
#include "persistence/batch.hpp"

#include "persistence/keys.hpp"

namespace dossier {

namespace {

/// Key, headers and log framing of one row, rounded up.
constexpr std::size_t row_overhead_bytes = 48;

failure broken_batch(const batch& b, const std::string& why) {
  return fail(errc::internal, "storing a change of " + b.entity.text() + ": " + why
                                + "; this is a bug, please report it");
}

result<void> check_timers(const batch& b, const std::vector<timer>& timers) {
  for (const auto& t : timers) {
    if (!keys::is_name(t.name))
      return broken_batch(b, "a timer's name must be 1 to 32 characters of [a-z0-9:_-], not \""
                               + t.name + '"');
  }
  return {};
}

result<void> check_projections(const batch& b, const std::vector<projection>& projections,
                               shard_number shard_count) {
  for (const auto& p : projections) {
    if (const auto* entry = std::get_if<list_entry>(&p)) {
      if (!keys::is_name(entry->list))
        return broken_batch(b, "a list's name must be 1 to 32 characters of [a-z0-9:_-], not \""
                                 + entry->list + '"');
      continue;
    }
    const auto* listed = std::get_if<customer_listing>(&p);
    const auto& customer = listed ? listed->customer : std::get<content_reference>(p).customer;
    if (auto checked = check_customer(customer); !checked)
      return broken_batch(b, checked.error().why);
    // Why: readers look into the customer's shard only, so a row elsewhere would never be found.
    if (shard_of(customer, shard_count) != b.entity.shard())
      return broken_batch(b, "its id does not lie in the shard of its customer " + customer);
  }
  return {};
}

} // namespace

std::size_t bytes_of(const batch& b) {
  std::size_t bytes = row_overhead_bytes
                      * (1 + 2 * b.events.size() + b.timers_set.size() + b.timers_erased.size()
                         + 2 * b.projections_put.size() + 2 * b.projections_erased.size());
  for (const auto& event : b.events)
    bytes += event.size();
  if (b.state)
    bytes += row_overhead_bytes + b.state->bytes.size();
  if (b.answer)
    bytes += 2 * row_overhead_bytes + b.answer->bytes.size();
  if (b.handled)
    bytes += row_overhead_bytes;
  if (!b.reply.empty())
    bytes += row_overhead_bytes + b.reply.size();
  return bytes;
}

result<void> check_batch(const batch& b, shard_number shard_count) {
  if (bytes_of(b) > batch_bytes_max)
    return fail(errc::too_large, "storing a change of " + b.entity.text() + ": it takes "
                                   + std::to_string(bytes_of(b)) + " bytes and may take "
                                   + std::to_string(batch_bytes_max) + "; send less at once");
  if (b.entity.shard() >= shard_count)
    return broken_batch(b, "its id names shard " + std::to_string(b.entity.shard())
                             + " of a store that has " + std::to_string(shard_count));
  if (b.state && b.state->version > b.expected_version + b.events.size())
    return broken_batch(b, "its state row is ahead of its events");
  if (b.answer && !b.answer->id.is_set())
    return broken_batch(b, "its answer has no command id");
  if (auto checked = check_timers(b, b.timers_set); !checked)
    return checked;
  if (auto checked = check_timers(b, b.timers_erased); !checked)
    return checked;
  if (auto checked = check_projections(b, b.projections_put, shard_count); !checked)
    return checked;
  return check_projections(b, b.projections_erased, shard_count);
}

failure version_conflict(const batch& b) {
  return fail(errc::conflict,
              "storing a change of " + b.entity.text() + ": it is no longer at version "
                + std::to_string(b.expected_version) + "; read it again and decide anew");
}

failure answer_conflict(const batch& b) {
  return fail(errc::conflict, "storing a change of " + b.entity.text()
                                + ": its command was carried out before; read the stored answer");
}

} // namespace dossier
