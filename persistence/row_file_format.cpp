// SPDX-License-Identifier: Apache-2.0
#include "persistence/row_file_format.hpp"

#include "protocol/crc32c.hpp"

#include <cstddef>

namespace dossier {

namespace row_format {

std::uint32_t checksum_of(const block_head& head, std::string_view block) {
  return crc32c(block, crc32c(bytes_of(head).substr(0, offsetof(block_head, checksum))));
}

std::uint64_t pages_of(std::uint64_t entries) {
  return (entries + page_entries - 1) / page_entries;
}

std::uint64_t bytes_of_run(std::uint64_t entries) {
  return entries * entry_bytes + pages_of(entries) * checksum_bytes;
}

} // namespace row_format

result<std::string> named_input::read(std::uint64_t offset, std::size_t bytes) const {
  if (offset > size_bytes() || bytes > size_bytes() - offset)
    return corrupt(offset, "it ends before what should stand here does");
  std::string read(bytes, '\0');
  const auto count = file_->read(offset, std::as_writable_bytes(std::span(read)));
  if (!count)
    return count.error();
  if (*count != bytes)
    return corrupt(offset + *count, "it ends here, though it was longer when it was opened");
  return read;
}

failure named_input::corrupt(std::uint64_t offset, std::string_view what) const {
  return fail(errc::corrupt, "The rows in " + path_ + " are damaged at byte "
                               + std::to_string(offset) + ": " + std::string(what)
                               + ". Restore the file from a backup or ingest its chunk again.");
}

} // namespace dossier
