// SPDX-License-Identifier: Apache-2.0
#include "protocol/csv/file_plan.hpp"

#include <algorithm>
#include <utility>

namespace dossier::csv {

namespace {

constexpr std::size_t sniffed_bytes = 64U << 10;

} // namespace

std::size_t head_bytes(std::uint32_t record_bytes_max) {
  // What read_head() wants; UTF-16 has at most two bytes for one of UTF-8.
  return 2 * (std::max<std::size_t>(sniffed_bytes, record_bytes_max) + 4);
}

result<file_plan> plan_file(std::string_view head, const schema& s, const read_options& wanted,
                            std::uint32_t record_bytes_max) {
  const bool is_whole = head.size() < head_bytes(record_bytes_max);
  auto found
    = sniff(head.substr(0, sniffed_bytes), is_whole && head.size() <= sniffed_bytes, wanted.wishes);
  if (!found)
    return found.error();
  const auto stored_as = found->dialect.encoding;
  std::string transcoded;
  if (stored_as != text_encoding::utf8)
    head = transcoded = to_utf8(stored_as, head, is_whole);
  file_plan plan;
  plan.law = law_of(found->dialect, record_bytes_max);
  auto named = read_head(head, found->dialect, plan.law);
  if (!named)
    return named.error();
  plan.data = named->data;
  plan.data.offset = bytes_in_file(stored_as, head.substr(0, named->data.offset));
  const bool has_header = found->dialect.has_header;
  plan.found = std::move(*found);
  if (wanted.is_by_position || !has_header) {
    plan.mapping = map_by_position(s);
    return plan;
  }
  auto mapped = map_by_name(s, named->names);
  if (!mapped)
    return mapped.error();
  plan.mapping = std::move(*mapped);
  return plan;
}

} // namespace dossier::csv
