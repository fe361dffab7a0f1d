// SPDX-License-Identifier: Apache-2.0
#include "actors/verify.hpp"

#include "actors/entity/hosted.hpp"
#include "actors/kinds.hpp"
#include "actors/stored_chunks.hpp"

#include <algorithm>
#include <map>
#include <optional>
#include <set>
#include <type_traits>
#include <utility>
#include <variant>
#include <vector>

namespace dossier {

namespace {

std::string describe(const projection& p) {
  if (const auto* listed = std::get_if<customer_listing>(&p))
    return "list row of customer " + listed->customer;
  if (const auto* entry = std::get_if<list_entry>(&p))
    return "entry of the list " + entry->list;
  const auto& reference = std::get<content_reference>(p);
  return "reference to content " + to_hex(reference.sha256) + " of customer " + reference.customer;
}

/// Checks one shard after another; holds one shard's rows in memory.
class verifier {
public:
  verifier(const journal& store, const blob_store& blobs, const verify_options& options,
           const discrepancy_found& tell)
    : store_(store)
    , blobs_(blobs)
    , options_(options)
    , tell_(tell) {}

  result<verify_counts> run() {
    for (shard_number shard = 0; shard < store_.shard_count(); ++shard) {
      if (auto read = read_rows(shard); !read)
        return read.error();
      auto walked = store_.each_entity(shard, [this](const entity_ref& entity) {
        check(entity);
        return true;
      });
      if (!walked)
        return walked.error();
      name_leftovers();
    }
    return counts_;
  }

private:
  void found(const std::string& sentence) {
    ++counts_.discrepancies;
    tell_(sentence);
  }

  /// Everything of the shard that entities should account for.
  result<void> read_rows(shard_number shard) {
    projections_.clear();
    timers_.clear();
    feed_.clear();
    auto walked
      = store_.each_projection(shard, [this](const projection& p, const entity_ref& entity) {
          projections_[entity].push_back(p);
          ++counts_.projections;
          return true;
        });
    if (!walked)
      return walked;
    constexpr std::size_t page = 10'000;
    for (std::optional<timer_cursor> after;;) {
      auto rows = store_.read_timers(shard, after, from_ms(253'402'300'799'999), page);
      if (!rows)
        return rows.error();
      for (const auto& row : *rows)
        timers_[row.entity].push_back(row.timer);
      counts_.timers += rows->size();
      if (rows->size() < page)
        break;
      after = {rows->back().timer.due, rows->back().entity, rows->back().timer.name};
    }
    for (std::uint64_t after = 0;;) {
      auto rows = store_.read_feed(shard, after, page);
      if (!rows)
        return rows.error();
      for (const auto& row : *rows)
        if (row.sequence > 0)
          feed_[row.entity].push_back(row.sequence);
      counts_.feed_rows += rows->size();
      if (rows->size() < page)
        return {};
      after = rows->back().position;
    }
  }

  void check(const entity_ref& entity) {
    ++counts_.entities;
    const bool is_known = with_kind(entity.kind, [&]<class K>() { check_as<K>(entity); });
    if (!is_known)
      found(entity.text() + " is of a kind that this build does not know");
  }

  template <class K>
  void check_as(const entity_ref& entity) {
    hosted<K> folded;
    if (auto read = fold_events(store_, entity, folded); !read) {
      found(read.error().why);
      return;
    }
    counts_.events += folded.version;
    if (folded.version == 0) {
      found(entity.text() + " has a state row and no events");
      return;
    }
    check_state_row<K>(entity, folded);
    check_timers(entity, timers_of(folded.state));
    check_projections(entity, projections_of(folded.state));
    check_feed(entity, folded.version);
    if constexpr (std::is_same_v<K, job_kind>)
      check_rows(entity, folded.state);
  }

  /// Each finished chunk has its rows. A file that no event names is in nobody's way.
  void check_rows(const entity_ref& entity, const ingestion::state& job) {
    const auto* facts = ingestion::facts_of(job);
    if (!facts)
      return;
    for (std::uint32_t number = 1; number <= facts->chunks.size(); ++number)
      if (const auto& c = facts->chunks[number - 1]; c.phase == ingestion::chunk_phase::finished)
        check_chunk({entity.id, number, c.attempt}, c);
  }

  void check_chunk(const row_file_key& key, const ingestion::chunk& c) {
    const auto what = "chunk " + std::to_string(key.chunk) + " of job " + key.job.text();
    ++counts_.row_files;
    if (options_.rows == nullptr)
      return found(what + " is finished, and there is no store of rows");
    const auto rows = open_chunk_rows(*options_.rows, key.job, key.chunk, c);
    if (!rows)
      return found(what + " is finished, and its rows cannot be read: " + rows.error().why);
    const auto counts = counts_of(*rows);
    if (!counts)
      return found(what + ": " + counts.error().why);
    if (counts->rows != c.rows || counts->rejects != c.rejects)
      found(what + " has " + std::to_string(c.rows) + " rows and " + std::to_string(c.rejects)
            + " rejects, its files " + std::to_string(counts->rows) + " and "
            + std::to_string(counts->rejects));
    if (!options_.reads_content)
      return;
    for (const auto* file : {&rows->records(), rows->correction()})
      if (file)
        if (const auto good = file->check(); !good)
          found(what + ": " + good.error().why);
  }

  /// Of what was corrected it has to be counted what it was before.
  static result<row_file_counts> counts_of(const chunk_rows& rows) {
    if (!rows.correction())
      return rows.records().counts();
    row_file_counts counts;
    if (auto walked = rows.rows_from(0, UINT64_MAX,
                                     [&](const auto&, std::uint32_t) { return ++counts.rows > 0; });
        !walked)
      return walked.error();
    if (auto walked
        = rows.rejects_from(0, [&](const csv::reject&) { return ++counts.rejects > 0; });
        !walked)
      return walked.error();
    return counts;
  }

  template <class K>
  void check_state_row(const entity_ref& entity, const hosted<K>& folded) {
    const auto row = store_.read_state(entity);
    if (!row)
      return found("the state row of " + entity.text() + " cannot be read: " + row.error().why);
    if (!*row)
      return found(entity.text() + " has no state row");
    if ((*row)->format != K::state_format)
      return; // Of another version of the program: it will be folded anew.
    auto state = K::decode_state((*row)->bytes);
    if (!state)
      return found("the state row of " + entity.text() + " cannot be read: " + state.error().why);
    hosted<K> seen{std::move(*state), (*row)->version};
    const auto every = snapshot_every_of<K>(folded.state);
    if (seen.version > folded.version || seen.version / every != folded.version / every)
      return found("the state row of " + entity.text() + " is of version "
                   + std::to_string(seen.version) + ", its events end at "
                   + std::to_string(folded.version));
    if (!fold_events(store_, entity, seen) || seen.state != folded.state)
      found("the state row of " + entity.text() + " differs from what its events say");
  }

  void check_timers(const entity_ref& entity, const std::vector<timer>& wished) {
    auto stored = std::exchange(timers_[entity], {});
    timers_.erase(entity);
    std::sort(stored.begin(), stored.end());
    for (const auto& t : wished)
      if (!std::binary_search(stored.begin(), stored.end(), t))
        found("timer " + t.name + " of " + entity.text() + " is missing, due " + to_rfc3339(t.due));
    for (const auto& t : stored)
      if (std::find(wished.begin(), wished.end(), t) == wished.end())
        found("timer " + t.name + " of " + entity.text() + ", due " + to_rfc3339(t.due)
              + ", is not wished for");
  }

  void check_projections(const entity_ref& entity, const std::vector<projection>& wished) {
    auto stored = std::exchange(projections_[entity], {});
    projections_.erase(entity);
    for (const auto& p : wished) {
      if (std::find(stored.begin(), stored.end(), p) == stored.end())
        found("the " + describe(p) + " is missing for " + entity.text());
      if (const auto* reference = std::get_if<content_reference>(&p))
        check_content(entity, {reference->customer, reference->sha256});
    }
    for (const auto& p : stored)
      if (std::find(wished.begin(), wished.end(), p) == wished.end())
        found("the " + describe(p) + " names " + entity.text() + ", which does not wish for it");
  }

  void check_content(const entity_ref& entity, const content_key& key) {
    ++counts_.contents;
    if (!blobs_.has(key)) {
      found("content " + to_hex(key.sha256) + " of " + entity.text() + " is missing");
    } else if (options_.reads_content) {
      if (const auto good = blobs_.check(key); !good)
        found("content " + to_hex(key.sha256) + " of " + entity.text() + ": " + good.error().why);
    }
  }

  /// Each event is in the feed once, in order.
  void check_feed(const entity_ref& entity, std::uint64_t version) {
    const auto sequences = std::exchange(feed_[entity], {});
    feed_.erase(entity);
    std::uint64_t expected = 0;
    for (const auto sequence : sequences)
      if (sequence != ++expected) {
        found("the feed of " + entity.text() + " should go on with event "
              + std::to_string(expected) + " and has event " + std::to_string(sequence));
        return;
      }
    if (expected != version)
      found("the feed of " + entity.text() + " ends at event " + std::to_string(expected)
            + ", its events at " + std::to_string(version));
  }

  void name_leftovers() {
    for (const auto& [entity, rows] : projections_)
      for (const auto& p : rows)
        found("the " + describe(p) + " names " + entity.text() + ", which has no events");
    for (const auto& [entity, rows] : timers_)
      for (const auto& t : rows)
        found("timer " + t.name + " belongs to " + entity.text() + ", which has no events");
    for (const auto& [entity, sequences] : feed_)
      found(std::to_string(sequences.size()) + " feed rows name " + entity.text()
            + ", which has no events");
  }

  const journal& store_;
  const blob_store& blobs_;
  const verify_options& options_;
  const discrepancy_found& tell_;
  verify_counts counts_;
  std::map<entity_ref, std::vector<projection>> projections_;
  std::map<entity_ref, std::vector<timer>> timers_;
  std::map<entity_ref, std::vector<std::uint64_t>> feed_;
};

} // namespace

result<verify_counts> verify(const journal& store, const blob_store& blobs,
                             const verify_options& options, const discrepancy_found& tell) {
  return verifier(store, blobs, options, tell).run();
}

} // namespace dossier
