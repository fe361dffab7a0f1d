// SPDX-License-Identifier: Apache-2.0
// The events of neighbours in a feed are mostly neighbours in the store, too: entities that were
// made together have ids close together. So a page's events are read in the order of their keys
// by an iterator that looks a few rows ahead; a point lookup of each costs several times as much.
#include "persistence/rocks_feed.hpp"

#include "persistence/keys.hpp"
#include "persistence/rows.hpp"

#include <algorithm>
#include <utility>

namespace dossier {

namespace {

/// How far ahead of the last event the next one is looked for; going further costs more than a
/// lookup.
constexpr int steps_max = 4;
/// After so many lookups in a row the iterator is put to where the events are.
constexpr int lookups_max = 2;

using event_bytes = std::shared_ptr<const std::string>;

/// Finds one shard's events by keys that are asked for in ascending order.
class event_sweep {
public:
  event_sweep(const rocks_database& database, shard_number shard)
    : database_(database)
    , end_(keys::end_of(keys::prefix(shard, keys::row::event)))
    , end_slice_(end_) {
    rocksdb::ReadOptions read;
    read.total_order_seek = true;
    read.iterate_upper_bound = &end_slice_;
    rows_.reset(database_.db().NewIterator(read, database_.handle(keys::row::event)));
  }

  /// Nullptr if there is no such event.
  result<event_bytes> find(const std::string& key) {
    if (is_placed_ && is_ahead(key)) {
      lookups_ = 0;
      return std::make_shared<const std::string>(rows_->value().ToStringView());
    }
    if (is_placed_ && lookups_ < lookups_max) {
      ++lookups_;
      const auto row = database_.find(keys::row::event, key);
      if (!row)
        return row.error();
      return *row ? std::make_shared<const std::string>((*row)->ToStringView()) : nullptr;
    }
    lookups_ = 0;
    rows_->Seek(key);
    is_placed_ = rows_->Valid();
    if (!is_placed_ && !rows_->status().ok())
      return failure_of(rows_->status(), "reading events of the store in " + database_.path());
    if (!is_placed_ || rows_->key() != rocksdb::Slice(key))
      return event_bytes{};
    return std::make_shared<const std::string>(rows_->value().ToStringView());
  }

private:
  /// Goes a few rows forward to find the key; damage on the way is left to the lookup.
  bool is_ahead(const std::string& key) {
    const rocksdb::Slice wanted(key);
    for (int steps = 0; steps < steps_max && rows_->key().compare(wanted) < 0; ++steps) {
      rows_->Next();
      is_placed_ = rows_->Valid();
      if (!is_placed_)
        return false;
    }
    return rows_->key() == wanted;
  }

  const rocks_database& database_;
  const std::string end_;
  const rocksdb::Slice end_slice_;
  std::unique_ptr<rocksdb::Iterator> rows_;
  bool is_placed_ = false; ///< It stands on a row.
  int lookups_ = 0;
};

} // namespace

result<std::vector<feed_row>> read_feed_rows(const rocks_database& database, shard_number shard,
                                             std::uint64_t after, std::size_t limit) {
  std::vector<feed_row> feed;
  if (limit == 0)
    return feed;
  auto walked = database.walk(keys::row::feed, keys::feed_key(shard, after) + '\0',
                              keys::end_of(keys::prefix(shard, keys::row::feed)),
                              [&](std::string_view key, std::string_view value) -> result<bool> {
                                auto row = rows::parse_feed(key, value);
                                if (!row)
                                  return row.error();
                                feed.push_back(*std::move(row));
                                return feed.size() < limit;
                              });
  if (!walked)
    return walked.error();
  return feed;
}

result<std::vector<feed_entry>> read_feed_entries(const rocks_database& database,
                                                  shard_number shard, std::uint64_t after,
                                                  std::size_t limit) {
  auto feed = read_feed_rows(database, shard, after, limit);
  if (!feed)
    return feed.error();
  std::vector<feed_entry> entries(feed->size());
  std::vector<std::pair<std::string, std::size_t>> wanted;
  wanted.reserve(entries.size());
  for (std::size_t i = 0; i < entries.size(); ++i) {
    auto& row = entries[i].row = std::move((*feed)[i]);
    if (row.sequence > 0)
      wanted.emplace_back(keys::event_key(row.entity, row.sequence), i);
  }
  if (wanted.empty())
    return entries;
  std::ranges::sort(wanted);
  event_sweep events(database, shard);
  // What stands before an event that cannot be read is good.
  std::optional<failure> why;
  std::size_t good = entries.size();
  for (const auto& [key, i] : wanted) {
    auto event = events.find(key);
    if (event) {
      entries[i].event = *std::move(event);
    } else if (i < good) {
      good = i;
      why = event.error();
    }
  }
  if (good == 0)
    return *why;
  entries.resize(good);
  return entries;
}

} // namespace dossier
