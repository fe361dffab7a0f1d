// SPDX-License-Identifier: Apache-2.0
// A reject in bytes: a head of 64, then column, message and text.
#include "persistence/stored_reject.hpp"

#include "persistence/row_file_format.hpp"
#include "protocol/assert.hpp"

namespace dossier {

namespace {

struct reject_head {
  std::uint64_t number = 0;
  std::uint64_t offset = 0;
  std::uint64_t line = 0;
  std::uint64_t record_bytes = 0;
  std::uint64_t error_offset = 0;
  std::uint32_t field = 0; ///< 0 if none is to blame.
  std::uint32_t column_bytes = 0;
  std::uint32_t message_bytes = 0;
  std::uint32_t text_bytes = 0;
  std::uint32_t has_field = 0;
  std::uint32_t kind = 0;
};
static_assert(sizeof(reject_head) == 64);

std::uint32_t size_of(std::string_view text) {
  DOSSIER_ASSERT(text.size() <= row_format::block_bytes_max, "A reject was measured before.");
  return static_cast<std::uint32_t>(text.size());
}

std::string_view cut(std::string_view& rest, std::size_t bytes) {
  const auto text = rest.substr(0, bytes);
  rest.remove_prefix(bytes);
  return text;
}

} // namespace

std::uint64_t bytes_of_stored(const csv::reject& r) {
  return sizeof(reject_head) + r.column.size() + r.message.size() + r.text.size();
}

void put_reject(const csv::reject& r, std::string& bytes) {
  reject_head head;
  head.number = r.record.number;
  head.offset = r.record.offset;
  head.line = r.record.line;
  head.record_bytes = r.record_bytes;
  head.error_offset = r.error_offset;
  head.field = r.field.value_or(0);
  head.column_bytes = size_of(r.column);
  head.message_bytes = size_of(r.message);
  head.text_bytes = size_of(r.text);
  head.has_field = r.field ? 1 : 0;
  head.kind = static_cast<std::uint32_t>(r.kind);
  bytes += row_format::bytes_of(head);
  bytes += r.column;
  bytes += r.message;
  bytes += r.text;
}

result<bool> stored_rejects_reader::next() {
  if (rest_.empty())
    return false;
  if (rest_.size() < sizeof(reject_head))
    return fail(errc::corrupt, "a reject is cut off before its head ends");
  const auto head = row_format::take<reject_head>(rest_);
  const std::uint64_t texts
    = std::uint64_t{head.column_bytes} + head.message_bytes + head.text_bytes;
  if (texts > rest_.size())
    return fail(errc::corrupt, "a reject has texts that lie outside of its block");
  present_.kind = static_cast<csv::reject_kind>(head.kind);
  if (head.kind > 0xff || to_string(present_.kind) == "unknown")
    return fail(errc::corrupt, "a reject is of a kind that nobody here knows");
  present_.record = {head.offset, head.line, head.number};
  present_.record_bytes = head.record_bytes;
  present_.error_offset = head.error_offset;
  present_.field = head.has_field != 0 ? std::optional(head.field) : std::nullopt;
  present_.column = cut(rest_, head.column_bytes);
  present_.message = cut(rest_, head.message_bytes);
  present_.text = cut(rest_, head.text_bytes);
  return true;
}

result<std::vector<stored_reject>>
gather_rejects(std::uint64_t limit, std::uint64_t bytes_max,
               const std::function<result<void>(const reject_visit&)>& walk) {
  std::vector<stored_reject> found;
  std::uint64_t bytes = 0;
  if (limit == 0)
    return found;
  const auto walked = walk([&](const csv::reject& r) {
    found.push_back(owned(r));
    bytes += r.text.size();
    return found.size() < limit && bytes < bytes_max;
  });
  if (!walked)
    return walked.error();
  return found;
}

stored_reject owned(const csv::reject& r) {
  return {r.kind,  r.record, r.record_bytes, r.error_offset,
          r.field, r.column, r.message,      std::string(r.text)};
}

csv::reject borrowed(const stored_reject& r) {
  return {r.kind, r.record, r.record_bytes, r.error_offset, r.field, r.column, r.message, r.text};
}

} // namespace dossier
