// SPDX-License-Identifier: Apache-2.0
// The commit law: check each batch by point lookups, gather the group, write it once, synced.
#include "persistence/rocks_writer.hpp"

#include "persistence/rows.hpp"
#include "protocol/planted.hpp"

#include <array>

namespace dossier {

namespace {

template <std::size_t Size>
std::string_view view_of(const std::array<char, Size>& bytes) {
  return {bytes.data(), Size};
}

} // namespace

rocks_writer::rocks_writer(rocks_database& database, recent_feed& recent)
  : database_(database)
  , recent_(recent)
  , feed_ends_(database.shard_count()) {
  write_options_.sync = !DOSSIER_PLANTED(write_unsynced);
}

result<std::unique_ptr<rocks_writer>> rocks_writer::make(rocks_database& database,
                                                         recent_feed& recent) {
  std::unique_ptr<rocks_writer> writer{new rocks_writer{database, recent}};
  for (shard_number shard = 0; shard < database.shard_count(); ++shard) {
    if (auto recovered = writer->recover_feed(shard); !recovered)
      return recovered.error();
    if (auto recovered = writer->recover_newest(shard); !recovered)
      return recovered.error();
  }
  return writer;
}

result<void> rocks_writer::recover_feed(shard_number shard) {
  const auto end = database_.find_feed_end(shard);
  if (!end)
    return end.error();
  feed_ends_[shard] = *end;
  feed_rows_ += *end;
  return {};
}

result<void> rocks_writer::recover_newest(shard_number shard) {
  auto iterators = database_.iterate(shard, {keys::row::event});
  if (!iterators)
    return iterators.error();
  auto& rows = *iterators->front().rows;
  // Kinds are neighbours: the row before the first possible one of a kind is the last of another,
  // or of another shard.
  for (rows.SeekToLast(); rows.Valid();) {
    const auto last = keys::parse_event_key(rows.key().ToStringView());
    if (!last) {
      rows.Prev(); // Damaged, and for `verify` to name: no entity is looked up by such a key.
      continue;
    }
    const auto& [entity, sequence] = *last;
    if (entity.shard() != shard)
      break;
    newest_[{shard, entity.kind}] = entity.id;
    rows.SeekForPrev(
      slice_of(keys::event_prefix({entity.kind, entity_id::make(timestamp{}, shard, {})})));
  }
  if (!rows.status().ok())
    return failure_of(rows.status(),
                      "finding the newest entities of shard " + std::to_string(shard));
  return {};
}

result<std::vector<write_outcome>> rocks_writer::write(std::span<const batch> group,
                                                       timestamp now) {
  if (is_lost_ || database_.is_read_only())
    return fail(errc::unavailable, "writing to the store in " + database_.path()
                                     + ": it was opened for reading or has failed before; restart "
                                       "dossier");
  database_.filter().set_now(now);
  changes_.Clear();
  status_ = rocksdb::Status::OK();
  told_.clear();
  entities_.clear();
  answers_.clear();

  std::vector<write_outcome> outcomes;
  outcomes.reserve(group.size());
  for (const auto& b : group) {
    outcomes.push_back(admit(b, now));
    if (outcomes.back())
      add(b, &b == &group.back());
    if (!status_.ok())
      break;
  }
  if (status_.ok() && changes_.Count() > 0)
    status_ = database_.db().Write(write_options_, &changes_);
  if (!status_.ok())
    return lost();
  feed_rows_.fetch_add(told_.size(), std::memory_order_relaxed);
  recent_.add(told_);
  return outcomes;
}

failure rocks_writer::lost() {
  is_lost_ = true;
  auto why = failure_of(status_, "writing to the store in " + database_.path());
  why.code = errc::unavailable; // Whatever RocksDB calls it, the group's fate is unknown.
  return why;
}

write_outcome rocks_writer::admit(const batch& b, timestamp now) {
  if (auto checked = check_batch(b, database_.shard_count()); !checked)
    return checked;
  if (entities_.contains(b.entity))
    return version_conflict(b);
  if (auto checked = check_version(b); !checked)
    return checked;
  if (b.answer) {
    if (auto checked = check_answer(b, now); !checked)
      return checked;
    answers_.emplace(b.entity.shard(), b.answer->id);
  }
  entities_.insert(b.entity);
  if (auto& newest = newest_[{b.entity.shard(), b.entity.kind}]; newest < b.entity.id)
    newest = b.entity.id;
  return {};
}

write_outcome rocks_writer::check_version(const batch& b) {
  if (DOSSIER_PLANTED(skip_version_check))
    return {};
  if (b.expected_version == 0 && is_newest(b.entity))
    return {};
  const auto has_next = has(keys::row::event, keys::event_key(b.entity, b.expected_version + 1));
  if (!has_next)
    return has_next.error();
  if (*has_next)
    return version_conflict(b);
  if (b.expected_version == 0)
    return {};
  const auto has_last = has(keys::row::event, keys::event_key(b.entity, b.expected_version));
  if (!has_last)
    return has_last.error();
  return *has_last ? write_outcome{} : version_conflict(b);
}

bool rocks_writer::is_newest(const entity_ref& entity) const {
  const auto newest = newest_.find({entity.shard(), entity.kind});
  return newest == newest_.end() || newest->second < entity.id;
}

write_outcome rocks_writer::check_answer(const batch& b, timestamp now) {
  if (answers_.contains({b.entity.shard(), b.answer->id}))
    return answer_conflict(b);
  const auto key = keys::answer_key(b.entity.shard(), b.answer->id);
  const auto is_found = has(keys::row::answer, key);
  if (!is_found)
    return is_found.error();
  if (!*is_found)
    return {};
  const auto expiry = rows::expiry_of_answer(found_.ToStringView());
  // A damaged answer may stand for a command that was carried out, which must not happen twice.
  if (!expiry)
    return rows::parse_answer(key, found_.ToStringView()).error();
  return *expiry < now ? write_outcome{} : answer_conflict(b);
}

result<bool> rocks_writer::has(keys::row kind, std::string_view key) {
  found_.Reset();
  const auto status
    = database_.db().Get(rocksdb::ReadOptions{}, database_.handle(kind), slice_of(key), &found_);
  if (status.ok() || status.IsNotFound())
    return status.ok();
  if (!status.IsCorruption())
    note(status);
  return failure_of(status, "looking up a row of the store in " + database_.path());
}

void rocks_writer::add(const batch& b, bool is_last) {
  add_events(b);
  if (b.state && !(is_last && DOSSIER_PLANTED(state_row_behind)))
    put(keys::row::state, keys::state_key(b.entity), view_of(rows::head_of(*b.state)),
        b.state->bytes);
  const auto shard = b.entity.shard();
  // Listings and references live together, so either kind names their column family.
  for (const auto& p : b.projections_erased)
    erase(keys::row::listing, keys::projection_key(shard, p, b.entity));
  for (const auto& p : b.projections_put)
    put(keys::row::listing, keys::projection_key(shard, p, b.entity), {});
  add_timers(b);
  if (b.handled && !DOSSIER_PLANTED(handled_forgotten))
    put(keys::row::inbox, keys::inbox_key(*b.handled), {});
  if (b.answer && !DOSSIER_PLANTED(answer_not_stored))
    put(keys::row::answer, keys::answer_key(shard, b.answer->id), view_of(rows::head_of(*b.answer)),
        b.answer->bytes);
}

void rocks_writer::add_events(const batch& b) {
  auto sequence = b.expected_version;
  for (const auto& event : b.events) {
    put(keys::row::event, keys::event_key(b.entity, ++sequence), event);
    if (!DOSSIER_PLANTED(drop_feed_row) || sequence == b.expected_version + 1)
      add_feed_row(b, sequence, {}, std::make_shared<const std::string>(event));
  }
  if (!b.reply.empty())
    add_feed_row(b, 0, b.reply, nullptr);
}

void rocks_writer::add_feed_row(const batch& b, std::uint64_t sequence, std::string_view reply,
                                std::shared_ptr<const std::string> event) {
  const auto shard = b.entity.shard();
  const auto position = ++feed_ends_[shard];
  put(keys::row::feed, keys::feed_key(shard, position),
      view_of(rows::value_of_feed(b.entity, sequence)), reply);
  told_.push_back({{shard, position, b.entity, sequence, std::string{reply}}, std::move(event)});
}

void rocks_writer::add_timers(const batch& b) {
  for (const auto& t : b.timers_erased) {
    const auto key = keys::timer_key(b.entity, t);
    if (DOSSIER_PLANTED(timer_erased_in_advance))
      note(database_.db().Delete(write_options_, database_.handle(column::timers), slice_of(key)));
    erase(keys::row::timer, key);
  }
  for (const auto& t : b.timers_set)
    put(keys::row::timer, keys::timer_key(b.entity, t), {});
}

void rocks_writer::put(keys::row kind, std::string_view key, std::string_view head,
                       std::string_view rest) {
  const auto key_part = slice_of(key);
  const std::array value_parts{slice_of(head), slice_of(rest)};
  note(changes_.Put(database_.handle(kind), rocksdb::SliceParts{&key_part, 1},
                    rocksdb::SliceParts{value_parts.data(), static_cast<int>(value_parts.size())}));
}

void rocks_writer::erase(keys::row kind, std::string_view key) {
  note(changes_.Delete(database_.handle(kind), slice_of(key)));
}

void rocks_writer::note(const rocksdb::Status& status) {
  if (status_.ok() && !status.ok())
    status_ = status;
}

} // namespace dossier
