// SPDX-License-Identifier: Apache-2.0
#include "actors/webhook_notes.hpp"

#include <algorithm>

namespace dossier {

namespace {

/// Ids with a blank behind each.
constexpr std::string_view leaving_name = "webhooks:leaving";

std::string position_name(const entity_id& webhook) {
  return "webhook:" + webhook.text();
}

} // namespace

result<std::optional<std::string>> read_position(const journal& notes, const entity_id& webhook) {
  return notes.read_note(webhook.shard(), position_name(webhook));
}

result<std::vector<entity_id>> read_leaving(const journal& notes, shard_number shard) {
  const auto row = notes.read_note(shard, leaving_name);
  if (!row)
    return row.error();
  std::vector<entity_id> ids;
  std::string_view rest = *row ? std::string_view{**row} : std::string_view{};
  for (auto blank = rest.find(' '); blank != std::string_view::npos; blank = rest.find(' ')) {
    const auto id = entity_id::parse(rest.substr(0, blank));
    if (!id)
      return fail(errc::corrupt, "the announced removals of webhooks cannot be read");
    ids.push_back(*id);
    rest.remove_prefix(blank + 1);
  }
  return ids;
}

result<void> webhook_notes::write_position(const entity_id& webhook, std::string_view position) {
  return notes_.write_note(webhook.shard(), position_name(webhook), position);
}

result<void> webhook_notes::announce(const entity_id& webhook) {
  const std::lock_guard lock{mutex_};
  auto ids = read_leaving(notes_, webhook.shard());
  if (!ids)
    return ids.error();
  if (std::ranges::find(*ids, webhook) != ids->end())
    return {};
  ids->push_back(webhook);
  return write_leaving(webhook.shard(), *ids);
}

result<void> webhook_notes::forget(const entity_id& webhook) {
  if (auto gone = write_position(webhook, {}); !gone)
    return gone;
  const std::lock_guard lock{mutex_};
  auto ids = read_leaving(notes_, webhook.shard());
  if (!ids)
    return ids.error();
  if (std::erase(*ids, webhook) == 0)
    return {};
  return write_leaving(webhook.shard(), *ids);
}

result<void> webhook_notes::write_leaving(shard_number shard, const std::vector<entity_id>& ids) {
  std::string row;
  for (const auto& id : ids)
    row.append(id.text()).push_back(' ');
  return notes_.write_note(shard, leaving_name, row);
}

} // namespace dossier
