// SPDX-License-Identifier: Apache-2.0
#include "protocol/csv/sniff.hpp"

#include "protocol/csv/fields.hpp"
#include "protocol/csv/scan.hpp"
#include "protocol/utf8.hpp"

#include <algorithm>
#include <array>
#include <map>
#include <set>

namespace dossier::csv {

namespace {

constexpr std::size_t records_max = 100;
constexpr std::array delimiters{',', ';', '\t', '|'};

using fields = std::vector<std::string>;

/// The first records, but a last one that may be cut off.
std::vector<fields> first_records(std::string_view text, bool is_whole, char delimiter,
                                  char quote) {
  field_index index;
  const record_law law{delimiter, quote, record_bytes_max_highest};
  kernels(best_instructions()).index(text, law, index);
  std::vector<fields> records;
  std::size_t begin = 0;
  std::uint32_t next = 0;
  const auto take = [&](std::uint32_t behind, std::size_t end) {
    auto& record = records.emplace_back();
    for (; next < behind; ++next) {
      const std::size_t stop = next + 1 == behind ? end : index.ends[next];
      auto raw = text.substr(begin, stop - begin);
      if (next + 1 == behind && raw.ends_with('\r'))
        raw.remove_suffix(1);
      begin = stop + 1;
      record.push_back(quote_fault_of(raw, quote).what.empty() ? text_of_field(raw, quote)
                                                               : std::string(raw));
    }
    if (record.size() == 1 && record.front().empty())
      records.pop_back();
  };
  for (std::uint32_t i = 0; i < index.record_count && records.size() < records_max; ++i)
    take(index.record_ends[i], index.ends[index.record_ends[i] - 1]);
  if (records.empty() || (is_whole && records.size() < records_max && begin < text.size()))
    take(index.end_count + 1, text.size());
  return records;
}

/// How well a delimiter explains the records.
struct score {
  std::size_t per_mille = 0; ///< Of the records have the most frequent number of fields above 1.
  std::size_t fields = 1;    ///< That number.
  std::size_t agreeing = 0;
  std::size_t records = 0;

  bool is_below(const score& other) const {
    return per_mille != other.per_mille ? per_mille < other.per_mille : fields < other.fields;
  }
};

score score_of(const std::vector<fields>& records) {
  std::map<std::size_t, std::size_t> counts;
  for (const auto& record : records)
    ++counts[record.size()];
  score best;
  best.records = records.size();
  for (const auto& [size, count] : counts)
    if (size > 1 && count >= best.agreeing) {
      best.agreeing = count;
      best.fields = size;
      best.per_mille = 1'000 * count / records.size();
    }
  return best;
}

/// Whether a text is a number, a date or the like: a digit in it and no letter.
bool is_value(std::string_view text) {
  const auto is_digit = [](char c) {
    return c >= '0' && c <= '9';
  };
  const auto is_letter = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || static_cast<signed char>(c) < 0;
  };
  return std::ranges::any_of(text, is_digit) && std::ranges::none_of(text, is_letter);
}

class sniffer {
public:
  sniffer(std::string_view head, bool is_whole, const dialect_wishes& wishes)
    : is_whole_(is_whole)
    , wishes_(wishes) {
    choose_encoding(head);
    text_ = to_utf8(made_.dialect.encoding, head, is_whole);
    text_.erase(0, bom_bytes(text_));
    choose_quote();
    choose_delimiter();
    choose_header();
  }

  sniffed_dialect take() { return std::move(made_); }

private:
  void because(std::string what, const std::string& why) {
    made_.reasons.push_back(std::move(what) + why);
  }

  void choose_encoding(std::string_view head) {
    auto& encoding = made_.dialect.encoding;
    const auto chosen = [&](text_encoding e, const std::string& why) {
      encoding = e;
      because("the encoding is " + std::string(to_string(e)), why);
    };
    std::size_t even = 0, odd = 0;
    for (std::size_t i = 0; i < head.size(); ++i)
      if (head[i] == '\0')
        ++(i % 2 == 0 ? even : odd);
    const std::size_t many = head.size() / 5 + 1;
    const std::size_t utf8 = utf8_prefix_bytes(head);
    const bool is_cut = !is_whole_ && head.size() - utf8 < 4;
    if (wishes_.encoding)
      chosen(*wishes_.encoding, ", as was said");
    else if (head.starts_with(utf8_bom))
      chosen(text_encoding::utf8, ": its byte order mark stands at the front");
    else if (head.starts_with("\xff\xfe"))
      chosen(text_encoding::utf16le, ": its byte order mark stands at the front");
    else if (head.starts_with("\xfe\xff"))
      chosen(text_encoding::utf16be, ": its byte order mark stands at the front");
    else if (odd >= many && even < many)
      chosen(text_encoding::utf16le, ": many second bytes of two are zero");
    else if (even >= many && odd < many)
      chosen(text_encoding::utf16be, ": many first bytes of two are zero");
    else if (utf8 == head.size() || is_cut)
      chosen(text_encoding::utf8, ": all bytes are");
    else
      chosen(text_encoding::latin1,
             ": byte " + std::to_string(utf8) + " is not UTF-8, and all bytes are Latin-1");
  }

  bool stands_at_begin_of_field(char quote) const {
    bool is_begin = true;
    for (const char c : text_) {
      if (c == quote && is_begin)
        return true;
      is_begin = c == '\n'
                 || (wishes_.delimiter ? c == *wishes_.delimiter
                                       : std::ranges::find(delimiters, c) != delimiters.end());
    }
    return false;
  }

  void choose_quote() {
    auto& quote = made_.dialect.quote;
    if (wishes_.quote) {
      quote = *wishes_.quote;
      because("the quote is " + std::string(1, quote), ", as was said");
    } else if (stands_at_begin_of_field('"')) {
      because("the quote is \"", ": fields begin with it");
    } else if (stands_at_begin_of_field('\'')) {
      quote = '\'';
      because("the quote is '", ": fields begin with it, and none with \"");
    } else {
      because("the quote is \"", ": no field begins with a quote, and this is the usual one");
    }
  }

  void choose_delimiter() {
    auto& delimiter = made_.dialect.delimiter;
    if (wishes_.delimiter) {
      delimiter = *wishes_.delimiter;
      because("the delimiter is " + std::string(name_of_delimiter(delimiter)), ", as was said");
      return;
    }
    score best;
    for (const char candidate : delimiters) {
      if (candidate == made_.dialect.quote)
        continue;
      const auto s = score_of(first_records(text_, is_whole_, candidate, made_.dialect.quote));
      if (best.is_below(s)) {
        best = s;
        delimiter = candidate;
      }
    }
    const std::string what = "the delimiter is " + std::string(name_of_delimiter(delimiter));
    if (best.agreeing == 0)
      because(what, ": no other one divides the records, and this is the usual one");
    else
      because(what, ": it divides " + std::to_string(best.agreeing) + " of the first "
                      + std::to_string(best.records) + " records into "
                      + std::to_string(best.fields) + " fields");
  }

  void choose_header() {
    auto& has_header = made_.dialect.has_header;
    const std::string there = "there is a header";
    const std::string none = "there is no header";
    const auto records
      = first_records(text_, is_whole_, made_.dialect.delimiter, made_.dialect.quote);
    if (wishes_.has_header) {
      has_header = *wishes_.has_header;
      because(has_header ? there : none, ", as was said");
      return;
    }
    has_header = false;
    const fields first = records.empty() ? fields{} : records.front();
    const std::set<std::string> different(first.begin(), first.end());
    if (first.empty() || different.contains(""))
      return because(none, ": a field of the first record is empty");
    if (different.size() != first.size())
      return because(none, ": two fields of the first record are the same");
    if (const auto value = std::ranges::find_if(first, is_value); value != first.end())
      return because(none, ": the first record has the value " + *value);
    has_header = true;
    for (std::size_t i = 0; i < first.size(); ++i) {
      const auto is_value_there = [i](const fields& f) {
        return i < f.size() && is_value(f[i]);
      };
      if (records.size() > 1 && std::all_of(records.begin() + 1, records.end(), is_value_there))
        return because(there, ": under " + first[i] + " stand values only");
    }
    because(there, ": the first record has different words only");
  }

  bool is_whole_;
  dialect_wishes wishes_;
  std::string text_;
  sniffed_dialect made_;
};

} // namespace

result<sniffed_dialect> sniff(std::string_view head, bool is_whole, const dialect_wishes& wishes) {
  dialect wished;
  wished.delimiter = wishes.delimiter.value_or(wishes.quote == ',' ? ';' : ',');
  wished.quote = wishes.quote.value_or(wishes.delimiter == '"' ? '\'' : '"');
  if (auto possible = checked(wished); !possible)
    return possible.error();
  sniffed_dialect made = sniffer(head, is_whole, wishes).take();
  // Only if a wished delimiter is the quote that was guessed.
  if (made.dialect.quote == made.dialect.delimiter)
    made.dialect.quote = made.dialect.delimiter == '"' ? '\'' : '"';
  return made;
}

} // namespace dossier::csv
