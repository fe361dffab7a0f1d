// SPDX-License-Identifier: Apache-2.0
#include "persistence/correction_cursor.hpp"

#include <utility>

namespace dossier {

namespace {

/// Why in pages: rejects are walked beside others, and their texts may be large.
constexpr std::uint64_t page_rejects = 256;
constexpr std::uint64_t page_bytes = 1U << 20;

template <class Cursor>
result<bool> is_at(Cursor& cursor, std::uint64_t number) {
  while (cursor.number() < number)
    if (auto gone = cursor.next(); !gone)
      return gone.error();
  return cursor.number() == number;
}

} // namespace

result<void> row_cursor::take(const result<bool>& moved) {
  if (!moved)
    return moved.error();
  number_ = *moved ? lookup_.block().number(lookup_.row()) : no_record;
  return {};
}

result<void> row_cursor::begin(std::uint64_t number) {
  return take(lookup_.go_to_record(number));
}

result<void> row_cursor::next() {
  return take(lookup_.next());
}

result<void> reject_cursor::begin(std::uint64_t number) {
  auto page = file_.rejects_from(number, page_rejects, page_bytes);
  if (!page)
    return page.error();
  page_ = std::move(*page);
  at_ = 0;
  return {};
}

result<void> reject_cursor::next() {
  if (++at_ < page_.size())
    return {};
  return begin(page_.back().record.number + 1);
}

result<void> correction_cursor::begin(std::uint64_t number) {
  if (auto begun = rows_.begin(number); !begun)
    return begun;
  return rejects_.begin(number);
}

result<bool> correction_cursor::has(std::uint64_t number) {
  const auto is_row = is_at(rows_, number);
  if (!is_row || *is_row)
    return is_row;
  return is_at(rejects_, number);
}

} // namespace dossier
