// SPDX-License-Identifier: Apache-2.0
// Points in time as Dossier stores and says them: UTC, milliseconds. Reads no clock itself.
#pragma once

#include "protocol/result.hpp"

#include <array>
#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>

namespace dossier {

using std::chrono::milliseconds;
using std::chrono::seconds;

/// Wall-clock time, UTC, milliseconds since 1970. Durable rows hold to_ms() of it.
using timestamp = std::chrono::sys_time<milliseconds>;

/// The seam for time. now() may step backwards when an operator sets the clock. Thread-safe.
class clock {
public:
  virtual ~clock() = default;
  virtual timestamp now() const = 0;
};

constexpr std::int64_t to_ms(timestamp t) {
  return t.time_since_epoch().count();
}
constexpr timestamp from_ms(std::int64_t ms) {
  return timestamp{milliseconds{ms}};
}

/// The last point in time that both text forms can say: 9999-12-31T23:59:59.999Z. Stored times lie
/// between 1970 and this; decoders refuse others as corrupt.
inline constexpr timestamp timestamp_max = from_ms(253'402'300'799'999);

/// RFC 3339 in UTC with milliseconds: "2026-11-21T05:53:50.123Z".
std::string to_rfc3339(timestamp t);
/// Its characters, for whoever takes no memory for them.
std::array<char, 24> rfc3339_characters(timestamp t);

/// Reads RFC 3339 date-times (any offset, fractions cut to milliseconds, leap second 60 read as the
/// next second) of the years 1970 to 9999. Refuses everything else, saying what is wrong, as
/// invalid_argument.
result<timestamp> parse_rfc3339(std::string_view text);

/// HTTP's IMF-fixdate (RFC 9110 5.6.7), whole seconds: "Sun, 06 Nov 1994 08:49:37 GMT".
std::string to_http_date(timestamp t);

/// Reads an IMF-fixdate only; the two obsolete forms are refused.
result<timestamp> parse_http_date(std::string_view text);

} // namespace dossier
