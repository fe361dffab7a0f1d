// SPDX-License-Identifier: Apache-2.0
#include "protocol/csv/file_fold.hpp"

namespace dossier::csv {

namespace {

/// The bytes of the file up to the first record start of a stretch; 0 if there is none.
std::uint64_t to_first(text_encoding stored_as, std::string_view utf8, const stretch& s) {
  return s.first == nowhere ? 0 : bytes_in_file(stored_as, utf8.substr(0, s.first));
}

/// The summary of a range whose UTF-8 begins at `at`.
range_summary moved_to(std::uint64_t at, range_summary r) {
  r.begin += at;
  r.end += at;
  for (stretch* s : {&r.if_outside, &r.if_inside})
    for (std::uint64_t* offset : {&s->first, &s->last})
      if (*offset != nowhere)
        *offset += at;
  return r;
}

} // namespace

range_findings look_at_range(text_encoding stored_as, std::string_view utf8, std::uint64_t begin,
                             const record_law& law, instructions which) {
  range_findings found;
  found.begin = begin;
  found.text = kernels(which).summarise(utf8, 0, law);
  found.to_first_if_outside = to_first(stored_as, utf8, found.text.if_outside);
  found.to_first_if_inside = to_first(stored_as, utf8, found.text.if_inside);
  return found;
}

file_fold::file_fold(text_encoding stored_as, const record_start& start, const record_law& law,
                     instructions which)
  : stored_as_(stored_as)
  , fold_(start, law, which) {}

bool file_fold::add(const range_findings& range) {
  const auto known = fold_.starts().size();
  const auto at = fold_.state().at;
  if (!fold_.add(moved_to(at, range.text)))
    return false;
  if (fold_.starts().size() == known)
    return true;
  auto start = fold_.starts().back();
  const auto behind_begin = start.offset - at;
  start.offset = range.begin;
  if (behind_begin != 0)
    start.offset += behind_begin == range.text.if_outside.first ? range.to_first_if_outside
                                                                : range.to_first_if_inside;
  starts_.push_back(start);
  return true;
}

void file_fold::add(std::string_view utf8, std::uint64_t begin) {
  const auto known = fold_.starts().size();
  const auto at = fold_.state().at;
  fold_.add(utf8);
  if (fold_.starts().size() == known)
    return;
  auto start = fold_.starts().back();
  start.offset = begin + bytes_in_file(stored_as_, utf8.substr(0, start.offset - at));
  starts_.push_back(start);
}

record_start file_fold::next(std::uint64_t at) const {
  const auto& s = fold_.state();
  return {at, s.line, s.record.number + (s.record.offset < s.at ? 1U : 0U)};
}

} // namespace dossier::csv
