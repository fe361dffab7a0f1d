// SPDX-License-Identifier: Apache-2.0
// What a job may do in each phase of its life.
#include "actors/ingestion/rules.hpp"

#include "actors/ingestion/checks.hpp"
#include "protocol/utf8.hpp"

#include <algorithm>
#include <utility>

namespace dossier::ingestion {

namespace {

using events = std::vector<event>;
using decision = result<events>;

/// What stands beside the state when a command is decided.
struct circumstances {
  const context& ctx;
  const policy& rules;
};

failure not_now(const std::string& what, const state& s, const std::string& advice) {
  return fail(errc::conflict, "the job cannot be " + what + ": it is "
                                + std::string(to_string(status_of(s))) + "; " + advice);
}

/// The share in whole records, without overflow: rounded down.
std::uint64_t records_of_ppm(std::uint64_t records, std::uint32_t ppm) {
  constexpr std::uint64_t million = 1'000'000;
  return records / million * ppm + records % million * ppm / million;
}

/// Names the limit that is lower in records, so that it is the same one in whatever order chunks
/// end.
std::optional<failed> limit_passed(const tally& t, const reject_limits& limits) {
  const auto has = "it has " + counted(t.rejects, "reject");
  const auto by_ratio = records_of_ppm(t.records, limits.rejects_ppm_max);
  if (t.rejects <= std::min(limits.rejects_max, by_ratio))
    return std::nullopt;
  if (limits.rejects_max <= by_ratio)
    return failed{failure_cause::rejects,
                  has + ", at most " + std::to_string(limits.rejects_max) + " are allowed"};
  return failed{failure_cause::rejects_ratio,
                has + " among " + counted(t.records, "record") + ", at most "
                  + std::to_string(limits.rejects_ppm_max) + " in a million are allowed"};
}

/// These events, and the end of the job if they decide it.
events with_end(state s, events what, const circumstances& w) {
  for (const auto& e : what)
    evolve(s, e, occurrence{0, w.ctx.now});
  const auto end = ending_of(*facts_of(s));
  if (!end)
    return what;
  // Of a job that is over, only repairs come here: they end it anew if that is another end.
  const auto* over = std::get_if<ended>(&s);
  const auto* as = std::get_if<finished>(&*end);
  if (!over || (as && over->how != as->status && over->how != status::cancelled))
    what.push_back(*end);
  return what;
}

decision accept_anew(const accept& c, const circumstances& w) {
  if (auto fits = check_submission(c.submission, w.rules); !fits)
    return fits.error();
  if (auto fits = check_limits(c.limits, w.rules); !fits)
    return fits.error();
  const auto type
    = c.submission.bytes > w.rules.chunk_threshold_bytes ? job_type::master : job_type::single_file;
  return events{accepted{c.submission, c.limits.value_or(w.rules.limits), type}};
}

// Chunks.

result<const chunk*> chunk_at(const state& s, std::uint32_t number) {
  const auto& chunks = facts_of(s)->chunks;
  if (chunks.empty())
    return fail(errc::conflict,
                "the job is " + std::string(to_string(status_of(s))) + " and has no chunks");
  if (number == 0 || number > chunks.size())
    return fail(errc::not_found, "the job has no chunk " + std::to_string(number) + "; it has "
                                   + std::to_string(chunks.size()) + ", numbered from 1");
  return &chunks[number - 1];
}

failure cannot_begin(std::uint32_t number, const std::string& why) {
  return fail(errc::conflict, "chunk " + std::to_string(number) + " cannot begin: " + why);
}

/// The chunk if its attempt that is running is reported; nullptr if the report is late and changes
/// nothing.
result<const chunk*> reported_chunk(const state& s, std::uint32_t number, std::uint32_t attempt) {
  const chunk* none = nullptr;
  // A job that ended before it had chunks.
  if (std::holds_alternative<ended>(s) && facts_of(s)->chunks.empty())
    return none;
  const auto found = chunk_at(s, number);
  if (!found)
    return found.error();
  const chunk& c = **found;
  if (attempt == 0 || attempt > c.attempt)
    return fail(errc::conflict, "attempt " + std::to_string(attempt) + " of chunk "
                                  + std::to_string(number) + " was never begun");
  return c.phase == chunk_phase::running && attempt == c.attempt ? &c : none;
}

decision begin(const state& s, const chunk& c, const begin_chunk& b, const circumstances& w) {
  switch (c.phase) {
  case chunk_phase::finished:
    return cannot_begin(b.number, "it is finished");
  case chunk_phase::failed:
    return cannot_begin(b.number, "it has failed; retry it first");
  case chunk_phase::waiting:
    return cannot_begin(b.number, "it waits until " + to_rfc3339(c.due) + " after a failure");
  case chunk_phase::running:
    if (b.attempt == c.attempt)
      return events{};
    break;
  case chunk_phase::ready:
    break;
  }
  const auto next = std::uint64_t{c.attempt} + 1;
  if (b.attempt != next)
    return cannot_begin(b.number, "its next attempt is " + std::to_string(next) + ", not "
                                    + std::to_string(b.attempt));
  if (c.phase == chunk_phase::running && c.interruptions + 1 >= w.rules.interruptions_max)
    return with_end(s,
                    {chunk_failed{b.number, c.attempt,
                                  "it was begun and never reported about "
                                    + counted(std::uint64_t{c.interruptions} + 1, "time")
                                    + "; it may be what ends the process"}},
                    w);
  return events{chunk_started{b.number, b.attempt}};
}

decision after_failure(const state& s, const chunk& c, const report_chunk_failed& r,
                       const circumstances& w) {
  const auto failures = c.failures + 1;
  if (!r.is_transient || failures >= w.rules.attempts_max)
    return with_end(s, {chunk_failed{r.number, r.attempt, plain_utf8(r.why, why_bytes_max)}}, w);
  const auto due = std::min(w.ctx.now + wait_after(w.rules, failures, w.ctx.dice), timestamp_max);
  return events{chunk_retry_scheduled{r.number, r.attempt, due, plain_utf8(r.why, why_bytes_max)}};
}

struct deciding {
  const state& s;
  const std::uint64_t version;
  const circumstances& w;

  decision operator()(const accept& c) const {
    const auto& known = facts_of(s)->submission;
    if (!is_same_job(known, c.submission))
      return fail(errc::conflict, "there is a job of this id already, and it is made of something "
                                  "else; submit it under a new id");
    // Otherwise somebody would wait for rows that never come. Those that come unasked do no harm.
    if (c.submission.publishes_rows && !known.publishes_rows)
      return events{publication_requested{}};
    return events{};
  }

  decision operator()(const start&) const {
    return std::holds_alternative<queued>(s) ? events{started{}} : events{};
  }

  decision operator()(const report_split& c) const {
    if (std::holds_alternative<queued>(s))
      return not_now("split", s, "start it first");
    if (!std::holds_alternative<splitting>(s))
      return events{};
    if (auto fits = check_split(c, *facts_of(s), w.rules); !fits)
      return fits.error();
    return events{chunked{c.begin, c.line, c.pieces}};
  }

  decision operator()(const report_split_failed& c) const {
    if (std::holds_alternative<queued>(s))
      return not_now("split", s, "start it first");
    if (!std::holds_alternative<splitting>(s))
      return events{};
    return events{failed{failure_cause::split, plain_utf8(c.why, why_bytes_max)}};
  }

  decision operator()(const begin_chunk& c) const {
    if (std::holds_alternative<ended>(s))
      return cannot_begin(c.number, "the job is " + std::string(to_string(status_of(s))));
    const auto found = chunk_at(s, c.number);
    return found ? begin(s, **found, c, w) : decision(found.error());
  }

  decision operator()(const report_chunk_finished& c) const {
    const auto chunk = reported_chunk(s, c.number, c.attempt);
    if (!chunk)
      return chunk.error();
    if (!*chunk)
      return events{};
    if (auto fits = check_counts(**chunk, c, facts_of(s)->type); !fits)
      return fits.error();
    return with_end(s, {chunk_finished{c.number, c.attempt, c.rows, c.rejects, c.empty_lines}}, w);
  }

  decision operator()(const report_chunk_failed& c) const {
    const auto chunk = reported_chunk(s, c.number, c.attempt);
    if (!chunk)
      return chunk.error();
    return *chunk ? after_failure(s, **chunk, c, w) : decision(events{});
  }

  decision operator()(const cancel& c) const {
    if (c.reason.size() > why_bytes_max || !is_utf8(c.reason))
      return fail(errc::invalid_argument,
                  "the job cannot be cancelled: say why in at most " + std::to_string(why_bytes_max)
                    + " bytes of UTF-8",
                  "/reason");
    if (!std::holds_alternative<ended>(s))
      return events{cancelled{c.reason}};
    if (status_of(s) == status::cancelled)
      return events{};
    return not_now("cancelled", s, "only jobs that are under way can be");
  }

  decision operator()(const retry_failed_chunks& c) const {
    if (auto fits = check_limits(c.limits, w.rules); !fits)
      return fits.error();
    const auto& f = *facts_of(s);
    const auto t = tally_of(f.chunks);
    const auto* over = std::get_if<ended>(&s);
    // A job that failed or was cancelled has something to go on with, whether a chunk failed or
    // not.
    const bool can_go_on = over && (over->how == status::failed || over->how == status::cancelled);
    if (!can_go_on && t.failed == 0)
      return not_now("retried", s, "no chunk of it has failed");
    if (const auto why = limit_passed(t, c.limits.value_or(f.limits)))
      return not_now("retried", s, why->why + "; repair some or raise the limit");
    return f.chunks.empty() ? decision(events{chunks_retried{c.limits}})
                            : with_end(s, {chunks_retried{c.limits}}, w);
  }

  decision operator()(const report_keys_compared& c) const {
    if (!is_being_compared(c.version))
      return events{};
    if (auto fits = check_corrections(c, *facts_of(s)); !fits)
      return fits.error();
    return with_end(s, {keys_compared{c.corrections}}, w);
  }

  decision operator()(const report_comparison_failed& c) const {
    if (!is_being_compared(c.version))
      return events{};
    return events{failed{failure_cause::keys, plain_utf8(c.why, why_bytes_max)}};
  }

  decision operator()(const report_repaired& c) const {
    const auto found = chunk_at(s, c.number);
    if (!found)
      return found.error();
    const auto& chunk = **found;
    if (!std::holds_alternative<ended>(s))
      return not_now("repaired", s, "do it when it has ended");
    if (chunk.phase != chunk_phase::finished)
      return fail(errc::conflict, "chunk " + std::to_string(c.number)
                                    + " cannot be repaired: it is "
                                    + std::string(to_string(chunk.phase)) + ", not finished");
    if (auto fits = check_repair(chunk, c); !fits)
      return fits.error();
    if (c.revision != version || chunk.rejects < c.records.size())
      return fail(errc::conflict, "the job has changed since its rejects were looked at; look at "
                                  "what is left and repair that");
    return with_end(s,
                    {repaired{c.number, c.revision, c.records, c.records.size(),
                              chunk.rejects - c.records.size()}},
                    w);
  }

  decision operator()(const fire_timer& c) const {
    const auto wished = timers_of(s);
    if (wished.empty() || wished.front() != timer{c.due, c.name} || c.due > w.ctx.now)
      return events{};
    return events{chunk_retries_due{w.ctx.now}};
  }

private:
  bool is_being_compared(std::uint64_t looked_at) const {
    return looked_at == version && std::holds_alternative<working>(s)
           && wants_comparison(*facts_of(s));
  }
};

} // namespace

std::uint64_t piece_bytes(const policy& p, std::uint64_t file_bytes) {
  const auto share = file_bytes / p.chunks_max + (file_bytes % p.chunks_max == 0 ? 0 : 1);
  return std::max(p.chunk_bytes, share);
}

milliseconds wait_after(const policy& p, std::uint32_t failures, std::uint32_t dice) {
  // 2^31 doubled so often still fits into 63 bits.
  const auto doublings = std::min(failures == 0 ? 0 : failures - 1, 31u);
  const auto wait = std::min(p.wait_ms_min << doublings, p.wait_ms_max);
  const auto choices = static_cast<std::uint64_t>(wait) * p.jitter_percent / 100 + 1;
  return milliseconds{wait + static_cast<std::int64_t>((choices * dice) >> 32)};
}

bool wants_comparison(const facts& f) {
  const auto t = tally_of(f.chunks);
  return f.submission.has_unique_keys && !f.are_keys_compared && t.rows > 0
         && t.processed() == t.total;
}

std::optional<event> ending_of(const facts& f) {
  const auto t = tally_of(f.chunks);
  if (const auto why = limit_passed(t, f.limits))
    return *why;
  if (t.total == 0 || t.processed() < t.total || wants_comparison(f))
    return std::nullopt;
  auto how = status::partially_succeeded;
  if (t.successful == 0)
    how = status::failed;
  else if (t.failed == 0 && t.rejects == 0)
    how = status::succeeded;
  return finished{how, t.successful, t.failed, t.rows, t.rejects};
}

result<std::vector<event>> decide(const state& s, std::uint64_t version, const command& c,
                                  const context& ctx, const policy& p) {
  const circumstances w{ctx, p};
  if (!std::holds_alternative<absent>(s))
    return std::visit(deciding{s, version, w}, c);
  if (const auto* fresh = std::get_if<accept>(&c))
    return accept_anew(*fresh, w);
  if (std::holds_alternative<fire_timer>(c))
    return events{};
  return fail(errc::not_found, "there is no job of this id; look at the list of jobs");
}

} // namespace dossier::ingestion
