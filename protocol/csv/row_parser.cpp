// SPDX-License-Identifier: Apache-2.0
#include "protocol/csv/row_parser.hpp"

#include "protocol/assert.hpp"
#include "protocol/csv/fields.hpp"

#include <algorithm>
#include <limits>

namespace dossier::csv {

namespace {

/// So much is indexed at a time: bytes and index stay in the first-level cache.
constexpr std::size_t index_bytes = 16'384;

/// Whether one of the bits [begin, end) is set; end > begin.
bool has_bit(const std::vector<std::uint64_t>& bits, std::size_t begin, std::size_t end) {
  const std::size_t first = begin / 64;
  const std::size_t last = (end - 1) / 64;
  const std::uint64_t from_begin = ~std::uint64_t{0} << begin % 64;
  const std::uint64_t to_end = ~std::uint64_t{0} >> (63 - (end - 1) % 64);
  if (first == last)
    return (bits[first] & from_begin & to_end) != 0;
  std::uint64_t any = (bits[first] & from_begin) | (bits[last] & to_end);
  for (std::size_t i = first + 1; i < last; ++i)
    any |= bits[i];
  return any != 0;
}

std::uint64_t line_feeds_in(std::string_view text) {
  std::uint64_t count = 0;
  for (auto at = text.find('\n'); at != text.npos; at = text.find('\n', at + 1))
    ++count;
  return count;
}

} // namespace

row_parser::row_parser(const schema& s, const column_mapping& mapping, const record_law& law,
                       const record_start& start, instructions which)
  : law_(law)
  , kernels_(kernels(which))
  , next_(start) {
  DOSSIER_ASSERT(law.record_bytes_max >= record_bytes_max_lowest
                   && law.record_bytes_max <= record_bytes_max_highest,
                 "The limit of a record's bytes is within its bounds.");
  for (std::size_t i = 0; i < mapping.columns.size(); ++i) {
    field_plan plan;
    plan.name = i < mapping.names.size() ? mapping.names[i] : "";
    if (mapping.columns[i]) {
      DOSSIER_ASSERT(*mapping.columns[i] < s.columns.size(), "A field's column is in the schema.");
      const column& c = s.columns[*mapping.columns[i]];
      plan.rule = &c;
      plan.place = *mapping.columns[i];
      plan.type = c.type;
      plan.has_text_rules = c.length_min || c.length_max || c.pattern;
      plan.min = c.min.value_or(std::numeric_limits<std::int64_t>::min());
      plan.max = c.max.value_or(std::numeric_limits<std::int64_t>::max());
      plan.name = c.name;
    }
    plans_.push_back(std::move(plan));
  }
}

parse_progress row_parser::parse(std::string_view bytes, bool is_end, row_block& rows,
                                 const reject_sink& rejected) {
  readable_end_ = bytes.data() + bytes.size();
  std::size_t pos = 0;
  while (true) {
    const auto rest = bytes.substr(pos);
    if (is_passing_) {
      pos += pass_long(rest, is_end, rejected);
      if (is_passing_)
        break;
      continue;
    }
    if (rest.empty() || rows.is_full())
      break;
    auto window = rest.substr(0, index_bytes);
    kernels_.index(window, law_, index_);
    if (index_.record_count == 0 && window.size() < rest.size()) {
      window = rest.substr(0, std::max<std::size_t>(index_bytes, law_.record_bytes_max + 1));
      kernels_.index(window, law_, index_);
    }
    if (index_.record_count != 0) {
      pos += take_indexed(window, rows, rejected);
    } else if (window.size() > law_.record_bytes_max) {
      is_passing_ = true;
    } else if (is_end) {
      record last;
      last.ends = index_.ends.data();
      last.fields = index_.end_count + 1;
      last.bytes = window.size();
      take(window, 0, window.size(), last, rows, rejected);
      pos += window.size();
    } else {
      break;
    }
  }
  return {pos, rows.is_full()};
}

std::size_t row_parser::take_indexed(std::string_view window, row_block& rows,
                                     const reject_sink& rejected) {
  std::size_t begin = 0;
  std::uint32_t first_end = 0;
  for (std::uint32_t i = 0; i < index_.record_count && !rows.is_full(); ++i) {
    const std::uint32_t behind_ends = index_.record_ends[i];
    const std::size_t end = index_.ends[behind_ends - 1];
    record r;
    r.bytes = end + 1 - begin;
    if (r.bytes > law_.record_bytes_max) {
      is_passing_ = true;
      break;
    }
    r.ends = index_.ends.data() + first_end;
    r.fields = behind_ends - first_end;
    take(window, begin, end, r, rows, rejected);
    first_end = behind_ends;
    begin = end + 1;
  }
  return begin;
}

std::size_t row_parser::pass_long(std::string_view bytes, bool is_end,
                                  const reject_sink& rejected) {
  const std::uint64_t limit = law_.record_bytes_max;
  long_text_ += bytes.substr(0, limit - long_text_.size());
  const std::uint64_t not_before = limit - std::min(limit, long_bytes_);
  const auto end = bytes.find('\n', not_before);
  const bool has_end = end != bytes.npos;
  const std::size_t used = has_end ? end + 1 : bytes.size();
  long_bytes_ += used;
  long_lines_ += line_feeds_in(bytes.substr(0, used));
  if (!has_end && !is_end)
    return used;
  record r;
  r.from = long_text_.data();
  r.size = long_text_.size();
  r.bytes = long_bytes_;
  r.lines = long_lines_;
  is_passing_ = false;
  refuse(r,
         {reject_kind::line_too_long,
          {},
          limit,
          "the record has more than " + std::to_string(limit) + " bytes"},
         rejected);
  next_ = {next_.offset + long_bytes_, next_.line + long_lines_, next_.number + 1};
  long_text_.clear();
  long_bytes_ = 0;
  long_lines_ = 0;
  return used;
}

void row_parser::take(std::string_view window, std::size_t begin, std::size_t end, record r,
                      row_block& rows, const reject_sink& rejected) {
  const record_start here = next_;
  const char* from = window.data() + begin;
  r.from = from;
  r.size = end - begin;
  r.window_begin = begin;
  if (r.size > 0 && from[r.size - 1] == '\r')
    --r.size;
  if (r.size == 0) {
    ++counts_.empty_lines;
    next_ = {here.offset + r.bytes, here.line + 1, here.number + 1};
    return;
  }
  const bool has_quotes = has_bit(index_.quotes, begin, end);
  const bool has_odd = has_bit(index_.odd, begin, end);
  if (has_quotes) [[unlikely]]
    r.lines += line_feeds_in({from, r.size});
  if (static_cast<std::size_t>(readable_end_ - from) < r.size + padding_bytes) [[unlikely]] {
    padded_.resize(r.size + padding_bytes);
    std::copy(from, from + r.size, padded_.begin());
    r.from = padded_.data();
  }
  outcome why;
  bool is_good = !has_odd || is_clean(r, why);
  if (is_good && has_quotes) {
    cut_fields(r);
    is_good = unquote_fields(r, why) && has_all_fields(r, why);
  } else if (is_good) {
    is_good = has_all_fields(r, why);
    if (is_good)
      cut_fields(r);
  }
  if (is_good && convert(rows, r, why)) [[likely]] {
    rows.commit(here.number, here.offset);
    ++counts_.rows;
  } else {
    rows.discard();
    refuse(r, why, rejected);
  }
  next_ = {here.offset + r.bytes, here.line + r.lines, here.number + 1};
}

void row_parser::cut_fields(const record& r) {
  if (fields_.size() < r.fields)
    fields_.resize(r.fields);
  std::size_t begin = 0;
  for (std::size_t i = 0; i < r.fields; ++i) {
    const std::size_t end = r.end_of(i);
    fields_[i] = {r.from + begin, end - begin, false};
    begin = end + 1;
  }
}

bool row_parser::unquote_fields(const record& r, outcome& why) {
  if (unescaped_.size() < r.size + padding_bytes)
    unescaped_.resize(r.size + padding_bytes);
  char* buffer = unescaped_.data();
  for (std::size_t i = 0; i < r.fields; ++i) {
    field& f = fields_[i];
    const std::string_view raw(f.from, f.size);
    const quote_fault fault = quote_fault_of(raw, law_.quote);
    if (!fault.what.empty()) {
      why = {reject_kind::quotes, i, r.begin_of(i) + fault.at, std::string(fault.what)};
      return false;
    }
    if (!raw.starts_with(law_.quote))
      continue;
    const auto text = inside_quotes(raw, law_.quote, buffer);
    if (text.data() == buffer)
      buffer += text.size();
    f = {text.data(), text.size(), true};
  }
  return true;
}

bool row_parser::is_clean(const record& r, outcome& why) const {
  const std::string_view text(r.from, r.size);
  const std::size_t clean = clean_prefix_bytes(text);
  if (clean == text.size())
    return true;
  std::size_t place = 0;
  while (place + 1 < r.fields && r.end_of(place) < clean)
    ++place;
  why = {reject_kind::encoding, place, clean,
         text[clean] == '\0' ? "a NUL byte is no text" : "these bytes are not UTF-8"};
  return false;
}

bool row_parser::has_all_fields(const record& r, outcome& why) const {
  if (r.fields == plans_.size()) [[likely]]
    return true;
  const std::string expected = std::to_string(plans_.size());
  const std::string found = std::to_string(r.fields);
  const std::string message
    = "the record has " + found + (found == "1" ? " field" : " fields") + " instead of " + expected;
  if (r.fields < plans_.size())
    why = {reject_kind::missing_columns, r.fields, r.size, message};
  else
    why = {reject_kind::too_many_columns, plans_.size(), r.begin_of(plans_.size()), message};
  return false;
}

bool row_parser::convert(row_block& rows, const record& r, outcome& why) {
  for (std::size_t i = 0; i < r.fields; ++i) {
    const field_plan& plan = plans_[i];
    const field& f = fields_[i];
    if (plan.rule == nullptr)
      continue;
    const bool is_text = plan.type == value_type::text;
    if (f.size == 0 && !(is_text && f.is_quoted)) {
      rows.put_null(plan.place);
      if (!plan.rule->is_required)
        continue;
      why = {reject_kind::required, i, r.begin_of(i), plan.name + ": a value is required"};
      return false;
    }
    if (is_text) {
      rows.put_text(plan.place, f.from, f.size);
      if (!plan.has_text_rules || suits(plan, {f.from, f.size}, why)) [[likely]]
        continue;
    } else {
      std::int64_t value = 0;
      const cast ended = read_padded_value(*plan.rule, f.from, f.size, value);
      if (ended == cast::good && value >= plan.min && value <= plan.max) [[likely]] {
        rows.put_value(plan.place, value);
        continue;
      }
      const std::string_view text(f.from, f.size);
      why.kind = ended == cast::good ? reject_kind::bound : reject_kind::cast;
      why.message = ended == cast::good ? bound_sentence(*plan.rule, value, text)
                                        : cast_sentence(*plan.rule, ended, text);
    }
    why.field = i;
    why.at = r.begin_of(i);
    return false;
  }
  return true;
}

bool row_parser::suits(const field_plan& plan, std::string_view text, outcome& why) const {
  const column& c = *plan.rule;
  if (c.length_min || c.length_max) {
    const std::size_t characters = characters_of(text);
    if (characters < c.length_min.value_or(0)
        || characters > c.length_max.value_or(std::numeric_limits<std::uint32_t>::max())) {
      why.kind = reject_kind::bound;
      why.message = length_sentence(c, characters, text);
      return false;
    }
  }
  if (c.pattern && !c.pattern->matches(text)) {
    why.kind = reject_kind::pattern;
    why.message = pattern_sentence(c, text);
    return false;
  }
  return true;
}

void row_parser::refuse(const record& r, const outcome& why, const reject_sink& rejected) {
  ++counts_.rejects;
  reject made;
  made.kind = why.kind;
  made.record = next_;
  made.record_bytes = r.bytes;
  made.error_offset = next_.offset + why.at;
  if (why.field) {
    made.field = static_cast<std::uint32_t>(*why.field);
    made.column = *why.field < plans_.size() ? plans_[*why.field].name : "";
  }
  made.message = why.message;
  made.text = {r.from, r.size};
  rejected(made);
}

} // namespace dossier::csv
