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

/// So many records are converted at a time: their fields stay in the cache, too.
constexpr std::size_t waiting_max = 32;

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
                       const record_start& start, text_encoding stored_as, instructions which)
  : law_(law)
  , stored_as_(stored_as)
  , kernels_(kernels(which))
  , plans_(plans_for(s, mapping))
  , next_(start) {
  DOSSIER_ASSERT(law.record_bytes_max >= record_bytes_max_lowest
                   && law.record_bytes_max <= record_bytes_max_highest,
                 "The limit of a record's bytes is within its bounds.");
  waiting_.reserve(waiting_max);
  fields_.resize(waiting_max * plans_.size());
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
      convert_waiting(rows, rejected);
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
  for (std::uint32_t i = 0; i < index_.record_count; ++i) {
    if (waiting_.size() == std::min<std::size_t>(waiting_max, rows.room())) {
      convert_waiting(rows, rejected);
      if (rows.is_full())
        break;
    }
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
  convert_waiting(rows, rejected);
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
  long_file_bytes_ += bytes_in_file(stored_as_, bytes.substr(0, used));
  long_lines_ += line_feeds_in(bytes.substr(0, used));
  if (!has_end && !is_end)
    return used;
  record r;
  r.from = long_text_.data();
  r.size = long_text_.size();
  r.file_bytes = long_file_bytes_;
  r.lines = long_lines_;
  is_passing_ = false;
  if (!refusals_)
    refuse(r, next_,
           {reject_kind::line_too_long,
            {},
            limit,
            "the record has more than " + std::to_string(limit)
              + (stored_as_ == text_encoding::utf8 ? " bytes" : " bytes as UTF-8")},
           rejected);
  next_ = {next_.offset + long_file_bytes_, next_.line + long_lines_, next_.number + 1};
  long_text_.clear();
  long_bytes_ = 0;
  long_file_bytes_ = 0;
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
  r.file_bytes = r.bytes * ascii_bytes(stored_as_);
  if (r.size > 0 && from[r.size - 1] == '\r')
    --r.size;
  if (r.size == 0) {
    ++counts_.empty_lines;
    next_ = {here.offset + r.file_bytes, here.line + 1, here.number + 1};
    return;
  }
  const std::size_t text_end = begin + r.size;
  const bool has_odd = has_bit(index_.odd, begin, text_end);
  if (has_odd)
    r.file_bytes = bytes_in_file(stored_as_, {from, r.bytes});
  const bool has_quotes = has_bit(index_.quotes, begin, text_end);
  const bool has_special = has_quotes && has_bit(index_.special, begin, text_end);
  // Without a line feed behind it, a quote may be open still.
  const bool may_have_fault
    = has_quotes && (r.bytes == end - begin || has_bit(index_.faults, begin, text_end));
  if (has_special)
    r.lines += line_feeds_in({from, r.size});
  const bool lacks_padding
    = static_cast<std::size_t>(readable_end_ - from) < r.size + padding_bytes;
  if (lacks_padding) [[unlikely]] {
    // Why: there is one such buffer, and a record that waits may lie in it.
    convert_waiting(rows, rejected);
    padded_.resize(r.size + padding_bytes);
    std::copy(from, from + r.size, padded_.begin());
    r.from = padded_.data();
  }
  if (refusals_) [[unlikely]] {
    refuse_if_meant(r, rejected);
  } else if ((has_odd && !is_clean(r)) || (may_have_fault && !has_good_quotes(r))
             || !has_all_fields(r)) [[unlikely]] {
    convert_waiting(rows, rejected);
    refuse(r, here, fault_, rejected);
  } else {
    cut_field* fields = fields_.data() + waiting_.size() * plans_.size();
    cut_fields(r, fields);
    // Why: enough for all records of the window, so that it never moves under those that wait.
    if (has_special && unescaped_.size() < window.size() + padding_bytes)
      unescaped_.resize(window.size() + padding_bytes);
    if (has_quotes)
      unquote_fields(r, has_special, fields);
    waiting_.push_back({r, here});
  }
  next_ = {here.offset + r.file_bytes, here.line + r.lines, here.number + 1};
}

void row_parser::refuse_if_meant(const record& r, const reject_sink& rejected) {
  if (refusals_->empty() || refusals_->front().number != next_.number)
    return;
  const auto& meant = refusals_->front();
  const auto at = meant.field < r.fields ? r.begin_of(meant.field) : 0;
  refuse(r, next_, {reject_kind::duplicate_key, meant.field, at, meant.why}, rejected);
  refusals_ = refusals_->subspan(1);
}

void row_parser::convert_waiting(row_block& rows, const reject_sink& rejected) {
  if (waiting_.empty())
    return;
  const cut_field* fields = fields_.data();
  const bool are_good = convert_rows(plans_, fields, waiting_.size(), rows);
  if (!are_good)
    rows.discard();
  for (const waiting_record& w : waiting_) {
    // Why: one wrong value makes all of them void, so each goes again alone.
    auto wrong = are_good ? std::nullopt : convert_row(plans_, fields, rows);
    fields += plans_.size();
    if (!wrong) {
      rows.commit(w.where.number, w.where.offset);
      ++counts_.rows;
      continue;
    }
    rows.discard();
    refuse(w.r, w.where,
           {wrong->kind, wrong->field, w.r.begin_of(wrong->field), std::move(wrong->message)},
           rejected);
  }
  waiting_.clear();
  unescaped_bytes_ = 0;
}

void row_parser::cut_fields(const record& r, cut_field* into) const {
  const char* from = r.from;
  for (std::size_t i = 0; i + 1 < r.fields; ++i) {
    const char* end = r.from + (r.ends[i] - r.window_begin);
    into[i] = {from, static_cast<std::uint32_t>(end - from), false};
    from = end + 1;
  }
  into[r.fields - 1] = {from, static_cast<std::uint32_t>(r.from + r.size - from), false};
}

bool row_parser::has_good_quotes(const record& r) {
  for (std::size_t i = 0; i < r.fields; ++i) {
    const std::size_t begin = r.begin_of(i);
    const auto found = quote_fault_of({r.from + begin, r.end_of(i) - begin}, law_.quote);
    if (!found.what.empty()) {
      note_fault(reject_kind::quotes, i, begin + found.at, found.what);
      return false;
    }
  }
  return true;
}

void row_parser::unquote_fields(const record& r, bool has_special, cut_field* fields) {
  for (std::size_t i = 0; i < r.fields; ++i) {
    cut_field& f = fields[i];
    if (f.size == 0 || *f.from != law_.quote)
      continue;
    if (!has_special) {
      f = {f.from + 1, f.size - 2, true};
      continue;
    }
    char* buffer = unescaped_.data() + unescaped_bytes_;
    const auto text = inside_quotes({f.from, f.size}, law_.quote, buffer);
    if (text.data() == buffer)
      unescaped_bytes_ += text.size();
    f = {text.data(), static_cast<std::uint32_t>(text.size()), true};
  }
}

bool row_parser::is_clean(const record& r) {
  const std::string_view text(r.from, r.size);
  const std::size_t clean = clean_prefix_bytes(text);
  if (clean == text.size())
    return true;
  std::size_t place = 0;
  while (place + 1 < r.fields && r.end_of(place) < clean)
    ++place;
  note_fault(reject_kind::encoding, place, clean,
             text[clean] == '\0' ? "a NUL byte is no text"
                                 : "these bytes are not " + std::string(to_string(stored_as_)));
  return false;
}

bool row_parser::has_all_fields(const record& r) {
  if (r.fields == plans_.size()) [[likely]]
    return true;
  std::string message;
  message.reserve(64);
  message += "the record has ";
  message += std::to_string(r.fields);
  message += r.fields == 1 ? " field instead of " : " fields instead of ";
  message += std::to_string(plans_.size());
  if (r.fields < plans_.size())
    note_fault(reject_kind::missing_columns, r.fields, r.size, message);
  else
    note_fault(reject_kind::too_many_columns, plans_.size(), r.begin_of(plans_.size()), message);
  return false;
}

void row_parser::note_fault(reject_kind kind, std::optional<std::size_t> field, std::size_t at,
                            std::string_view message) {
  fault_.kind = kind;
  fault_.field = field;
  fault_.at = at;
  fault_.message.assign(message);
}

void row_parser::refuse(const record& r, const record_start& where, const fault& why,
                        const reject_sink& rejected) {
  ++counts_.rejects;
  reject_.kind = why.kind;
  reject_.record = where;
  reject_.record_bytes = r.file_bytes;
  reject_.error_offset = where.offset + bytes_in_file(stored_as_, {r.from, why.at});
  reject_.field.reset();
  reject_.column.clear();
  if (why.field) {
    reject_.field = static_cast<std::uint32_t>(*why.field);
    if (*why.field < plans_.size())
      reject_.column.assign(plans_[*why.field].name);
  }
  reject_.message.assign(why.message);
  reject_.text = {r.from, r.size};
  std::string as_utf8;
  if (stored_as_ != text_encoding::utf8)
    reject_.text = as_utf8 = readable(reject_.text);
  rejected(reject_);
}

} // namespace dossier::csv
