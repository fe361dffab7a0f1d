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

} // namespace dossier
