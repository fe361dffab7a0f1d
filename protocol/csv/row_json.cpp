// SPDX-License-Identifier: Apache-2.0
#include "protocol/csv/row_json.hpp"

#include "protocol/csv/values.hpp"

namespace dossier::csv {

namespace {

bool is_number(value_type type) {
  return type == value_type::integer || type == value_type::decimal;
}

} // namespace

failure damaged_row() {
  return fail(errc::corrupt, "a stored row cannot be read: its block is damaged");
}

result<void> write_row(json_writer& out, const schema& s, const row_block_reader& block,
                       std::uint32_t row) {
  if (block.columns() != s.columns.size())
    return damaged_row();
  out.begin_object();
  out.key("row").number(block.number(row));
  out.key("offset").number(block.offset(row));
  out.key("values").begin_object();
  for (std::size_t i = 0; i < s.columns.size(); ++i) {
    const auto& c = s.columns[i];
    out.key(c.name);
    if (block.is_null(row, i)) {
      out.null();
    } else if (c.type == value_type::text) {
      const auto text = block.text(row, i);
      if (!text)
        return damaged_row();
      out.string(*text);
    } else if (c.type == value_type::boolean) {
      out.boolean(block.value(row, i) != 0);
    } else {
      const auto text = show_value(c, block.value(row, i));
      is_number(c.type) ? out.raw(text) : out.string(text);
    }
  }
  out.end_object().end_object();
  return {};
}

result<std::string> shown_value(const schema& s, const row_block_reader& block, std::uint32_t row,
                                std::size_t column) {
  if (block.columns() != s.columns.size() || column >= s.columns.size()
      || block.is_null(row, column))
    return damaged_row();
  const auto& c = s.columns[column];
  if (c.type == value_type::boolean)
    return std::string(block.value(row, column) != 0 ? "true" : "false");
  if (c.type != value_type::text)
    return show_value(c, block.value(row, column));
  const auto text = block.text(row, column);
  if (!text)
    return damaged_row();
  return std::string(*text);
}

} // namespace dossier::csv
