// SPDX-License-Identifier: Apache-2.0
// A job's state row in bytes: what each struct passes, in order, to writer and reader alike. Chunks
// are most of it and are written at each of their events, so their numbers take as few bytes as
// they have: seven bits in each, the lowest first, the high bit says that more follow.
#include "actors/ingestion/rules.hpp"

#include "protocol/row_bytes.hpp"

#include <algorithm>

namespace dossier::ingestion {

namespace {

void put(std::string& bytes, std::uint64_t value) {
  for (; value >= 0x80; value >>= 7)
    bytes += static_cast<char>(value | 0x80);
  bytes += static_cast<char>(value);
}

/// Once something did not fit, it reads zeros.
struct number_reader {
  std::string_view rest;
  bool fits = true;

  std::uint64_t number(std::uint64_t max = ~std::uint64_t{0}) {
    std::uint64_t value = 0;
    for (unsigned shift = 0; fits; shift += 7) {
      fits = !rest.empty() && shift < 64;
      if (!fits)
        break;
      const auto byte = static_cast<std::uint8_t>(rest.front());
      rest.remove_prefix(1);
      value |= std::uint64_t{byte & 0x7fu} << shift;
      if (byte < 0x80)
        break;
    }
    fits = fits && value <= max;
    return fits ? value : 0;
  }
};

std::string packed(const std::vector<chunk>& chunks) {
  std::string bytes;
  bytes.reserve(32 + 20 * chunks.size());
  if (!chunks.empty()) {
    put(bytes, chunks.front().begin);
    put(bytes, chunks.front().line);
  }
  for (const auto& c : chunks) {
    put(bytes, static_cast<std::uint64_t>(c.phase));
    put(bytes, c.extent.bytes);
    put(bytes, c.extent.records);
    put(bytes, c.extent.lines);
    put(bytes, c.attempt);
    put(bytes, c.failures);
    put(bytes, c.interruptions);
    put(bytes, c.revision);
    put(bytes, c.rows);
    put(bytes, c.rejects);
    if (c.phase == chunk_phase::waiting)
      put(bytes, static_cast<std::uint64_t>(to_ms(c.due)));
  }
  return bytes;
}

/// False for bytes that packed() could not have written. A chunk takes ten bytes at least, so
/// damaged ones ask for little memory.
bool unpack(std::string_view bytes, std::vector<chunk>& chunks) {
  constexpr std::uint64_t most = ~std::uint32_t{0};
  number_reader in{bytes};
  if (bytes.empty())
    return true;
  chunk next;
  next.begin = in.number();
  next.line = in.number();
  while (in.fits && !in.rest.empty()) {
    auto c = next;
    c.phase = static_cast<chunk_phase>(in.number(255));
    c.extent.bytes = in.number();
    c.extent.records = in.number();
    c.extent.lines = in.number();
    c.attempt = static_cast<std::uint32_t>(in.number(most));
    c.failures = static_cast<std::uint32_t>(in.number(most));
    c.interruptions = static_cast<std::uint32_t>(in.number(most));
    c.revision = static_cast<std::uint32_t>(in.number(most));
    c.rows = in.number();
    c.rejects = in.number();
    if (c.phase == chunk_phase::waiting)
      c.due = from_ms(
        static_cast<std::int64_t>(in.number(static_cast<std::uint64_t>(to_ms(timestamp_max)))));
    in.fits = in.fits && to_string(c.phase) != "unknown";
    chunks.push_back(c);
    next.begin += c.extent.bytes;
    next.record += c.extent.records;
    next.line += c.extent.lines;
  }
  return in.fits && !chunks.empty();
}

} // namespace

template <class Row, is_a<submission> F>
void pass_members(Row& row, F& s) {
  row(s.customer);
  row(s.original_file_name);
  row(s.blob_name);
  row(s.container_name);
  row(s.sha256);
  row(s.bytes);
  row(s.schema_name);
  row(s.schema_version);
  row(s.options);
  row(s.is_kept);
  row(s.has_unique_keys);
  row(s.publishes_rows);
}

template <class Row, is_a<reject_limits> F>
void pass_members(Row& row, F& l) {
  row(l.rejects_max);
  row(l.rejects_ppm_max);
}

template <class Row, is_a<pace> F>
void pass_members(Row& row, F& p) {
  row(p.since);
  row(p.bytes);
  row(p.rows);
}

template <class Row, is_a<facts> F>
void pass_members(Row& row, F& f) {
  row(f.submission);
  row(f.limits);
  row(f.type);
  if constexpr (std::is_const_v<F>) {
    row(packed(f.chunks));
  } else {
    std::string bytes;
    row(bytes);
    row.expect(unpack(bytes, f.chunks));
  }
  row(f.troubles);
  row(f.pace);
  row(f.are_keys_compared);
  row(f.accepted_at);
  row(f.updated_at);
}

template <class Row, is_a<absent> F>
void pass_members(Row&, F&) {}

template <class Row, is_a<queued> F>
void pass_members(Row& row, F& s) {
  row(s.facts);
}

template <class Row, is_a<splitting> F>
void pass_members(Row& row, F& s) {
  row(s.facts);
}

template <class Row, is_a<working> F>
void pass_members(Row& row, F& s) {
  row(s.facts);
}

template <class Row, is_a<ended> F>
void pass_members(Row& row, F& s) {
  row(s.facts);
  row(s.how);
  row(s.cause);
  row(s.why);
  row(s.at);
}

namespace {

/// Whether the chunks cover the file from where they begin to its end, in numbers that fit.
bool do_cover(const facts& f) {
  auto rest = f.submission.bytes;
  if (f.chunks.front().begin > rest)
    return false;
  rest -= f.chunks.front().begin;
  for (const auto& c : f.chunks) {
    if (c.extent.bytes > rest)
      return false;
    rest -= c.extent.bytes;
  }
  return rest == 0;
}

bool are_sound(const troubles& known, std::size_t chunk_count) {
  std::uint32_t before = 0;
  for (const auto& [number, why] : known) {
    if (number <= before || number > chunk_count)
      return false;
    before = number;
  }
  return known.size() <= troubles_max;
}

/// What the rules rely on without looking.
bool is_sound(const state& s) {
  const auto* f = facts_of(s);
  if (!f)
    return true;
  const bool has_chunks = !f->chunks.empty();
  if (f->type == job_type::chunk || !are_sound(f->troubles, f->chunks.size())
      || (has_chunks && !do_cover(*f)))
    return false;
  if (const auto* e = std::get_if<ended>(&s))
    return e->how >= status::succeeded && std::ranges::none_of(f->chunks, [](const chunk& c) {
             return c.phase == chunk_phase::running || c.phase == chunk_phase::waiting;
           });
  return has_chunks == std::holds_alternative<working>(s);
}

} // namespace

std::string encode_state(const state& s) {
  const auto* f = facts_of(s);
  return write_phase(s, 1'024 + (f ? 20 * f->chunks.size() : 0));
}

result<state> decode_state(std::string_view bytes) {
  // Only what would be written again is believed.
  if (auto read = read_phase<absent, queued, splitting, working, ended>(bytes);
      read && is_sound(*read) && encode_state(*read) == bytes)
    return *std::move(read);
  return fail(errc::corrupt,
              "cannot read a job's state row: its bytes are too few, too many or out of bounds; it "
              "can be folded anew from the job's events");
}

} // namespace dossier::ingestion
