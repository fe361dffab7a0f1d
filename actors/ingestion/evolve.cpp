// SPDX-License-Identifier: Apache-2.0
// What becomes of a job with each event, and what readers see of it.
#include "actors/ingestion/rules.hpp"

#include "protocol/assert.hpp"
#include "protocol/phase_facts.hpp"

#include <algorithm>
#include <utility>

namespace dossier::ingestion {

namespace {

/// Of a chunk, in place of what was known before. Only the first ones are kept, so that the state
/// stays small when everything fails; the history has them all.
void note_trouble(troubles& known, std::uint32_t number, const std::string& why) {
  const auto at = std::ranges::lower_bound(known, number, {}, &troubles::value_type::first);
  if (at != known.end() && at->first == number)
    at->second = why;
  else if (known.size() < troubles_max)
    known.insert(at, {number, why});
}

void forget_trouble(troubles& known, std::uint32_t number) {
  std::erase_if(known, [&](const auto& trouble) { return trouble.first == number; });
}

bool is_open(const chunk& c) {
  return c.phase == chunk_phase::running || c.phase == chunk_phase::waiting;
}

/// Ready as if it had never been begun, but for the number of its attempts.
void make_ready(chunk& c) {
  c.phase = chunk_phase::ready;
  c.failures = c.interruptions = 0;
  c.due = {};
}

struct evolving {
  state& s;
  timestamp at;

  void operator()(const accepted& e) const {
    DOSSIER_ASSERT(std::holds_alternative<absent>(s), "a job is accepted once");
    facts f;
    f.submission = e.submission;
    f.limits = e.limits;
    f.type = e.type;
    f.accepted_at = f.updated_at = at;
    s = queued{std::move(f)};
  }

  void operator()(const started&) const {
    DOSSIER_ASSERT(std::holds_alternative<queued>(s), "a job is started where it is queued");
    auto f = taken();
    if (f.type == job_type::master) {
      s = splitting{std::move(f)};
      return;
    }
    chunk whole;
    whole.extent.bytes = f.submission.bytes;
    f.chunks = {whole};
    s = working{std::move(f)};
  }

  void operator()(const chunked& e) const {
    DOSSIER_ASSERT(std::holds_alternative<splitting>(s), "a job is chunked where it is split");
    auto f = taken();
    chunk next;
    next.begin = e.begin;
    next.line = e.line;
    f.chunks.reserve(e.pieces.size());
    for (const auto& piece : e.pieces) {
      next.extent = piece;
      f.chunks.push_back(next);
      next.begin += piece.bytes;
      next.record += piece.records;
      next.line += piece.lines;
    }
    s = working{std::move(f)};
  }

  void operator()(const chunk_started& e) const {
    auto& f = touched<working>();
    auto& c = chunk_at(f, e.number);
    c.interruptions += c.phase == chunk_phase::running ? 1 : 0;
    c.phase = chunk_phase::running;
    c.attempt = e.attempt;
    if (!f.pace) {
      const auto done = tally_of(f.chunks);
      f.pace = pace{at, done.bytes_done, done.rows};
    }
  }

  void operator()(const chunk_finished& e) const {
    auto& f = touched<working>();
    auto& c = chunk_at(f, e.number);
    c.phase = chunk_phase::finished;
    c.rows = e.rows;
    c.rejects = e.rejects;
    // Of a single file it was not known before.
    c.extent.records = e.rows + e.rejects + e.empty_lines;
    forget_trouble(f.troubles, e.number);
  }

  void operator()(const chunk_retry_scheduled& e) const {
    auto& f = touched<working>();
    auto& c = chunk_at(f, e.number);
    c.phase = chunk_phase::waiting;
    c.due = e.due;
    ++c.failures;
    note_trouble(f.troubles, e.number, e.why);
  }

  void operator()(const chunk_retries_due& e) const {
    for (auto& c : touched<working>().chunks) {
      if (c.phase != chunk_phase::waiting || c.due > e.until)
        continue;
      c.phase = chunk_phase::ready;
      c.due = {};
    }
  }

  void operator()(const chunk_failed& e) const {
    auto& f = touched<working>();
    chunk_at(f, e.number).phase = chunk_phase::failed;
    note_trouble(f.troubles, e.number, e.why);
  }

  void operator()(const finished& e) const {
    end(e.status, std::nullopt, {});
    // Or there was nothing to compare: repairs look at the keys of what they bring.
    std::get<ended>(s).facts.are_keys_compared = true;
  }
  void operator()(const failed& e) const { end(status::failed, e.cause, e.why); }
  void operator()(const cancelled& e) const { end(status::cancelled, std::nullopt, e.reason); }

  void operator()(const chunks_retried& e) const {
    const bool is_over = std::holds_alternative<ended>(s);
    DOSSIER_ASSERT(is_over || std::holds_alternative<working>(s),
                   "chunks are retried while there are some or after the job's end");
    auto f = taken();
    for (std::uint32_t number = 1; number <= f.chunks.size(); ++number) {
      auto& c = f.chunks[number - 1];
      if (c.phase != chunk_phase::failed && (!is_over || c.phase == chunk_phase::finished))
        continue;
      make_ready(c);
      forget_trouble(f.troubles, number);
    }
    f.limits = e.limits.value_or(f.limits);
    f.pace.reset();
    f.are_keys_compared = false;
    if (f.chunks.empty())
      s = queued{std::move(f)};
    else
      s = working{std::move(f)};
  }

  void operator()(const keys_compared& e) const {
    auto& f = touched<working>();
    f.are_keys_compared = true;
    for (const auto& correction : e.corrections) {
      auto& c = chunk_at(f, correction.number);
      DOSSIER_ASSERT(c.rows >= correction.duplicates, "duplicates were rows");
      c.revision = correction.revision;
      c.rows -= correction.duplicates;
      c.rejects += correction.duplicates;
    }
  }

  void operator()(const repaired& e) const {
    auto& c = chunk_at(touched<ended>(), e.number);
    DOSSIER_ASSERT(c.phase == chunk_phase::finished, "what is repaired was finished before");
    c.revision = e.revision;
    c.rows += e.rows;
    c.rejects = e.rejects_left;
  }

  void operator()(const publication_requested&) const {
    std::visit(
      [this](auto& phase) {
        if constexpr (requires { phase.facts; }) {
          phase.facts.submission.publishes_rows = true;
          phase.facts.updated_at = at;
        } else {
          DOSSIER_ASSERT(false, "what a job does with its rows is asked after it was accepted");
        }
      },
      s);
  }

private:
  /// In place, because there are many chunks and most events are about one of them.
  template <class Phase>
  facts& touched() const {
    auto* phase = std::get_if<Phase>(&s);
    DOSSIER_ASSERT(phase != nullptr, "this does not happen to a job of this status");
    phase->facts.updated_at = at;
    return phase->facts;
  }

  facts taken() const {
    auto f = std::visit(
      [](auto& phase) {
        if constexpr (requires { phase.facts; })
          return std::move(phase.facts);
        else
          return facts{};
      },
      s);
    f.updated_at = at;
    return f;
  }

  static chunk& chunk_at(facts& f, std::uint32_t number) {
    DOSSIER_ASSERT(number >= 1 && number <= f.chunks.size(), "the job has no such chunk");
    return f.chunks[number - 1];
  }

  /// Again when repairs make another end of it.
  void end(status how, std::optional<failure_cause> cause, const std::string& why) const {
    DOSSIER_ASSERT(!std::holds_alternative<absent>(s), "a job ends after it was accepted");
    auto f = taken();
    for (auto& c : f.chunks)
      if (is_open(c)) {
        c.phase = chunk_phase::ready;
        c.due = {};
      }
    s = ended{std::move(f), how, cause, why, at};
  }
};

} // namespace

void evolve(state& s, const event& e, const occurrence& o) {
  std::visit(evolving{s, o.at}, e);
}

const facts* facts_of(const state& s) {
  return facts_in<facts>(s);
}

status status_of(const state& s) {
  DOSSIER_ASSERT(!std::holds_alternative<absent>(s), "only a job that was accepted has a status");
  if (const auto* e = std::get_if<ended>(&s))
    return e->how;
  if (std::holds_alternative<queued>(s))
    return status::accepted;
  if (std::holds_alternative<splitting>(s))
    return status::chunking;
  const auto& f = *facts_of(s);
  if (std::ranges::any_of(f.chunks, [](const chunk& c) { return c.attempt > 0; }))
    return status::processing;
  return f.type == job_type::master ? status::chunks_queued : status::queued_for_processing;
}

view view_of(const state& s, std::uint64_t version) {
  const auto* f = facts_of(s);
  DOSSIER_ASSERT(f != nullptr, "only a job that was accepted is shown");
  view v;
  v.submission = f->submission;
  v.limits = f->limits;
  v.type = f->type;
  v.status = status_of(s);
  v.tally = tally_of(f->chunks);
  v.chunks = f->chunks;
  v.troubles = f->troubles;
  v.pace = f->pace;
  v.wants_comparison = std::holds_alternative<working>(s) && wants_comparison(*f);
  v.accepted_at = f->accepted_at;
  v.updated_at = f->updated_at;
  v.version = version;
  if (const auto* e = std::get_if<ended>(&s)) {
    v.cause = e->cause;
    v.why = e->why;
    v.ended_at = e->at;
  }
  return v;
}

std::vector<timer> timers_of(const state& s) {
  const auto* w = std::get_if<working>(&s);
  if (!w)
    return {};
  std::optional<timestamp> earliest;
  for (const auto& c : w->facts.chunks)
    if (c.phase == chunk_phase::waiting)
      earliest = std::min(c.due, earliest.value_or(c.due));
  // One for all chunks: a thousand that fail together are not a thousand rows.
  return earliest ? std::vector{timer{*earliest, std::string(retry_timer)}} : std::vector<timer>{};
}

std::vector<projection> projections_of(const state& s) {
  const auto* f = facts_of(s);
  if (!f)
    return {};
  const auto* e = std::get_if<ended>(&s);
  const bool is_done = e && e->how == status::succeeded;
  std::vector<projection> rows;
  // Whatever may be read once more is held.
  if (!is_done || f->submission.is_kept)
    rows.emplace_back(content_reference{f->submission.customer, f->submission.sha256});
  rows.emplace_back(list_entry{std::string(list_name), f->accepted_at});
  if (!e)
    rows.emplace_back(list_entry{std::string(open_list), f->accepted_at});
  else if (e->how == status::failed || e->how == status::partially_succeeded)
    rows.emplace_back(list_entry{std::string(troubled_list), f->accepted_at});
  return rows;
}

} // namespace dossier::ingestion
