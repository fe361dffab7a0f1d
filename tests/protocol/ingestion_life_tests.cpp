// SPDX-License-Identifier: Apache-2.0
// Whole lives of a job under random commands: reports that are lost, repeated, late and of chunks
// that fail, processes that end, cancellations, retries and repairs. A second bookkeeping, of plain
// sets, says what the job must come to.
#include "actors/ingestion/rules.hpp"

#include <boost/test/unit_test.hpp>
#include <rapidcheck/boost_test.h>

#include <algorithm>
#include <map>
#include <set>
#include <string>
#include <vector>

namespace dossier::ingestion {

namespace ingestion_life_tests {

constexpr timestamp birth = from_ms(1'795'240'430'000);

/// A number of [from, to). Resized, as rapidcheck's first cases would draw the smallest ones only.
int any_of(int from, int to) {
  return *rc::gen::resize(rc::kNominalSize, rc::gen::inRange(from, to));
}

template <class T>
const T& any_of(const std::vector<T>& of) {
  return of[static_cast<std::size_t>(any_of(0, static_cast<int>(of.size())))];
}

bool is_over(status s) {
  return s >= status::succeeded;
}

/// What is in the store of one chunk: what its attempts and repairs left there.
struct stored {
  std::uint64_t rows = 0;
  std::set<std::uint64_t> rejects;
};

struct life {
  policy rules;
  ingestion::state state;
  std::uint64_t version = 0;
  timestamp now = birth;
  std::vector<std::pair<event, timestamp>> history;
  std::vector<command> told; ///< Reports that may be told again.

  std::map<std::uint32_t, stored> store;
  std::set<std::uint32_t> given_up;
  std::map<std::uint32_t, std::uint32_t> begun;       ///< The last attempt of each chunk.
  std::map<std::uint32_t, std::uint32_t> finished_as; ///< Attempt of each finished chunk.

  view seen() const { return view_of(state, version); }

  /// Decides, watches each event, folds, and looks at what must hold at all times. False if it was
  /// refused.
  bool ask(const command& c) {
    const auto decided = decide(state, version, c, {now, {}, 0x7fffffff}, rules);
    if (!decided) {
      RC_ASSERT(decided.error().why.size() > 20);
      return false;
    }
    const bool was_over = !std::holds_alternative<absent>(state) && is_over(status_of(state));
    const auto before = was_over ? tally_of(facts_of(state)->chunks) : tally{};
    for (const auto& e : *decided) {
      watch(e);
      evolve(state, e, {++version, now});
      history.emplace_back(e, now);
    }
    // What is over keeps its counts, unless somebody retries or repairs it.
    if (was_over && !std::holds_alternative<report_repaired>(c)
        && !std::holds_alternative<retry_failed_chunks>(c)) {
      RC_ASSERT(std::ranges::all_of(*decided, [&](const event& e) {
        return std::holds_alternative<accept>(c)
               && std::holds_alternative<publication_requested>(e);
      }));
      RC_ASSERT(tally_of(facts_of(state)->chunks) == before);
    }
    check_again(c);
    check_state();
    return true;
  }

  /// The same command once more, at once, changes nothing, if it is one that may be repeated.
  void check_again(const command& c) const {
    if (std::holds_alternative<retry_failed_chunks>(c))
      return;
    const auto again = decide(state, version, c, {now, {}, 1}, rules);
    RC_ASSERT((!again || again->empty()));
    // Reports of those that keep to their attempt are not even refused.
    if (std::holds_alternative<report_chunk_finished>(c)
        || std::holds_alternative<report_chunk_failed>(c)
        || std::holds_alternative<report_keys_compared>(c) || std::holds_alternative<accept>(c)
        || std::holds_alternative<start>(c) || std::holds_alternative<report_split>(c)
        || std::holds_alternative<cancel>(c))
      RC_ASSERT(again.has_value());
  }

  void watch(const event& e) {
    if (const auto* b = std::get_if<chunk_started>(&e)) {
      // Attempts of a chunk follow each other, and the last one alone is heard.
      RC_ASSERT(b->attempt == ++begun[b->number]);
    } else if (const auto* w = std::get_if<chunk_retry_scheduled>(&e)) {
      RC_ASSERT(w->attempt == begun[w->number]);
      RC_ASSERT((w->due > now && !finished_as.contains(w->number)));
    } else if (const auto* f = std::get_if<chunk_finished>(&e)) {
      // Each chunk once.
      RC_ASSERT(finished_as.emplace(f->number, f->attempt).second);
      RC_ASSERT(!given_up.contains(f->number));
      RC_ASSERT(f->attempt == begun[f->number]);
      const auto& c = facts_of(state)->chunks[f->number - 1];
      auto& s = store[f->number];
      s.rows = f->rows;
      for (std::uint64_t i = 0; i < f->rejects; ++i)
        s.rejects.insert(c.record + i);
    } else if (const auto* g = std::get_if<chunk_failed>(&e)) {
      RC_ASSERT(!finished_as.contains(g->number));
      RC_ASSERT(g->attempt == begun[g->number]);
      RC_ASSERT(given_up.insert(g->number).second);
    } else if (std::holds_alternative<chunks_retried>(e)) {
      given_up.clear();
    } else if (const auto* k = std::get_if<keys_compared>(&e)) {
      for (const auto& c : k->corrections) {
        auto& s = store.at(c.number);
        s.rows -= c.duplicates;
        auto record = facts_of(state)->chunks[c.number - 1].record;
        for (auto left = c.duplicates; left > 0; ++record)
          left -= s.rejects.insert(record).second;
      }
    } else if (const auto* r = std::get_if<repaired>(&e)) {
      auto& s = store.at(r->number);
      s.rows += r->rows;
      for (const auto record : r->records)
        RC_ASSERT(s.rejects.erase(record) == 1);
      RC_ASSERT(s.rejects.size() == r->rejects_left);
    } else if (const auto* end = std::get_if<finished>(&e)) {
      check_counts({end->successful_chunks, end->failed_chunks, end->rows, end->rejects});
    }
  }

  struct counts {
    std::size_t successful, failed;
    std::uint64_t rows, rejects;
    bool operator==(const counts&) const = default;
  };
  counts of_store() const {
    counts n{store.size(), given_up.size(), 0, 0};
    for (const auto& [number, s] : store) {
      n.rows += s.rows;
      n.rejects += s.rejects.size();
    }
    return n;
  }
  void check_counts(const counts& said) const { RC_ASSERT(said == of_store()); }

  void check_state() {
    const auto read = decode_state(encode_state(state));
    RC_ASSERT((read && *read == state));
    ingestion::state again;
    std::uint64_t sequence = 0;
    for (const auto& [e, at] : history)
      evolve(again, e, {++sequence, at});
    RC_ASSERT(again == state);
    // The process ends here and goes on with what is written.
    state = *read;
    check_rows();
    if (std::holds_alternative<absent>(state))
      return;
    const auto t = seen().tally;
    check_counts({t.successful, t.failed, t.rows, t.rejects});
    check_status(t);
  }

  void check_rows() const {
    const auto rows = projections_of(state);
    RC_ASSERT(std::ranges::is_sorted(rows));
    RC_ASSERT(rows.empty() == history.empty());
    std::optional<timestamp> earliest;
    if (const auto* w = std::get_if<working>(&state))
      for (const auto& c : w->facts.chunks)
        if (c.phase == chunk_phase::waiting)
          earliest = std::min(c.due, earliest.value_or(c.due));
    const auto wished = timers_of(state);
    RC_ASSERT(wished.size() == (earliest ? 1u : 0u));
    RC_ASSERT((!earliest || wished.front() == timer{*earliest, "retry"}));
  }

  /// The status follows from the set of chunks, but for cancellations and failed splits.
  void check_status(const tally& t) const {
    const auto v = seen();
    const bool is_passed = t.rejects > v.limits.rejects_max
                           || t.rejects * 1'000'000 > t.records * v.limits.rejects_ppm_max;
    const bool all = t.total > 0 && t.processed() == t.total;
    if (!is_over(v.status))
      RC_ASSERT((all == v.wants_comparison && !is_passed));
    else
      RC_ASSERT(t.running == 0u);
    if (v.status == status::succeeded)
      RC_ASSERT((t.successful == t.total && t.rejects == 0));
    if (v.status == status::partially_succeeded)
      RC_ASSERT((all && t.successful > 0 && (t.failed > 0 || t.rejects > 0) && !is_passed));
    const bool is_compared = !v.submission.has_unique_keys || facts_of(state)->are_keys_compared;
    if (all && is_compared && v.status != status::cancelled && t.failed == 0 && t.rejects == 0)
      RC_ASSERT(v.status == status::succeeded);
    if (v.status == status::failed && !v.cause)
      RC_ASSERT((all && t.successful == 0));
  }
};

reject_limits any_limits() {
  const auto most = static_cast<std::uint64_t>(any_of(0, 3) == 0 ? any_of(0, 6) : 1'000);
  const auto ppm = any_of(0, 3) == 0 ? any_of(0, 300'000) : 1'000'000;
  return {most, static_cast<std::uint32_t>(ppm)};
}

submission any_file(bool is_large) {
  submission s;
  s.customer = "acme";
  s.original_file_name = "calls.csv";
  s.sha256 = sha256_of("calls");
  s.bytes = is_large ? 100 : 50;
  s.schema_name = "calls";
  s.schema_version = 1;
  s.is_kept = any_of(0, 2) == 0;
  s.has_unique_keys = any_of(0, 2) == 0;
  s.publishes_rows = any_of(0, 2) == 0;
  return s;
}

report_split any_split() {
  report_split c{static_cast<std::uint64_t>(any_of(0, 20)), 1, {}};
  for (auto rest = 100 - c.begin; rest > 0;) {
    const auto bytes = std::min(rest, static_cast<std::uint64_t>(any_of(5, 40)));
    c.pieces.push_back({bytes, static_cast<std::uint64_t>(any_of(0, 6)) % (bytes + 1), 1});
    rest -= bytes;
  }
  return c;
}

report_chunk_finished any_finish(const life& l, std::uint32_t number, std::uint32_t attempt) {
  const auto f = *facts_of(l.state);
  const auto& c = f.chunks[number - 1];
  const auto records
    = f.type == job_type::master ? c.extent.records : static_cast<std::uint64_t>(any_of(0, 6));
  const auto rejects
    = std::min(records, static_cast<std::uint64_t>(any_of(0, 2) == 0 ? 0 : any_of(0, 4)));
  return {number, attempt, records - rejects, rejects};
}

command any_repair(const life& l, std::uint32_t number) {
  const auto found = l.store.find(number);
  const auto version = static_cast<std::uint32_t>(l.version);
  if (found == l.store.end() || found->second.rejects.empty() || any_of(0, 8) == 0)
    return report_repaired{number, version - 1, {1}}; // Of what is no more.
  report_repaired r{number, version, {}};
  for (const auto record : found->second.rejects)
    if (r.records.empty() || any_of(0, 2) == 0)
      r.records.push_back(record);
  return r;
}

report_keys_compared any_comparison(const life& l) {
  report_keys_compared r{l.version, {}};
  for (const auto& [number, s] : l.store)
    if (s.rows > 0 && any_of(0, 2) == 0)
      r.corrections.push_back(
        {number, static_cast<std::uint32_t>(l.version),
         static_cast<std::uint64_t>(any_of(1, static_cast<int>(s.rows) + 1))});
  return r;
}

command any_of_a_chunk(const life& l) {
  const auto& chunks = facts_of(l.state)->chunks;
  const auto number = static_cast<std::uint32_t>(any_of(1, static_cast<int>(chunks.size()) + 1));
  const auto attempt = chunks[number - 1].attempt;
  switch (any_of(0, 12)) {
  case 0:
  case 1:
  case 2:
  case 3:
    return begin_chunk{number, attempt + 1};
  case 4:
    return begin_chunk{number, attempt};
  case 5:
    return report_chunk_failed{number, attempt, "away", true};
  case 6:
    return report_chunk_failed{number, attempt, "bad bytes", any_of(0, 3) != 0};
  case 7:
    // Of an attempt before, which was thought lost.
    return any_finish(l, number, std::max(attempt, 1u) - 1);
  case 8:
    return any_repair(l, number);
  default:
    return any_finish(l, number, attempt);
  }
}

command any_command(const life& l) {
  const bool has_chunks = !facts_of(l.state)->chunks.empty();
  if (has_chunks && any_of(0, 3) != 0)
    return any_of_a_chunk(l);
  switch (any_of(0, 16)) {
  case 0:
    return accept{any_file(true), {}};
  case 14:
    return any_comparison(l);
  case 15:
    return any_of(0, 4) == 0 ? command(report_comparison_failed{l.version, "no"})
                             : command(any_comparison(l));
  case 1:
  case 2:
    return start{};
  case 3:
  case 4:
    return any_split();
  case 5:
    return any_of(0, 4) == 0 ? command(report_split_failed{"no"}) : command(start{});
  case 6:
    return any_of(0, 3) == 0 ? command(cancel{"no"}) : command(start{});
  case 7:
    return retry_failed_chunks{};
  case 8:
    return retry_failed_chunks{any_limits()};
  case 9:
  case 10:
    if (!l.told.empty())
      return any_of(l.told);
    return start{};
  default: {
    const auto wished = timers_of(l.state);
    return wished.empty() ? fire_timer{"retry", l.now}
                          : fire_timer{wished.front().name, wished.front().due};
  }
  }
}

life any_beginning() {
  life l;
  l.rules.chunk_threshold_bytes = 50;
  l.rules.attempts_max = static_cast<std::uint32_t>(any_of(1, 4));
  l.rules.interruptions_max = static_cast<std::uint32_t>(any_of(1, 5));
  RC_ASSERT(l.ask(accept{any_file(any_of(0, 4) != 0), any_limits()}));
  return l;
}

/// What a patient worker does until the job is over.
void work_off(life& l) {
  for (int rounds = 0; !is_over(status_of(l.state)); ++rounds) {
    RC_ASSERT(rounds < 1'000);
    l.ask(start{});
    l.ask(any_split());
    const auto chunks = facts_of(l.state)->chunks;
    for (std::uint32_t number = 1; number <= chunks.size(); ++number) {
      const auto attempt = chunks[number - 1].attempt + 1;
      if (l.ask(begin_chunk{number, attempt}) && !is_over(status_of(l.state))
          && facts_of(l.state)->chunks[number - 1].phase == chunk_phase::running)
        RC_ASSERT(l.ask(any_finish(l, number, attempt)));
    }
    if (l.seen().wants_comparison)
      RC_ASSERT(l.ask(any_comparison(l)));
    for (const auto& t : timers_of(l.state)) {
      l.now = std::max(l.now, t.due);
      RC_ASSERT(l.ask(fire_timer{t.name, t.due}));
    }
  }
}

} // namespace ingestion_life_tests

BOOST_AUTO_TEST_SUITE(ingestion_life_tests)

RC_BOOST_PROP(what_is_promised_of_a_job_holds_in_every_life, ()) {
  auto l = any_beginning();
  for (int step = any_of(0, 80); step > 0; --step) {
    if (any_of(0, 3) == 0)
      l.now += milliseconds{any_of(0, 20'000)};
    const auto c = any_command(l);
    l.ask(c);
    l.told.push_back(c);
  }
  // Then somebody works it off, and it ends.
  work_off(l);
  const auto v = l.seen();
  if (v.status == status::succeeded && v.type == job_type::master) {
    // No record is missing and none is there twice: each became a row, or was repaired.
    for (const auto& [number, s] : l.store)
      RC_ASSERT(s.rejects.empty());
    RC_ASSERT(l.store.size() == v.tally.total);
  }
}

RC_BOOST_PROP(without_failures_every_record_is_a_row_or_a_reject, ()) {
  life l;
  l.rules.chunk_threshold_bytes = 50;
  RC_ASSERT(l.ask(accept{any_file(true), {}}));
  RC_ASSERT(l.ask(start{}));
  const auto split = any_split();
  RC_ASSERT(l.ask(split));
  // Processes end in between: chunks that had been begun are begun again.
  for (int step = any_of(0, 10); step > 0; --step) {
    const auto& chunks = facts_of(l.state)->chunks;
    const auto number = static_cast<std::uint32_t>(any_of(1, static_cast<int>(chunks.size()) + 1));
    l.ask(begin_chunk{number, chunks[number - 1].attempt + 1});
  }
  work_off(l);
  std::uint64_t records = 0;
  for (const auto& piece : split.pieces)
    records += piece.records;
  const auto t = l.seen().tally;
  RC_ASSERT(t.successful == split.pieces.size());
  RC_ASSERT(t.rows + t.rejects == records);
  RC_ASSERT((l.seen().status == status::succeeded) == (t.rejects == 0));
}

RC_BOOST_PROP(what_a_job_comes_to_does_not_depend_on_the_order_of_its_chunks, ()) {
  life begun;
  begun.rules.chunk_threshold_bytes = 50;
  RC_ASSERT(begun.ask(accept{any_file(true), any_limits()}));
  RC_ASSERT(begun.ask(start{}));
  RC_ASSERT(begun.ask(any_split()));
  const auto count = static_cast<std::uint32_t>(facts_of(begun.state)->chunks.size());
  std::vector<command> outcomes;
  for (std::uint32_t number = 1; number <= count; ++number) {
    RC_ASSERT(begun.ask(begin_chunk{number, 1}));
    if (any_of(0, 5) == 0)
      outcomes.push_back(report_chunk_failed{number, 1, "bad bytes", false});
    else
      outcomes.push_back(any_finish(begun, number, 1));
  }
  auto forwards = begun;
  for (const auto& c : outcomes)
    RC_ASSERT(forwards.ask(c));
  for (auto rest = outcomes.size(); rest > 1; --rest)
    std::swap(outcomes[rest - 1],
              outcomes[static_cast<std::size_t>(any_of(0, static_cast<int>(rest)))]);
  auto shuffled = begun;
  for (const auto& c : outcomes)
    RC_ASSERT(shuffled.ask(c));
  RC_ASSERT(forwards.seen().status == shuffled.seen().status);
  RC_ASSERT(forwards.seen().cause == shuffled.seen().cause);
  RC_ASSERT((is_over(forwards.seen().status) || forwards.seen().wants_comparison));
}

RC_BOOST_PROP(a_damaged_row_is_refused_or_is_another_row, ()) {
  auto l = any_beginning();
  for (int step = any_of(0, 40); step > 0; --step)
    l.ask(any_command(l));
  auto row = encode_state(l.state);
  for (int damage = any_of(1, 4); damage > 0; --damage) {
    const auto at = static_cast<std::size_t>(any_of(0, static_cast<int>(row.size())));
    switch (any_of(0, 3)) {
    case 0:
      row.resize(at);
      break;
    case 1:
      row.insert(at, 1, static_cast<char>(any_of(0, 256)));
      break;
    default:
      row[at] = static_cast<char>(any_of(0, 256));
    }
    if (row.empty())
      break;
  }
  const auto read = decode_state(row);
  if (!read)
    return;
  RC_ASSERT(encode_state(*read) == row);
  // Whatever it says, the rules can go on with it.
  l.state = *read;
  timers_of(l.state);
  projections_of(l.state);
  to_json(l.state);
  if (std::holds_alternative<absent>(l.state))
    return;
  view_of(l.state, 1);
  for (int step = 0; step < 10; ++step) {
    const auto decided = decide(l.state, 1, any_command(l), {l.now, {}, 1}, l.rules);
    if (decided)
      for (const auto& e : *decided)
        evolve(l.state, e, {1, l.now});
  }
}

BOOST_AUTO_TEST_SUITE_END()

} // namespace dossier::ingestion
