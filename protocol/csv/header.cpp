// SPDX-License-Identifier: Apache-2.0
#include "protocol/csv/header.hpp"

#include "protocol/csv/fields.hpp"
#include "protocol/csv/scan.hpp"
#include "protocol/csv/values.hpp"

#include <algorithm>
#include <map>

namespace dossier::csv {

namespace {

std::string_view trimmed(std::string_view text) {
  while (text.starts_with(' '))
    text.remove_prefix(1);
  while (text.ends_with(' '))
    text.remove_suffix(1);
  return text;
}

failure no_header(const std::string& why) {
  return fail(errc::malformed, "the header of this CSV file cannot be read: " + why);
}

std::string joined(const std::vector<std::string>& names) {
  std::string list;
  for (const auto& name : names)
    list += (list.empty() ? "" : ", ") + name;
  return list;
}

result<std::vector<std::string>> names_of(std::string_view record, const dialect& d,
                                          const record_law& law) {
  field_index index;
  kernels(best_instructions()).index(record, law, index);
  std::vector<std::string> names;
  std::size_t begin = 0;
  for (std::uint32_t i = 0; i <= index.end_count; ++i) {
    const std::size_t end = i < index.end_count ? index.ends[i] : record.size();
    const auto raw = record.substr(begin, end - begin);
    begin = end + 1;
    const auto number = std::to_string(names.size() + 1);
    const quote_fault fault = quote_fault_of(raw, d.quote);
    if (!fault.what.empty())
      return no_header("in field " + number + ' ' + std::string(fault.what));
    const std::string name = text_of_field(raw, d.quote);
    if (clean_prefix_bytes(name) != name.size())
      return no_header("field " + number + " is not " + std::string(to_string(d.encoding)));
    names.emplace_back(trimmed(name));
    if (names.size() > columns_max)
      return no_header("it has more than " + std::to_string(columns_max) + " fields");
  }
  return names;
}

} // namespace

result<file_head> read_head(std::string_view bytes, const dialect& d, const record_law& law) {
  file_head head;
  head.data.offset = bom_bytes(bytes);
  if (!d.has_header)
    return head;
  scan_state state(head.data);
  bytes.remove_prefix(head.data.offset);
  kernels(best_instructions()).walk(state, bytes, law, head.data.offset + 1);
  const auto record_bytes
    = (state.record.number == 1 ? state.at : state.record.offset) - head.data.offset;
  if (record_bytes > law.record_bytes_max)
    return no_header("it has more than " + std::to_string(law.record_bytes_max) + " bytes");
  std::string_view record = bytes.substr(0, record_bytes);
  if (record.ends_with('\n') && state.record.number != 1)
    record.remove_suffix(1);
  if (record.ends_with('\r'))
    record.remove_suffix(1);
  if (record.empty())
    return no_header("the first line is empty");
  auto names = names_of(record, d, law);
  if (!names)
    return names.error();
  head.names = std::move(*names);
  head.data = state.record;
  if (state.record.number == 1)
    head.data = {state.at, state.line, 2};
  return head;
}

result<column_mapping> map_by_name(const schema& s, const std::vector<std::string>& names,
                                   bool may_have_more) {
  column_mapping mapping{std::vector<std::optional<std::size_t>>(names.size()), names};
  std::map<std::string_view, std::vector<std::size_t>> places;
  for (std::size_t i = 0; i < names.size(); ++i)
    places[names[i]].push_back(i);
  std::vector<std::string> missing, repeated, unexpected;
  for (std::size_t c = 0; c < s.columns.size(); ++c) {
    const auto found = places.find(s.columns[c].name);
    if (found == places.end())
      missing.push_back(s.columns[c].name);
    else if (found->second.size() > 1)
      repeated.push_back(s.columns[c].name);
    else
      mapping.columns[found->second.front()] = c;
  }
  for (std::size_t i = 0; i < names.size() && !may_have_more; ++i)
    if (std::ranges::none_of(s.columns, [&](const column& c) { return c.name == names[i]; }))
      unexpected.push_back(names[i]);
  std::string why;
  const auto add = [&why](std::string_view what, const std::vector<std::string>& list) {
    if (!list.empty())
      why += (why.empty() ? "the header " : "; it ") + std::string(what) + ' ' + joined(list);
  };
  add("lacks", missing);
  add("has more than once", repeated);
  add("has besides the schema's columns", unexpected);
  if (!why.empty())
    return fail(errc::invalid_argument, why, "header");
  return mapping;
}

column_mapping map_by_position(const schema& s) {
  column_mapping mapping;
  for (std::size_t c = 0; c < s.columns.size(); ++c) {
    mapping.columns.emplace_back(c);
    mapping.names.push_back(s.columns[c].name);
  }
  return mapping;
}

} // namespace dossier::csv
