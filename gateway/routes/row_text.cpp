// SPDX-License-Identifier: Apache-2.0
#include "gateway/routes/row_text.hpp"

#include "protocol/csv/row_json.hpp"
#include "protocol/csv/values.hpp"
#include "protocol/digest.hpp"
#include "protocol/utf8.hpp"

namespace dossier {

namespace {

constexpr std::string_view csv_line_end = "\r\n";
/// What a spreadsheet may begin a formula with.
constexpr std::string_view formula_starts = "=+-@\t\r";

void append_csv_field(std::string& out, std::string_view text, bool is_first) {
  if (!is_first)
    out += ',';
  // Why an empty text is quoted: without quotes it would be read back as no value.
  if (!text.empty() && text.find_first_of(",\"\r\n") == std::string_view::npos) {
    out += text;
    return;
  }
  out += '"';
  for (const char c : text) {
    if (c == '"')
      out += '"';
    out += c;
  }
  out += '"';
}

/// Whether a spreadsheet would take it for a formula, or it looks like one that was made harmless:
/// then one more apostrophe tells them apart.
bool needs_apostrophe(std::string_view text) {
  const auto start = text.find_first_not_of('\'');
  return start != std::string_view::npos
         && formula_starts.find(text[start]) != std::string_view::npos;
}

std::string as_no_formula(std::string_view text) {
  return needs_apostrophe(text) ? "'" + std::string(text) : std::string(text);
}

} // namespace

result<void> append_row_csv(std::string& out, const csv::schema& s,
                            const csv::row_block_reader& block, std::uint32_t row) {
  if (block.columns() != s.columns.size())
    return csv::damaged_row();
  for (std::size_t i = 0; i < s.columns.size(); ++i) {
    if (block.is_null(row, i)) {
      if (i > 0)
        out += ',';
      continue;
    }
    const auto text
      = s.columns[i].type == csv::value_type::text ? block.text(row, i) : std::string_view{};
    if (!text)
      return csv::damaged_row();
    append_csv_field(out,
                     s.columns[i].type == csv::value_type::text
                       ? std::string(*text)
                       : csv::show_value(s.columns[i], block.value(row, i)),
                     i == 0);
  }
  out += csv_line_end;
  return {};
}

void append_row_csv_header(std::string& out, const csv::schema& s) {
  for (std::size_t i = 0; i < s.columns.size(); ++i)
    append_csv_field(out, s.columns[i].name, i == 0);
  out += csv_line_end;
}

void write_reject(json_writer& out, const stored_reject& r) {
  out.begin_object();
  out.key("row").number(r.record.number);
  out.key("line").number(r.record.line);
  out.key("offset").number(r.record.offset);
  out.key("sizeBytes").number(r.record_bytes);
  out.key("errorOffset").number(r.error_offset);
  out.key("field");
  r.field ? out.number(*r.field + 1) : out.null();
  out.key("column");
  r.column.empty() ? out.null() : out.string(r.column);
  out.key("kind").string(csv::to_string(r.kind));
  out.key("message").string(r.message);
  // A record that is no UTF-8 is no JSON text, and must not be changed.
  if (is_utf8(r.text))
    out.key("text").string(r.text);
  else
    out.key("textBase64").string(to_base64(r.text));
  out.end_object();
}

std::string_view without_apostrophe(std::string_view text) {
  return text.starts_with('\'') && needs_apostrophe(text) ? text.substr(1) : text;
}

void append_reject_csv_header(std::string& out) {
  out += "row,line,offset,errorOffset,column,kind,message,text\r\n";
}

void append_reject_csv(std::string& out, const stored_reject& r) {
  append_csv_field(out, std::to_string(r.record.number), true);
  append_csv_field(out, std::to_string(r.record.line), false);
  append_csv_field(out, std::to_string(r.record.offset), false);
  append_csv_field(out, std::to_string(r.error_offset), false);
  append_csv_field(out, as_no_formula(r.column), false);
  append_csv_field(out, csv::to_string(r.kind), false);
  append_csv_field(out, as_no_formula(r.message), false);
  append_csv_field(out, as_no_formula(r.text), false);
  out += csv_line_end;
}

} // namespace dossier
