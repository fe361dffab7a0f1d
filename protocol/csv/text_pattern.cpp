// SPDX-License-Identifier: Apache-2.0
// A pattern is a row of parts, so its automaton is a line and fits into the bits of a word: bit i
// says that the text so far may be followed by part i.
#include "protocol/csv/text_pattern.hpp"

#include "protocol/ascii.hpp"

#include <bitset>
#include <optional>

namespace dossier::csv {

namespace {

constexpr std::size_t parts_max = 63;
constexpr std::size_t not_ascii = 128;
using character_set = std::bitset<129>;

bool is_mark(char c) {
  return c > ' ' && c < 0x7f && !is_digit(c) && !(c >= 'a' && c <= 'z') && !(c >= 'A' && c <= 'Z');
}

character_set digits() {
  character_set set;
  for (char c = '0'; c <= '9'; ++c)
    set.set(static_cast<std::size_t>(c));
  return set;
}

} // namespace

class pattern_compiler {
public:
  explicit pattern_compiler(std::string_view text)
    : text_(text) {}

  result<text_pattern> compile() {
    for (const char c : text_)
      if (static_cast<signed char>(c) < ' ')
        return refusal("holds a character that is not printable ASCII");
    while (at_ < text_.size() && why_.empty()) {
      const character_set set = part();
      if (why_.empty())
        add(set);
    }
    if (!why_.empty())
      return refusal(why_);
    made_.text_ = text_;
    made_.end_ = std::uint64_t{1} << count_;
    return std::move(made_);
  }

private:
  struct times {
    std::size_t min = 1;
    std::size_t max = 1;
    bool is_endless = false;
  };

  failure refusal(const std::string& why) const {
    return fail(errc::invalid_argument, "the pattern " + why);
  }
  void refuse(const std::string& why) {
    if (why_.empty())
      why_ = why + " at character " + std::to_string(at_ + 1);
  }
  bool is_next(char c) const { return at_ < text_.size() && text_[at_] == c; }

  /// One character of a set, or outside one.
  char literal() {
    if (at_ >= text_.size()) {
      refuse("ends too early");
      return 0;
    }
    if (text_[at_] != '\\')
      return text_[at_++];
    if (at_ + 1 >= text_.size() || !is_mark(text_[at_ + 1])) {
      refuse("has a \\ that no mark follows");
      return 0;
    }
    at_ += 2;
    return text_[at_ - 1];
  }

  character_set part() {
    character_set set;
    const char c = text_[at_];
    if (c == '.') {
      ++at_;
      return set.set();
    }
    if (c == '[')
      return bracket();
    if (text_.substr(at_).starts_with("\\d")) {
      at_ += 2;
      return digits();
    }
    if (std::string_view("?*+{").find(c) != std::string_view::npos)
      refuse("repeats nothing");
    else if (std::string_view("()|").find(c) != std::string_view::npos)
      refuse("has a group or an alternative, which is not supported,");
    else if (c == '^' || c == '$')
      refuse("has an anchor, which is not needed as the whole text is matched,");
    else if (c == ']' || c == '}')
      refuse(std::string("has a ") + c + " without its beginning");
    else
      set.set(static_cast<std::size_t>(literal()));
    return set;
  }

  character_set bracket() {
    character_set set;
    ++at_;
    const bool is_inverse = is_next('^');
    at_ += is_inverse ? 1 : 0;
    while (why_.empty() && !is_next(']')) {
      if (text_.substr(at_).starts_with("\\d")) {
        at_ += 2;
        set |= digits();
        continue;
      }
      const char low = literal();
      char high = low;
      if (is_next('-') && at_ + 1 < text_.size() && text_[at_ + 1] != ']') {
        ++at_;
        high = literal();
        if (high < low)
          refuse("has a range that ends before it begins");
      }
      for (int c = low; c <= high; ++c)
        set.set(static_cast<std::size_t>(c));
    }
    ++at_;
    if (set.none())
      refuse("has an empty set");
    return is_inverse ? ~set : set;
  }

  std::optional<std::size_t> number() {
    if (at_ >= text_.size() || !is_digit(text_[at_]))
      return std::nullopt;
    std::size_t n = 0;
    while (at_ < text_.size() && is_digit(text_[at_]) && n <= parts_max)
      n = n * 10 + static_cast<std::size_t>(text_[at_++] - '0');
    return n;
  }

  times repetition() {
    if (is_next('?') || is_next('*') || is_next('+')) {
      const char c = text_[at_++];
      return {c == '+' ? 1U : 0U, 1, c != '?'};
    }
    if (!is_next('{'))
      return {};
    ++at_;
    times t;
    const auto low = number();
    if (!low) {
      refuse("has a { that no number follows");
      return {};
    }
    t.min = t.max = *low;
    if (is_next(',')) {
      ++at_;
      const auto high = number();
      t.is_endless = !high;
      t.max = high.value_or(*low == 0 ? 1 : *low);
    }
    if (!is_next('}') || t.max < t.min || t.max == 0)
      refuse("has a {m,n} that cannot be");
    ++at_;
    return t;
  }

  void add(const character_set& set) {
    const times t = repetition();
    if (!why_.empty())
      return;
    if (is_next('?') || is_next('*') || is_next('+') || is_next('{'))
      return refuse("repeats a repetition");
    if (count_ + t.max > parts_max) {
      why_ = "comes to more than 63 parts";
      return;
    }
    for (std::size_t i = 0; i < t.max; ++i, ++count_) {
      const std::uint64_t bit = std::uint64_t{1} << count_;
      for (std::size_t c = 0; c <= not_ascii; ++c)
        if (set.test(c))
          made_.takes_[c] |= bit;
      if (i >= t.min)
        made_.optional_ |= bit;
      if (t.is_endless && i + 1 == t.max)
        made_.repeated_ |= bit;
    }
  }

  std::string_view text_;
  std::size_t at_ = 0;
  std::string why_;
  text_pattern made_;
  std::size_t count_ = 0;
};

result<text_pattern> text_pattern::compile(std::string_view text) {
  return pattern_compiler(text).compile();
}

std::uint64_t text_pattern::closed(std::uint64_t parts) const {
  for (std::uint64_t more = (parts & optional_) << 1; (more & ~parts) != 0;
       more = (parts & optional_) << 1)
    parts |= more;
  return parts;
}

bool text_pattern::matches(std::string_view utf8) const {
  std::uint64_t parts = closed(1);
  for (const char c : utf8) {
    const auto byte = static_cast<unsigned char>(c);
    // The first byte of a character stands for all of it.
    if ((byte & 0xc0) == 0x80)
      continue;
    const std::uint64_t taken = parts & takes_[byte < 0x80 ? byte : not_ascii];
    parts = closed(taken << 1 | (taken & repeated_));
    if (parts == 0)
      return false;
  }
  return (parts & end_) != 0;
}

} // namespace dossier::csv
