// SPDX-License-Identifier: Apache-2.0
// Reads of the journal on RocksDB; rocks_writer writes and rocks_database opens.
#include "persistence/rocks_journal.hpp"

#include "persistence/keys.hpp"
#include "persistence/recent_feed.hpp"
#include "persistence/rocks_database.hpp"
#include "persistence/rocks_feed.hpp"
#include "persistence/rocks_inbox.hpp"
#include "persistence/rocks_walks.hpp"
#include "persistence/rocks_writer.hpp"
#include "persistence/rows.hpp"

#include <algorithm>
#include <atomic>
#include <charconv>
#include <utility>

namespace dossier {

namespace {

/// The next key behind this one: a cursor's row itself is not read again.
std::string behind(std::string key) {
  key.push_back('\0');
  return key;
}

class opened_journal final : public rocks_journal {
public:
  opened_journal(std::unique_ptr<rocks_database> database, std::unique_ptr<recent_feed> recent,
                 std::unique_ptr<rocks_writer> writer)
    : database_(std::move(database))
    , recent_(std::move(recent))
    , writer_(std::move(writer))
    , published_(database_->shard_count()) {}

  /// Before anything else.
  result<void> read_published();

  shard_number shard_count() const override { return database_->shard_count(); }

  result<std::optional<state_row>> read_state(const entity_ref& entity) const override;
  result<std::optional<std::string>> read_event(const entity_ref& entity,
                                                std::uint64_t sequence) const override;
  result<std::vector<stored_event>> read_events(const entity_ref& entity, std::uint64_t first,
                                                std::size_t limit) const override;
  result<std::optional<stored_answer>> find_answer(shard_number shard, const command_id& id,
                                                   timestamp now) const override;
  result<std::vector<timer_row>> read_timers(shard_number shard,
                                             const std::optional<timer_cursor>& after,
                                             timestamp due_until, std::size_t limit) const override;
  result<std::vector<timer_row>> read_timers_of(const entity_ref& entity,
                                                const std::vector<timer>& wished) const override;
  result<std::vector<feed_row>> read_feed(shard_number shard, std::uint64_t after,
                                          std::size_t limit) const override {
    return read_feed_rows(*database_, shard, after, limit);
  }
  result<std::vector<feed_entry>> read_feed_events(shard_number shard, std::uint64_t after,
                                                   std::size_t limit) const override {
    if (auto recent = recent_->read(shard, after, limit))
      return *std::move(recent);
    return read_feed_entries(*database_, shard, after, limit);
  }
  result<std::vector<listing>> read_listings(std::string_view customer,
                                             const std::optional<listing>& after,
                                             std::size_t limit) const override;
  result<std::vector<listing>> read_list(shard_number shard, std::string_view list,
                                         const std::optional<listing>& after,
                                         std::size_t limit) const override;
  result<bool> is_referenced(std::string_view customer, const sha256_digest& sha256) const override;
  result<std::uint64_t> read_feed_end(shard_number shard) const override;
  std::uint64_t published_until(shard_number shard) const override {
    return shard < published_.size() ? published_[shard].load(std::memory_order_relaxed) : 0;
  }
  outbox_depth read_outbox_depth() const override;
  result<void> each_entity(shard_number shard,
                           const std::function<bool(const entity_ref&)>& visit) const override;
  result<void> each_projection(
    shard_number shard,
    const std::function<bool(const projection&, const entity_ref&)>& visit) const override;
  result<std::vector<write_outcome>> write(std::span<const batch> group, timestamp now) override {
    return writer_->write(group, now);
  }
  result<void> note_published(shard_number shard, std::uint64_t position) override;
  result<inbox_state> read_inbox(std::uint16_t partition) const override;
  result<void> note_inbox(std::uint16_t partition, std::string_view source, std::uint64_t next,
                          std::span<const std::uint64_t> gone) override;
  result<std::optional<std::string>> read_note(shard_number shard,
                                               std::string_view name) const override;
  result<void> write_note(shard_number shard, std::string_view name,
                          std::string_view bytes) override;
  rocks_stats stats() const override;

private:
  result<std::vector<listing>> read_listed(keys::row kind, const std::string& first,
                                           const std::string& prefix, std::size_t limit) const;

  std::unique_ptr<rocks_database> database_;
  std::unique_ptr<recent_feed> recent_;
  std::unique_ptr<rocks_writer> writer_;
  std::vector<std::atomic<std::uint64_t>> published_;
};

result<void> opened_journal::read_published() {
  for (shard_number shard = 0; shard < shard_count(); ++shard) {
    const auto key = keys::published_key(shard);
    auto row = database_->find(keys::row::published, key);
    if (!row)
      return row.error();
    if (!*row)
      continue;
    auto position = rows::parse_number(key, (*row)->ToStringView());
    if (!position)
      return position.error();
    published_[shard] = *position;
  }
  return {};
}

result<std::uint64_t> opened_journal::read_feed_end(shard_number shard) const {
  return database_->find_feed_end(shard);
}

outbox_depth opened_journal::read_outbox_depth() const {
  std::uint64_t published = 0;
  for (const auto& position : published_)
    published += position.load(std::memory_order_relaxed);
  // Recorded after published, so that it is not less.
  return {writer_->feed_rows() - published};
}

result<void> opened_journal::note_published(shard_number shard, std::uint64_t position) {
  const auto value = rows::value_of_number(position);
  auto noted = database_->put_unsynced(keys::row::published, keys::published_key(shard),
                                       {value.data(), value.size()});
  if (noted)
    published_[shard].store(position, std::memory_order_relaxed);
  return noted;
}

result<inbox_state> opened_journal::read_inbox(std::uint16_t partition) const {
  return read_inbox_rows(*database_, partition);
}

result<void> opened_journal::note_inbox(std::uint16_t partition, std::string_view source,
                                        std::uint64_t next, std::span<const std::uint64_t> gone) {
  return note_inbox_rows(*database_, partition, source, next, gone);
}

result<std::optional<std::string>> opened_journal::read_note(shard_number shard,
                                                             std::string_view name) const {
  auto row = database_->find(keys::row::note, keys::note_key(shard, name));
  if (!row)
    return row.error();
  return *row ? std::optional{(*row)->ToString()} : std::nullopt;
}

result<void> opened_journal::write_note(shard_number shard, std::string_view name,
                                        std::string_view bytes) {
  if (!keys::is_note_name(name) || shard >= shard_count())
    return fail(errc::internal, "a note cannot be named \"" + std::string{name} + '"');
  const auto key = keys::note_key(shard, name);
  if (!bytes.empty())
    return database_->put_unsynced(keys::row::note, key, bytes);
  // Nothing to keep is no row.
  rocksdb::WriteBatch changes;
  if (const auto status = changes.Delete(database_->handle(keys::row::note), key); !status.ok())
    return fail(errc::internal, "a note cannot be erased: " + status.ToString());
  return database_->write_unsynced(changes);
}

result<std::optional<state_row>> opened_journal::read_state(const entity_ref& entity) const {
  const auto key = keys::state_key(entity);
  auto row = database_->find(keys::row::state, key);
  if (!row)
    return row.error();
  if (!*row)
    return std::optional<state_row>{};
  auto state = rows::parse_state(key, (*row)->ToStringView());
  if (!state)
    return state.error();
  return std::optional{*std::move(state)};
}

result<std::optional<std::string>> opened_journal::read_event(const entity_ref& entity,
                                                              std::uint64_t sequence) const {
  auto row = database_->find(keys::row::event, keys::event_key(entity, sequence));
  if (!row)
    return row.error();
  return *row ? std::optional{(*row)->ToString()} : std::nullopt;
}

result<std::vector<stored_event>> opened_journal::read_events(const entity_ref& entity,
                                                              std::uint64_t first,
                                                              std::size_t limit) const {
  std::vector<stored_event> events;
  if (limit == 0)
    return events;
  auto walked = database_->walk(keys::row::event, keys::event_key(entity, first),
                                keys::end_of(keys::event_prefix(entity)),
                                [&](std::string_view key, std::string_view value) -> result<bool> {
                                  auto parsed = keys::parse_event_key(key);
                                  if (!parsed)
                                    return parsed.error();
                                  events.push_back({parsed->second, std::string{value}});
                                  return events.size() < limit;
                                });
  if (!walked)
    return walked.error();
  return events;
}

result<std::optional<stored_answer>>
opened_journal::find_answer(shard_number shard, const command_id& id, timestamp now) const {
  const auto key = keys::answer_key(shard, id);
  auto row = database_->find(keys::row::answer, key);
  if (!row)
    return row.error();
  if (!*row)
    return std::optional<stored_answer>{};
  auto answer = rows::parse_answer(key, (*row)->ToStringView());
  if (!answer)
    return answer.error();
  if (answer->expires_at < now)
    return std::optional<stored_answer>{};
  return std::optional{*std::move(answer)};
}

result<std::vector<timer_row>> opened_journal::read_timers(shard_number shard,
                                                           const std::optional<timer_cursor>& after,
                                                           timestamp due_until,
                                                           std::size_t limit) const {
  std::vector<timer_row> timers;
  auto first = keys::prefix(shard, keys::row::timer);
  if (after) {
    // The cursor's entity may be made up, so its key is put together under the shard that is read.
    first = keys::timer_prefix(shard, after->due);
    first += keys::timer_key(after->entity, {after->due, after->name}).substr(first.size());
    first = behind(std::move(first));
  }
  auto end = keys::end_of(keys::timer_prefix(shard, due_until));
  if (limit == 0 || first >= end)
    return timers;
  auto walked = database_->walk(keys::row::timer, first, std::move(end),
                                [&](std::string_view key, std::string_view) -> result<bool> {
                                  auto timer = keys::parse_timer_key(key);
                                  if (!timer)
                                    return timer.error();
                                  timers.push_back(*std::move(timer));
                                  return timers.size() < limit;
                                });
  if (!walked)
    return walked.error();
  return timers;
}

result<std::vector<timer_row>>
opened_journal::read_timers_of(const entity_ref& entity, const std::vector<timer>& wished) const {
  std::vector<timer_row> timers;
  for (const auto& t : wished) {
    auto row = database_->find(keys::row::timer, keys::timer_key(entity, t));
    if (!row)
      return row.error();
    if (*row)
      timers.push_back({entity, t});
  }
  return timers;
}

result<std::vector<listing>> opened_journal::read_listings(std::string_view customer,
                                                           const std::optional<listing>& after,
                                                           std::size_t limit) const {
  const auto shard = shard_of(customer, shard_count());
  const auto prefix = keys::listing_prefix(shard, customer);
  const auto first
    = after ? behind(keys::projection_key(
        shard, customer_listing{std::string{customer}, after->created_at}, after->entity))
            : prefix;
  return read_listed(keys::row::listing, first, prefix, limit);
}

result<std::vector<listing>> opened_journal::read_list(shard_number shard, std::string_view list,
                                                       const std::optional<listing>& after,
                                                       std::size_t limit) const {
  const auto prefix = keys::entry_prefix(shard, list);
  const auto first = after ? behind(keys::projection_key(
                       shard, list_entry{std::string{list}, after->created_at}, after->entity))
                           : prefix;
  return read_listed(keys::row::entry, first, prefix, limit);
}

result<std::vector<listing>> opened_journal::read_listed(keys::row kind, const std::string& first,
                                                         const std::string& prefix,
                                                         std::size_t limit) const {
  std::vector<listing> listings;
  if (limit == 0)
    return listings;
  auto walked = database_->walk(kind, first, keys::end_of(prefix),
                                [&](std::string_view key, std::string_view) -> result<bool> {
                                  auto row = keys::parse_listing_key(key);
                                  if (!row)
                                    return row.error();
                                  listings.push_back(*row);
                                  return listings.size() < limit;
                                });
  if (!walked)
    return walked.error();
  return listings;
}

result<bool> opened_journal::is_referenced(std::string_view customer,
                                           const sha256_digest& sha256) const {
  bool is_found = false;
  const auto prefix = keys::reference_prefix(shard_of(customer, shard_count()), customer, sha256);
  auto walked = database_->walk(keys::row::reference, prefix, keys::end_of(prefix),
                                [&](std::string_view, std::string_view) -> result<bool> {
                                  is_found = true;
                                  return false;
                                });
  if (!walked)
    return walked.error();
  return is_found;
}

result<void>
opened_journal::each_entity(shard_number shard,
                            const std::function<bool(const entity_ref&)>& visit) const {
  return walk_entities(*database_, shard, visit);
}

result<void> opened_journal::each_projection(
  shard_number shard,
  const std::function<bool(const projection&, const entity_ref&)>& visit) const {
  return walk_projections(*database_, shard, visit);
}

rocks_stats opened_journal::stats() const {
  auto& db = database_->db();
  rocks_stats stats;
  // Absent properties leave their figure at zero.
  std::uint64_t is_stopped = 0;
  db.GetIntProperty(rocksdb::DB::Properties::kIsWriteStopped, &is_stopped);
  stats.is_write_stopped = is_stopped != 0;
  for (std::size_t i = 0; i < column_names.size(); ++i) {
    std::string text;
    std::uint64_t files = 0;
    db.GetProperty(database_->handle(static_cast<column>(i)),
                   rocksdb::DB::Properties::kNumFilesAtLevelPrefix + "0", &text);
    std::from_chars(text.data(), text.data() + text.size(), files);
    stats.level0_files = std::max(stats.level0_files, files);
  }
  db.GetAggregatedIntProperty(rocksdb::DB::Properties::kTotalSstFilesSize, &stats.sst_bytes);
  db.GetAggregatedIntProperty(rocksdb::DB::Properties::kCurSizeAllMemTables, &stats.memtable_bytes);
  stats.block_cache_bytes = database_->block_cache_bytes();
  return stats;
}

} // namespace

result<std::unique_ptr<rocks_journal>> rocks_journal::open(const rocks_options& options) {
  auto database = rocks_database::open(options);
  if (!database)
    return database.error();
  auto recent
    = std::make_unique<recent_feed>((*database)->shard_count(), options.recent_feed_bytes);
  auto writer = rocks_writer::make(**database, *recent);
  if (!writer)
    return writer.error();
  auto opened
    = std::make_unique<opened_journal>(*std::move(database), std::move(recent), *std::move(writer));
  if (auto read = opened->read_published(); !read)
    return read.error();
  return std::unique_ptr<rocks_journal>{std::move(opened)};
}

} // namespace dossier
