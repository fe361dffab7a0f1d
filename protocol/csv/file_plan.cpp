// SPDX-License-Identifier: Apache-2.0
#include "protocol/csv/file_plan.hpp"

#include <algorithm>
#include <utility>

namespace dossier::csv {

namespace {

constexpr std::size_t sniffed_bytes = 64U << 10;

failure not_utf8(text_encoding encoding) {
  const auto name = std::string(to_string(encoding));
  return fail(errc::unsupported_media_type, "the file is written in " + name
                                              + ", and only UTF-8 is read; make it UTF-8 with: "
                                                "iconv -f "
                                              + name + " -t UTF-8");
}

} // namespace

std::size_t head_bytes(std::uint32_t record_bytes_max) {
  return std::max<std::size_t>(sniffed_bytes, record_bytes_max) + 4;
}

result<file_plan> plan_file(std::string_view head, const schema& s, const read_options& wanted,
                            std::uint32_t record_bytes_max) {
  const bool is_whole = head.size() < head_bytes(record_bytes_max);
  auto found
    = sniff(head.substr(0, sniffed_bytes), is_whole && head.size() <= sniffed_bytes, wanted.wishes);
  if (!found)
    return found.error();
  if (found->dialect.encoding != text_encoding::utf8)
    return not_utf8(found->dialect.encoding);
  file_plan plan;
  plan.law = law_of(found->dialect, record_bytes_max);
  auto named = read_head(head, found->dialect, plan.law);
  if (!named)
    return named.error();
  plan.data = named->data;
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
