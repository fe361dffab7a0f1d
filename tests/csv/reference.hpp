// SPDX-License-Identifier: Apache-2.0
// The law of records and fields once more, a byte at a time and as slowly as it is said in
// records.hpp, for the fast one to be held against.
#pragma once

#include "protocol/csv/records.hpp"

#include <string>
#include <string_view>
#include <vector>

namespace dossier::csv {

/// Records short enough for files that are made whole in memory.
inline constexpr record_law small_law{',', '"', 128};

struct reference_record {
  record_start start;
  std::uint64_t end = 0; ///< Behind its line end.
  bool is_long = false;
  bool has_line_feed = false; ///< That ends it, rather than the end of the file.

  bool operator==(const reference_record&) const = default;
};

/// Where a byte stands in its record.
enum class place { field_start, plain, quoted, behind_quote };

inline place after(place before, char c, const record_law& law) {
  if (before == place::quoted)
    return c == law.quote ? place::behind_quote : place::quoted;
  if (c == law.quote && before != place::plain)
    return place::quoted;
  return c == law.delimiter ? place::field_start : place::plain;
}

/// The end of the record that begins at `begin`.
inline reference_record reference_record_at(std::string_view file, std::uint64_t begin,
                                            const record_law& law) {
  place at = place::field_start;
  for (std::uint64_t i = begin; i < file.size() && i - begin < law.record_bytes_max; ++i) {
    if (file[i] == '\n' && at != place::quoted)
      return {{}, i + 1, false, true};
    at = after(at, file[i], law);
  }
  if (file.size() - begin <= law.record_bytes_max)
    return {{}, file.size(), false, false};
  const auto end = file.find('\n', begin + law.record_bytes_max);
  return {{}, end == file.npos ? file.size() : end + 1, true, end != file.npos};
}

/// All records from `start` on.
inline std::vector<reference_record> reference_records(std::string_view file, record_start start,
                                                       const record_law& law) {
  std::vector<reference_record> records;
  while (start.offset < file.size()) {
    reference_record r = reference_record_at(file, start.offset, law);
    r.start = start;
    for (std::uint64_t i = start.offset; i < r.end; ++i)
      start.line += file[i] == '\n' ? 1 : 0;
    start.offset = r.end;
    ++start.number;
    records.push_back(r);
  }
  return records;
}

} // namespace dossier::csv
