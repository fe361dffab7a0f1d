// SPDX-License-Identifier: Apache-2.0
// Byte ranges of RFC 9110 section 14: which parts of a content a Range field asks for. Pure.
#pragma once

#include "protocol/result.hpp"

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace dossier {

/// Both ends included, so never empty.
struct byte_range {
  std::uint64_t first = 0;
  std::uint64_t last = 0;

  std::uint64_t size_bytes() const { return last - first + 1; }
  bool operator==(const byte_range&) const = default;
};

/// More parts than this are answered with the whole content: many small parts cost more than they
/// save.
inline constexpr std::size_t range_parts_max = 16;
/// More ranges than this in one field are not even sorted.
inline constexpr std::size_t range_specs_max = 128;

/// nullopt: send the whole content (no Range field, another unit, too many parts, or an empty
/// content). Otherwise one or more parts, disjoint and not adjacent, in the order in which they
/// were asked for. range_not_satisfiable when the field breaks its grammar or no byte of the
/// content lies in it.
result<std::optional<std::vector<byte_range>>> ranges_of(std::string_view field,
                                                         std::uint64_t size_bytes);

/// "bytes 0-99/1234".
std::string content_range(const byte_range& part, std::uint64_t size_bytes);
/// "bytes */1234", for 416.
std::string unsatisfied_range(std::uint64_t size_bytes);

} // namespace dossier
