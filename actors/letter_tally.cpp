// SPDX-License-Identifier: Apache-2.0
#include "actors/letter_tally.hpp"

#include "config/log.hpp"

#include <string_view>

namespace dossier {

namespace {

result<std::uint64_t> count(const journal& store, std::string_view list) {
  constexpr std::size_t page = 10'000;
  std::uint64_t counted = 0;
  for (shard_number shard = 0; shard < store.shard_count(); ++shard)
    for (std::optional<listing> after;;) {
      const auto rows = store.read_list(shard, list, after, page);
      if (!rows)
        return rows.error();
      counted += rows->size();
      if (rows->size() < page)
        break;
      after = rows->back();
    }
  return counted;
}

} // namespace

letter_tally::letter_tally(const journal& store, std::uint64_t dead_warn_above)
  : dead_warn_above_(dead_warn_above) {
  const auto retrying = count(store, letter::retrying_list);
  const auto dead = count(store, letter::dead_list);
  if (retrying && dead) {
    retrying_ = *retrying;
    dead_ = *dead;
    return;
  }
  trouble_ = retrying ? dead.error() : retrying.error();
  log(log_level::error, "letters cannot be counted", {{"why", trouble_->why}});
}

std::atomic<std::uint64_t>* letter_tally::tally_of(const projection& row) {
  const auto* entry = std::get_if<list_entry>(&row);
  if (entry && entry->list == letter::retrying_list)
    return &retrying_;
  if (entry && entry->list == letter::dead_list)
    return &dead_;
  return nullptr;
}

void letter_tally::committed(const batch& b) {
  if (b.entity.kind != entity_kind::letter)
    return;
  for (const auto& row : b.projections_put)
    if (auto* tally = tally_of(row))
      tally->fetch_add(1, std::memory_order_relaxed);
  for (const auto& row : b.projections_erased)
    if (auto* tally = tally_of(row))
      tally->fetch_sub(1, std::memory_order_relaxed);
}

void letter_tally::tick() {
  const auto dead = dead_.load(std::memory_order_relaxed);
  if (trouble_ || (dead > dead_warn_above_) == has_warned_)
    return;
  has_warned_ = !has_warned_;
  if (has_warned_)
    log(log_level::warn, "many letters are dead",
        {{"dead", std::to_string(dead)}, {"dead_warn_above", std::to_string(dead_warn_above_)}});
  else
    log(log_level::info, "few letters are dead again", {{"dead", std::to_string(dead)}});
}

result<letter_counts> letter_tally::counts() const {
  if (trouble_)
    return *trouble_;
  return letter_counts{retrying_.load(std::memory_order_relaxed),
                       dead_.load(std::memory_order_relaxed)};
}

} // namespace dossier
