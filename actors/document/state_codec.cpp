// SPDX-License-Identifier: Apache-2.0
// A document's state row in bytes: numbers big-endian, texts behind their length, members in the
// order of `pass`, which writer and reader share so that they cannot disagree.
#include "actors/document/rules.hpp"

#include "protocol/assert.hpp"

#include <algorithm>
#include <limits>
#include <utility>

namespace dossier::document {

namespace {

/// First byte of a row. Frozen for this state_format.
enum class phase : std::uint8_t { absent = 0, pending = 1, active = 2, ended = 3 };

class row_writer {
public:
  void operator()(std::uint8_t value) { bytes_ += static_cast<char>(value); }

  void operator()(std::uint64_t value) { put(value, 8); }
  void operator()(std::int64_t value) { put(static_cast<std::uint64_t>(value), 8); }
  void operator()(timestamp t) { (*this)(to_ms(t)); }
  void operator()(status s) { (*this)(static_cast<std::uint8_t>(s)); }

  void operator()(const std::string& text) {
    length(text.size());
    bytes_ += text;
  }
  void operator()(const sha256_digest& digest) {
    bytes_.append(reinterpret_cast<const char*>(digest.data()), digest.size());
  }
  void operator()(const std::vector<std::int64_t>& values) {
    length(values.size());
    for (const std::int64_t value : values)
      (*this)(value);
  }
  void operator()(const content& c) {
    (*this)(c.sha256);
    (*this)(c.size_bytes);
  }
  template <class T>
  void operator()(const std::optional<T>& value) {
    (*this)(static_cast<std::uint8_t>(value.has_value()));
    if (value)
      (*this)(*value);
  }

  std::string take() { return std::move(bytes_); }

  row_writer() { bytes_.reserve(320); }

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
  void operator()(std::uint64_t& value) { value = number(8); }
  void operator()(std::int64_t& value) { value = static_cast<std::int64_t>(number(8)); }
  void operator()(timestamp& t) {
    t = from_ms(static_cast<std::int64_t>(number(8)));
    fits_ = fits_ && t >= timestamp{} && t <= timestamp_max;
  }
  /// Only ended documents store one.
  void operator()(status& s) {
    s = static_cast<status>(number(1));
    fits_ = fits_ && (s == status::expired || s == status::deleted || s == status::abandoned);
  }

  void operator()(std::string& text) { text = take(number(4)); }
  void operator()(sha256_digest& digest) {
    const std::string_view bytes = take(digest.size());
    std::copy(bytes.begin(), bytes.end(), digest.begin());
  }
  void operator()(std::vector<std::int64_t>& values) {
    const std::uint64_t count = number(4);
    fits_ = fits_ && count <= rest_.size() / 8;
    values.resize(fits_ ? count : 0);
    for (std::int64_t& value : values)
      (*this)(value);
  }
  void operator()(content& c) {
    (*this)(c.sha256);
    (*this)(c.size_bytes);
  }
  template <class T>
  void operator()(std::optional<T>& value) {
    const std::uint64_t presence = number(1);
    fits_ = fits_ && presence <= 1;
    if (presence == 1)
      (*this)(value.emplace());
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

template <class Row, class Facts>
void pass_facts(Row& row, Facts& f) {
  row(f.customer);
  row(f.document_type);
  row(f.file_name);
  row(f.content_type);
  row(f.blob_path);
  row(f.expiry);
  row(f.leads_s);
  row(f.leads_pending_s);
  row(f.upload_expires_at);
  row(f.abandoned_at);
  row(f.created_at);
  row(f.updated_at);
}

template <class Row, class Pending>
void pass_pending(Row& row, Pending& s) {
  pass_facts(row, s.facts);
  row(s.declared_size_bytes);
  row(s.declared_sha256);
  row(s.content);
}

template <class Row, class Active>
void pass_active(Row& row, Active& s) {
  pass_facts(row, s.facts);
  row(s.content);
}

template <class Row, class Ended>
void pass_ended(Row& row, Ended& s) {
  pass_facts(row, s.facts);
  row(s.how);
}

struct writing {
  row_writer& row;

  void operator()(const absent&) const { begin(phase::absent); }
  void operator()(const pending& s) const {
    begin(phase::pending);
    pass_pending(row, s);
  }
  void operator()(const active& s) const {
    begin(phase::active);
    pass_active(row, s);
  }
  void operator()(const ended& s) const {
    begin(phase::ended);
    pass_ended(row, s);
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
    return fail(errc::corrupt, std::string("cannot read a document's state row: ") + why
                                 + "; it can be folded anew from the document's events");
  };
  row_reader row(bytes);
  std::uint8_t first = 0;
  row(first);
  if (first > static_cast<std::uint8_t>(phase::ended))
    return unreadable("its first byte names no phase");
  state s;
  switch (static_cast<phase>(first)) {
  case phase::absent:
    break;
  case phase::pending:
    pass_pending(row, s.emplace<pending>());
    break;
  case phase::active:
    pass_active(row, s.emplace<active>());
    break;
  case phase::ended:
    pass_ended(row, s.emplace<ended>());
    break;
  }
  if (!row.is_done())
    return unreadable("its bytes are too few, too many or out of bounds");
  return s;
}

} // namespace dossier::document
