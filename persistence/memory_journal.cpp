// SPDX-License-Identifier: Apache-2.0
// The journal as ordered maps under one mutex. It shares no code with keys.*, so that the contract
// suite compares two independent ideas of what comes after what.
#include "persistence/memory_journal.hpp"

#include "persistence/batch.hpp"
#include "persistence/keys.hpp"
#include "persistence/memory_rows.hpp"
#include "protocol/planted.hpp"

#include <algorithm>
#include <atomic>
#include <map>
#include <mutex>
#include <set>
#include <utility>

namespace dossier {

namespace {

class mapped_journal final : public memory_journal {
public:
  explicit mapped_journal(shard_number shard_count)
    : shards_(shard_count) {}

  shard_number shard_count() const override { return static_cast<shard_number>(shards_.size()); }

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
                                          std::size_t limit) const override;
  result<std::vector<listing>> read_listings(std::string_view customer,
                                             const std::optional<listing>& after,
                                             std::size_t limit) const override;
  result<std::vector<listing>> read_list(shard_number shard, std::string_view list,
                                         const std::optional<listing>& after,
                                         std::size_t limit) const override;
  result<bool> is_referenced(std::string_view customer, const sha256_digest& sha256) const override;
  result<std::vector<feed_entry>> read_feed_events(shard_number shard, std::uint64_t after,
                                                   std::size_t limit) const override;
  result<std::uint64_t> read_feed_end(shard_number shard) const override;
  std::uint64_t published_until(shard_number shard) const override;
  outbox_depth read_outbox_depth() const override;
  result<void> each_entity(shard_number shard,
                           const std::function<bool(const entity_ref&)>& visit) const override;
  result<void> each_projection(
    shard_number shard,
    const std::function<bool(const projection&, const entity_ref&)>& visit) const override;
  result<std::vector<write_outcome>> write(std::span<const batch> group, timestamp now) override;
  result<void> note_published(shard_number shard, std::uint64_t position) override;
  result<inbox_state> read_inbox(std::uint16_t partition) const override;
  result<void> note_inbox(std::uint16_t partition, std::string_view source, std::uint64_t next,
                          std::span<const std::uint64_t> gone) override;
  result<std::optional<std::string>> read_note(shard_number shard,
                                               std::string_view name) const override;
  result<void> write_note(shard_number shard, std::string_view name,
                          std::string_view bytes) override;

  void fail_writes(std::function<std::optional<failure>()> decide) override;
  void replace_event(const entity_ref& entity, std::uint64_t sequence, std::string bytes) override;
  void replace_state(const entity_ref& entity, std::optional<state_row> row) override;

private:
  // An id may come from outside and name any shard; the ones that do not exist hold nothing.
  const shard_rows& rows_of(shard_number shard) const {
    static const shard_rows nothing;
    return shard < shards_.size() ? shards_[shard] : nothing;
  }
  write_outcome admit(const batch& b, timestamp now) const;
  void apply(const batch& b, bool is_last);

  mutable std::mutex mutex_; ///< Guards all but the number of shards.
  std::vector<shard_rows> shards_;
  std::map<std::uint16_t, inbox_rows> inbox_; ///< By partition.
  std::function<std::optional<failure>()> decide_;
};

result<std::optional<state_row>> mapped_journal::read_state(const entity_ref& entity) const {
  const std::lock_guard lock{mutex_};
  const auto& states = rows_of(entity.shard()).states;
  const auto found = states.find(entity);
  if (found == states.end())
    return std::optional<state_row>{};
  return std::optional{found->second};
}

result<std::optional<std::string>> mapped_journal::read_event(const entity_ref& entity,
                                                              std::uint64_t sequence) const {
  const std::lock_guard lock{mutex_};
  return find_event(rows_of(entity.shard()), entity, sequence);
}

result<std::vector<stored_event>> mapped_journal::read_events(const entity_ref& entity,
                                                              std::uint64_t first,
                                                              std::size_t limit) const {
  const std::lock_guard lock{mutex_};
  std::vector<stored_event> events;
  const auto& histories = rows_of(entity.shard()).events;
  const auto found = histories.find(entity);
  if (found == histories.end())
    return events;
  for (auto at = found->second.lower_bound(first);
       at != found->second.end() && events.size() < limit; ++at)
    events.push_back({at->first, at->second});
  return events;
}

result<std::optional<stored_answer>>
mapped_journal::find_answer(shard_number shard, const command_id& id, timestamp now) const {
  const std::lock_guard lock{mutex_};
  const auto& answers = rows_of(shard).answers;
  const auto found = answers.find(id);
  if (found == answers.end() || found->second.expires_at < now)
    return std::optional<stored_answer>{};
  return std::optional{found->second};
}

result<std::vector<timer_row>> mapped_journal::read_timers(shard_number shard,
                                                           const std::optional<timer_cursor>& after,
                                                           timestamp due_until,
                                                           std::size_t limit) const {
  const std::lock_guard lock{mutex_};
  std::vector<timer_row> found;
  const auto& timers = rows_of(shard).timers;
  for (auto at = start_after(timers, after);
       at != timers.end() && at->due <= due_until && found.size() < limit; ++at)
    found.push_back({at->entity, {at->due, at->name}});
  return found;
}

result<std::vector<timer_row>>
mapped_journal::read_timers_of(const entity_ref& entity, const std::vector<timer>& wished) const {
  const std::lock_guard lock{mutex_};
  std::vector<timer_row> found;
  for (const auto& t : wished) {
    if (rows_of(entity.shard()).timers.contains({t.due, entity, t.name}))
      found.push_back({entity, t});
  }
  return found;
}

result<std::vector<feed_row>> mapped_journal::read_feed(shard_number shard, std::uint64_t after,
                                                        std::size_t limit) const {
  const std::lock_guard lock{mutex_};
  std::vector<feed_row> found;
  const auto& feed = rows_of(shard).feed;
  for (auto at = feed.upper_bound(after); at != feed.end() && found.size() < limit; ++at)
    found.push_back(at->second);
  return found;
}

result<std::vector<feed_entry>>
mapped_journal::read_feed_events(shard_number shard, std::uint64_t after, std::size_t limit) const {
  std::vector<feed_entry> found;
  for (auto& row : read_feed(shard, after, limit).value()) {
    auto event = read_event(row.entity, row.sequence).value();
    found.push_back(
      {std::move(row), event ? std::make_shared<const std::string>(*event) : nullptr});
  }
  return found;
}

result<std::vector<listing>> mapped_journal::read_listings(std::string_view customer,
                                                           const std::optional<listing>& after,
                                                           std::size_t limit) const {
  const std::lock_guard lock{mutex_};
  return page_of(rows_of(shard_of(customer, shard_count())).listings, customer, after, limit);
}

result<std::vector<listing>> mapped_journal::read_list(shard_number shard, std::string_view list,
                                                       const std::optional<listing>& after,
                                                       std::size_t limit) const {
  const std::lock_guard lock{mutex_};
  return page_of(rows_of(shard).lists, list, after, limit);
}

result<bool> mapped_journal::is_referenced(std::string_view customer,
                                           const sha256_digest& sha256) const {
  const std::lock_guard lock{mutex_};
  const auto& customers = rows_of(shard_of(customer, shard_count())).references;
  const auto of_customer = customers.find(customer);
  if (of_customer == customers.end())
    return false;
  const auto at = of_customer->second.lower_bound({sha256, entity_ref{}});
  return at != of_customer->second.end() && at->first == sha256;
}

result<void>
mapped_journal::each_entity(shard_number shard,
                            const std::function<bool(const entity_ref&)>& visit) const {
  std::set<entity_ref> entities;
  {
    const std::lock_guard lock{mutex_};
    for (const auto& [entity, history] : rows_of(shard).events)
      entities.insert(entity);
    for (const auto& [entity, row] : rows_of(shard).states)
      entities.insert(entity);
  }
  // The visitor reads the journal, so it is called without the lock.
  for (const auto& entity : entities) {
    if (!visit(entity))
      break;
  }
  return {};
}

result<void> mapped_journal::each_projection(
  shard_number shard,
  const std::function<bool(const projection&, const entity_ref&)>& visit) const {
  std::vector<std::pair<projection, entity_ref>> rows;
  {
    const std::lock_guard lock{mutex_};
    for (const auto& [customer, listed] : rows_of(shard).listings)
      for (const auto& row : listed)
        rows.emplace_back(customer_listing{customer, row.created_at}, row.entity);
    for (const auto& [customer, referred] : rows_of(shard).references)
      for (const auto& [sha256, entity] : referred)
        rows.emplace_back(content_reference{customer, sha256}, entity);
    for (const auto& [list, entries] : rows_of(shard).lists)
      for (const auto& row : entries)
        rows.emplace_back(list_entry{list, row.created_at}, row.entity);
  }
  for (const auto& [row, entity] : rows) {
    if (!visit(row, entity))
      break;
  }
  return {};
}

write_outcome mapped_journal::admit(const batch& b, timestamp now) const {
  if (auto checked = check_batch(b, shard_count()); !checked)
    return checked;
  const auto& rows = shards_[b.entity.shard()];
  const auto history = rows.events.find(b.entity);
  const auto version = history == rows.events.end() ? 0 : history->second.rbegin()->first;
  if (version != b.expected_version && !DOSSIER_PLANTED(skip_version_check))
    return version_conflict(b);
  if (!b.answer)
    return {};
  const auto answered = rows.answers.find(b.answer->id);
  if (answered != rows.answers.end() && now <= answered->second.expires_at)
    return answer_conflict(b);
  return {};
}

void mapped_journal::apply(const batch& b, bool is_last) {
  auto& rows = shards_[b.entity.shard()];
  add_events(rows, b);
  if (b.handled && !DOSSIER_PLANTED(handled_forgotten))
    inbox_[b.handled->partition].handled.insert(b.handled->offset);
  if (b.state && !(is_last && DOSSIER_PLANTED(state_row_behind)))
    rows.states[b.entity] = *b.state;
  for (const auto& p : b.projections_erased)
    std::visit([&](const auto& of_kind) { erase(rows, of_kind, b.entity); }, p);
  for (const auto& p : b.projections_put)
    std::visit([&](const auto& of_kind) { put(rows, of_kind, b.entity); }, p);
  erase_timers(rows, b);
  for (const auto& t : b.timers_set)
    rows.timers.insert({t.due, b.entity, t.name});
  if (b.answer && !DOSSIER_PLANTED(answer_not_stored))
    rows.answers[b.answer->id] = *b.answer;
}

result<std::vector<write_outcome>> mapped_journal::write(std::span<const batch> group,
                                                         timestamp now) {
  const std::lock_guard lock{mutex_};
  std::vector<write_outcome> outcomes;
  std::vector<const batch*> admitted;
  std::set<entity_ref> entities;
  std::set<std::pair<shard_number, command_id>> answers;
  for (const auto& b : group) {
    auto outcome = admit(b, now);
    if (outcome && entities.contains(b.entity))
      outcome = version_conflict(b);
    else if (outcome && b.answer && answers.contains({b.entity.shard(), b.answer->id}))
      outcome = answer_conflict(b);
    if (outcome) {
      admitted.push_back(&b);
      entities.insert(b.entity);
      if (b.answer)
        answers.emplace(b.entity.shard(), b.answer->id);
    }
    outcomes.push_back(std::move(outcome));
  }
  for (const auto* b : admitted) {
    if (DOSSIER_PLANTED(timer_erased_in_advance))
      erase_timers(shards_[b->entity.shard()], *b);
  }
  if (decide_) {
    if (auto why = decide_())
      return *std::move(why);
  }
  for (const auto* b : admitted)
    apply(*b, b == admitted.back());
  return outcomes;
}

result<inbox_state> mapped_journal::read_inbox(std::uint16_t partition) const {
  const std::lock_guard lock{mutex_};
  const auto found = inbox_.find(partition);
  if (found == inbox_.end())
    return inbox_state{};
  const auto& [source, next, handled] = found->second;
  return inbox_state{source, next, {handled.lower_bound(next), handled.end()}};
}

result<void> mapped_journal::note_inbox(std::uint16_t partition, std::string_view source,
                                        std::uint64_t next, std::span<const std::uint64_t> gone) {
  const std::lock_guard lock{mutex_};
  auto& rows = inbox_[partition];
  rows.source = source;
  rows.next = next;
  for (const auto offset : gone)
    rows.handled.erase(offset);
  return {};
}

result<std::optional<std::string>> mapped_journal::read_note(shard_number shard,
                                                             std::string_view name) const {
  const std::lock_guard lock{mutex_};
  const auto& notes = rows_of(shard).notes;
  const auto found = notes.find(name);
  return found == notes.end() ? std::nullopt : std::optional{found->second};
}

result<void> mapped_journal::write_note(shard_number shard, std::string_view name,
                                        std::string_view bytes) {
  if (!keys::is_note_name(name) || shard >= shard_count())
    return fail(errc::internal, "a note cannot be named \"" + std::string{name} + '"');
  const std::lock_guard lock{mutex_};
  shards_[shard].notes.insert_or_assign(std::string{name}, std::string{bytes});
  if (bytes.empty())
    shards_[shard].notes.erase(std::string{name});
  return {};
}

result<std::uint64_t> mapped_journal::read_feed_end(shard_number shard) const {
  const std::lock_guard lock{mutex_};
  return rows_of(shard).next_position - 1;
}

std::uint64_t mapped_journal::published_until(shard_number shard) const {
  const std::lock_guard lock{mutex_};
  return rows_of(shard).published;
}

outbox_depth mapped_journal::read_outbox_depth() const {
  const std::lock_guard lock{mutex_};
  outbox_depth depth;
  for (const auto& rows : shards_)
    depth.rows += rows.next_position - 1 - rows.published;
  return depth;
}

result<void> mapped_journal::note_published(shard_number shard, std::uint64_t position) {
  const std::lock_guard lock{mutex_};
  shards_.at(shard).published = position;
  return {};
}

void mapped_journal::fail_writes(std::function<std::optional<failure>()> decide) {
  const std::lock_guard lock{mutex_};
  decide_ = std::move(decide);
}

void mapped_journal::replace_event(const entity_ref& entity, std::uint64_t sequence,
                                   std::string bytes) {
  const std::lock_guard lock{mutex_};
  shards_.at(entity.shard()).events[entity][sequence] = std::move(bytes);
}

void mapped_journal::replace_state(const entity_ref& entity, std::optional<state_row> row) {
  const std::lock_guard lock{mutex_};
  auto& states = shards_.at(entity.shard()).states;
  if (row)
    states.insert_or_assign(entity, *std::move(row));
  else
    states.erase(entity);
}

} // namespace

std::unique_ptr<memory_journal> memory_journal::make(shard_number shard_count) {
  return std::make_unique<mapped_journal>(shard_count);
}

} // namespace dossier
