// SPDX-License-Identifier: Apache-2.0
#include "protocol/csv/split.hpp"

#include "protocol/assert.hpp"

namespace dossier::csv {

namespace {

/// What so many quotes in a row make of a state.
quote_state after_quotes(quote_state state, std::uint64_t count) {
  if (count == 0 || (state.inside == 0 && state.may_open == 0))
    return state;
  // Behind an even number the state is as before, but that a stretch has just closed.
  const bool is_inside = (state.inside != 0) != (count % 2 != 0);
  return is_inside ? quote_state{~std::uint64_t{0}, 0} : quote_state{};
}

} // namespace

boundary_fold::boundary_fold(const record_start& start, const record_law& law, instructions which)
  : law_(law)
  , kernels_(kernels(which))
  , state_(start) {
  DOSSIER_ASSERT(law.record_bytes_max >= record_bytes_max_lowest
                   && law.record_bytes_max <= record_bytes_max_highest,
                 "The limit of a record's bytes is within its bounds.");
}

bool boundary_fold::add(const range_summary& range) {
  DOSSIER_ASSERT(range.begin == state_.at, "Ranges follow each other without gap.");
  const std::uint64_t limit = law_.record_bytes_max;
  const quote_state quotes = after_quotes(state_.quotes, range.leading_quotes);
  const stretch& s = quotes.inside != 0 ? range.if_inside : range.if_outside;
  const bool has_start = s.first != nowhere;
  // Why the last record counts: a line feed in quotes may already end it.
  const bool reaches_too_far = (has_start ? s.first : range.end) - state_.record.offset > limit
                               || (has_start && range.end - s.last > limit);
  if (s.has_long || reaches_too_far)
    return false;
  if (state_.record.offset == range.begin && range.begin < range.end)
    starts_.push_back(state_.record);
  else if (has_start && s.first < range.end)
    starts_.push_back({s.first, state_.line + s.lines_to_first, state_.record.number + 1});
  if (has_start)
    state_.record = {s.last, state_.line + s.lines_to_last, state_.record.number + s.records};
  state_.line += range.lines;
  state_.at = range.end;
  const bool has_only_quotes = range.leading_quotes == range.end - range.begin;
  state_.quotes = has_only_quotes ? quotes : s.quotes;
  return true;
}

void boundary_fold::add(std::string_view bytes) {
  const std::uint64_t begin = state_.at;
  const std::uint64_t end = begin + bytes.size();
  if (bytes.empty())
    return;
  if (kernels_.walk(state_, bytes, law_, begin) && state_.record.offset < end)
    starts_.push_back(state_.record);
  bytes.remove_prefix(state_.at - begin);
  kernels_.walk(state_, bytes, law_, nowhere);
}

} // namespace dossier::csv
