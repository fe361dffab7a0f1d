// SPDX-License-Identifier: Apache-2.0
// A letter's state row in bytes: numbers big-endian, texts behind their length, members in the
// order of `pass`, which writer and reader share so that they cannot disagree.
#include "actors/letter/rules.hpp"

#include "protocol/assert.hpp"

#include <limits>
#include <utility>

namespace dossier::letter {

namespace {

/// First byte of a row. Frozen for this state_format.
enum class phase : std::uint8_t { absent = 0, retrying = 1, dead = 2, closed = 3 };

class row_writer {
public:
  void operator()(std::uint8_t value) { put(value, 1); }
  void operator()(std::uint32_t value) { put(value, 4); }
  void operator()(std::uint64_t value) { put(value, 8); }
  void operator()(timestamp t) { (*this)(static_cast<std::uint64_t>(to_ms(t))); }
  void operator()(channel c) { (*this)(static_cast<std::uint8_t>(c)); }
  void operator()(status s) { (*this)(static_cast<std::uint8_t>(s)); }
  void operator()(errc code) { (*this)(static_cast<std::uint8_t>(code)); }

  void operator()(const std::string& bytes) {
    length(bytes.size());
    bytes_ += bytes;
  }
  void operator()(const std::optional<std::string>& value) {
    (*this)(static_cast<std::uint8_t>(value.has_value()));
    if (value)
      (*this)(*value);
  }
  void operator()(const std::vector<std::pair<std::string, std::string>>& pairs) {
    length(pairs.size());
    for (const auto& [name, value] : pairs) {
      (*this)(name);
      (*this)(value);
    }
  }

  std::string take() { return std::move(bytes_); }

  row_writer() { bytes_.reserve(1'024); }

private:
  void length(std::size_t n) {
    DOSSIER_ASSERT(n <= std::numeric_limits<std::uint32_t>::max(), "a state member is below 4 GiB");
    put(n, 4);
  }
  void put(std::uint64_t value, int size) {
    for (int i = size - 1; i >= 0; --i)
      bytes_ += static_cast<char>(value >> 8 * i);
  }

  std::string bytes_;
};

/// Once something did not fit, it reads nothing but zeros: check is_done() at the end.
class row_reader {
public:
  explicit row_reader(std::string_view bytes)
    : rest_(bytes) {}

  bool is_done() const { return fits_ && rest_.empty(); }

  void operator()(std::uint8_t& value) { value = static_cast<std::uint8_t>(number(1)); }
  void operator()(std::uint32_t& value) { value = static_cast<std::uint32_t>(number(4)); }
  void operator()(std::uint64_t& value) { value = number(8); }
  void operator()(timestamp& t) {
    t = from_ms(static_cast<std::int64_t>(number(8)));
    fits_ = fits_ && t >= timestamp{} && t <= timestamp_max;
  }
  void operator()(channel& c) {
    c = static_cast<channel>(number(1));
    fits_ = fits_ && to_string(c) != "unknown";
  }
  /// Only closed letters store one.
  void operator()(status& s) {
    s = static_cast<status>(number(1));
    fits_ = fits_ && (s == status::settled || s == status::discarded);
  }
  void operator()(errc& code) {
    code = static_cast<errc>(number(1));
    fits_ = fits_ && to_string(code) != "unknown";
  }

  void operator()(std::string& bytes) { bytes = take(number(4)); }
  void operator()(std::optional<std::string>& value) {
    const std::uint64_t presence = number(1);
    fits_ = fits_ && presence <= 1;
    if (presence == 1)
      (*this)(value.emplace());
  }
  void operator()(std::vector<std::pair<std::string, std::string>>& pairs) {
    const std::uint64_t count = number(4);
    // Each has two lengths, so no damaged count can ask for more memory than the row has bytes.
    fits_ = fits_ && count <= rest_.size() / 8;
    pairs.resize(fits_ ? count : 0);
    for (auto& [name, value] : pairs) {
      (*this)(name);
      (*this)(value);
    }
  }

private:
  std::string_view take(std::uint64_t size) {
    fits_ = fits_ && size <= rest_.size();
    if (!fits_)
      return {};
    const std::string_view taken = rest_.substr(0, size);
    rest_.remove_prefix(size);
    return taken;
  }
  std::uint64_t number(std::size_t size) {
    std::uint64_t value = 0;
    for (const char c : take(size))
      value = value << 8 | static_cast<std::uint8_t>(c);
    return value;
  }

  std::string_view rest_;
  bool fits_ = true;
};

// Each names the members of one struct, in order, for writing (const) and for reading alike.

template <class Row, class Trouble>
void pass_trouble(Row& row, Trouble& t) {
  row(t.code);
  row(t.why);
  row(t.where);
}

template <class Row, class Facts>
void pass_facts(Row& row, Facts& f) {
  row(f.origin.channel);
  row(f.origin.topic);
  row(f.origin.partition);
  row(f.origin.offset);
  row(f.origin.at);
  row(f.message.key);
  row(f.message.headers);
  row(f.message.value);
  row(f.type);
  row(f.subject);
  pass_trouble(row, f.first);
  pass_trouble(row, f.last);
  row(f.fingerprint);
  row(f.attempts);
  row(f.redrives);
  row(f.received_at);
  row(f.updated_at);
}

template <class Row, class Retrying>
void pass_retrying(Row& row, Retrying& s) {
  pass_facts(row, s.facts);
  row(s.attempt);
  row(s.due);
}

template <class Row, class Closed>
void pass_closed(Row& row, Closed& s) {
  pass_facts(row, s.facts);
  row(s.how);
}

struct writing {
  row_writer& row;

  void operator()(const absent&) const { begin(phase::absent); }
  void operator()(const retrying& s) const {
    begin(phase::retrying);
    pass_retrying(row, s);
  }
  void operator()(const dead& s) const {
    begin(phase::dead);
    pass_facts(row, s.facts);
  }
  void operator()(const closed& s) const {
    begin(phase::closed);
    pass_closed(row, s);
  }

private:
  void begin(phase p) const { row(static_cast<std::uint8_t>(p)); }
};

} // namespace

std::string encode_state(const state& s) {
  row_writer row;
  std::visit(writing{row}, s);
  return row.take();
}

result<state> decode_state(std::string_view bytes) {
  const auto unreadable = [](const char* why) {
    return fail(errc::corrupt, std::string("cannot read a letter's state row: ") + why
                                 + "; it can be folded anew from the letter's events");
  };
  row_reader row(bytes);
  std::uint8_t first = 0;
  row(first);
  if (first > static_cast<std::uint8_t>(phase::closed))
    return unreadable("its first byte names no phase");
  state s;
  switch (static_cast<phase>(first)) {
  case phase::absent:
    break;
  case phase::retrying:
    pass_retrying(row, s.emplace<retrying>());
    break;
  case phase::dead:
    pass_facts(row, s.emplace<dead>().facts);
    break;
  case phase::closed:
    pass_closed(row, s.emplace<closed>());
    break;
  }
  if (!row.is_done())
    return unreadable("its bytes are too few, too many or out of bounds");
  return s;
}

} // namespace dossier::letter
