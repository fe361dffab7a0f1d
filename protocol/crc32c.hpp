// SPDX-License-Identifier: Apache-2.0
// CRC-32C (Castagnoli, RFC 3720): finds bytes that a disk has torn, lost or turned. It proves
// nothing against malice. Pure.
#pragma once

#include <cstdint>
#include <string_view>

namespace dossier {

/// Of bytes that follow those with the checksum `before`; of all that follow nothing it is 0.
std::uint32_t crc32c(std::string_view bytes, std::uint32_t before = 0);

/// The same without the instruction of the processor, for tests and older machines.
std::uint32_t crc32c_by_table(std::string_view bytes, std::uint32_t before = 0);

} // namespace dossier
