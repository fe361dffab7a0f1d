// SPDX-License-Identifier: Apache-2.0
// What the rows and rejects of a file are, said slowly: each record's bytes one after the other.
#pragma once

#include "protocol/csv/header.hpp"
#include "protocol/csv/reject.hpp"
#include "protocol/csv/row_block.hpp"
#include "protocol/utf8.hpp"
#include "tests/csv/reference.hpp"

#include <optional>
#include <ostream>
#include <string>
#include <string_view>
#include <vector>

namespace dossier::csv {

struct seen_row {
  std::uint64_t number = 0;
  std::uint64_t offset = 0;
  std::vector<std::string> values; ///< "null", "=12" or "'text".

  bool operator==(const seen_row&) const = default;
};

struct seen_reject {
  reject_kind kind = reject_kind::cast;
  record_start record;
  std::uint64_t record_bytes = 0;
  std::uint64_t error_offset = 0;
  std::optional<std::uint32_t> field;
  std::string column;
  std::string text;

  bool operator==(const seen_reject&) const = default;
};

struct seen_file {
  std::vector<seen_row> rows;
  std::vector<seen_reject> rejects;
  std::uint64_t empty_lines = 0;

  bool operator==(const seen_file&) const = default;
};

inline std::ostream& operator<<(std::ostream& out, const seen_file& f) {
  for (const auto& row : f.rows) {
    out << "row " << row.number << '@' << row.offset;
    for (const auto& v : row.values)
      out << ' ' << v;
    out << '\n';
  }
  for (const auto& r : f.rejects)
    out << to_string(r.kind) << " record " << r.record.number << '@' << r.record.offset << " line "
        << r.record.line << " bytes " << r.record_bytes << " error " << r.error_offset << " field "
        << (r.field ? static_cast<int>(*r.field) : -1) << ' ' << r.column << " text " << r.text
        << '\n';
  return out << f.empty_lines << " empty lines\n";
}

struct reference_field {
  std::size_t begin = 0;
  std::size_t end = 0;
  std::string text;
  bool is_quoted = false;
  std::optional<std::size_t> fault; ///< Where.
};

/// Of a record without its line end.
inline std::vector<reference_field> reference_fields(std::string_view text, const record_law& law) {
  std::vector<reference_field> fields(1);
  place at = place::field_start;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    const place next = after(at, c, law);
    reference_field& f = fields.back();
    if (at == place::field_start && next == place::quoted)
      f.is_quoted = true;
    else if (at == place::quoted)
      f.text += next == place::quoted ? std::string(1, c) : "";
    else if (next == place::quoted)
      f.text += c; // The second of two quotes.
    else if (next != place::field_start) {
      f.text += c;
      if (!f.fault && (c == law.quote || f.is_quoted))
        f.fault = i;
    }
    if (next == place::field_start) {
      f.end = i;
      fields.push_back({});
      fields.back().begin = i + 1;
    }
    at = next;
  }
  fields.back().end = text.size();
  if (at == place::quoted && !fields.back().fault)
    fields.back().fault = fields.back().begin;
  return fields;
}

class reference_parser {
public:
  reference_parser(const schema& s, const column_mapping& m, const record_law& law)
    : schema_(s)
    , mapping_(m)
    , law_(law) {}

  seen_file parse(std::string_view file, record_start start) {
    for (const auto& r : reference_records(file, start, law_))
      take(file.substr(r.start.offset, r.end - r.start.offset), r);
    return seen_;
  }

private:
  void take(std::string_view bytes, const reference_record& r) {
    if (r.is_long)
      return refuse(reject_kind::line_too_long, r, bytes.substr(0, law_.record_bytes_max), {},
                    law_.record_bytes_max);
    auto text = bytes;
    if (r.has_line_feed)
      text.remove_suffix(1);
    if (text.ends_with('\r'))
      text.remove_suffix(1);
    if (text.empty()) {
      ++seen_.empty_lines;
      return;
    }
    const auto fields = reference_fields(text, law_);
    const auto clean = std::min(utf8_prefix_bytes(text), text.find('\0'));
    if (clean < text.size()) {
      std::size_t field = 0;
      while (fields[field].end < clean)
        ++field;
      return refuse(reject_kind::encoding, r, text, field, clean);
    }
    for (std::size_t i = 0; i < fields.size(); ++i)
      if (fields[i].fault)
        return refuse(reject_kind::quotes, r, text, i, *fields[i].fault);
    const std::size_t expected = mapping_.columns.size();
    if (fields.size() < expected)
      return refuse(reject_kind::missing_columns, r, text, fields.size(), text.size());
    if (fields.size() > expected)
      return refuse(reject_kind::too_many_columns, r, text, expected, fields[expected].begin);
    convert(fields, text, r);
  }

  void convert(const std::vector<reference_field>& fields, std::string_view text,
               const reference_record& r) {
    seen_row row{r.start.number, r.start.offset, std::vector<std::string>(schema_.columns.size())};
    for (std::size_t i = 0; i < fields.size(); ++i) {
      if (!mapping_.columns[i])
        continue;
      const column& c = schema_.columns[*mapping_.columns[i]];
      std::string& shown = row.values[*mapping_.columns[i]];
      const auto why = wrong(c, fields[i], shown);
      if (why)
        return refuse(*why, r, text, i, fields[i].begin);
    }
    seen_.rows.push_back(row);
  }

  static std::optional<reject_kind> wrong(const column& c, const reference_field& f,
                                          std::string& shown) {
    const bool is_text = c.type == value_type::text;
    shown = "null";
    if (f.text.empty() && !(is_text && f.is_quoted))
      return c.is_required ? std::optional(reject_kind::required) : std::nullopt;
    if (is_text) {
      shown = '\'' + f.text;
      std::size_t size = 0;
      for (std::string_view rest = f.text; !rest.empty(); ++size) {
        std::size_t bytes = 1;
        while (utf8_prefix_bytes(rest.substr(0, bytes)) == 0)
          ++bytes;
        rest.remove_prefix(bytes);
      }
      if ((c.length_min && size < *c.length_min) || (c.length_max && size > *c.length_max))
        return reject_kind::bound;
      return c.pattern && !c.pattern->matches(f.text) ? std::optional(reject_kind::pattern)
                                                      : std::nullopt;
    }
    std::int64_t value = 0;
    if (read_value(c, f.text, value) != cast::good)
      return reject_kind::cast;
    shown = '=' + std::to_string(value);
    return (c.min && value < *c.min) || (c.max && value > *c.max)
             ? std::optional(reject_kind::bound)
             : std::nullopt;
  }

  void refuse(reject_kind kind, const reference_record& r, std::string_view text,
              std::optional<std::size_t> field, std::uint64_t at) {
    seen_reject seen{kind, r.start, r.end - r.start.offset, r.start.offset + at,
                     {},   "",      std::string(text)};
    if (field) {
      seen.field = static_cast<std::uint32_t>(*field);
      if (*field < mapping_.columns.size())
        seen.column = mapping_.columns[*field] ? schema_.columns[*mapping_.columns[*field]].name
                                               : mapping_.names[*field];
    }
    seen_.rejects.push_back(seen);
  }

  const schema& schema_;
  const column_mapping& mapping_;
  record_law law_;
  seen_file seen_;
};

/// Takes the rows of an encoded block in.
inline void see_rows(std::string_view encoded, seen_file& seen) {
  const auto block = row_block_reader::open(encoded);
  for (std::uint32_t i = 0; i < block->rows(); ++i) {
    seen_row row{block->number(i), block->offset(i), {}};
    for (std::size_t c = 0; c < block->columns(); ++c) {
      if (block->is_null(i, c))
        row.values.push_back("null");
      else if (block->type(c) == value_type::text)
        row.values.push_back('\'' + std::string(*block->text(i, c)));
      else
        row.values.push_back('=' + std::to_string(block->value(i, c)));
    }
    seen.rows.push_back(row);
  }
}

} // namespace dossier::csv
