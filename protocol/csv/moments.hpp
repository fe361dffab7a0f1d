// SPDX-License-Identifier: Apache-2.0
// Days, times of day and points in time as CSV files write them: forms of a fixed width such as
// dd/mm/yyyy, and RFC 3339. Pure.
#pragma once

#include "protocol/result.hpp"

#include <array>
#include <cstdint>
#include <string>
#include <string_view>

namespace dossier::csv {

/// Readers of values look at up to so many bytes behind a text; what they hold changes nothing, but
/// they must be there.
inline constexpr std::size_t padding_bytes = 32;

/// How reading a value ended.
enum class cast : std::uint8_t {
  good,
  malformed,         ///< Not of the form.
  out_of_range,      ///< Of the form, and more than 64 bits hold.
  too_many_decimals, ///< More than the column's scale.
  no_such_moment,    ///< Of the form, and no day of the calendar or no time of day.
  unknown_choice,    ///< None of the column's choices.
};

/// Days since 1970-01-01; the year from 1 to 9999. False for no day of the calendar.
bool days_of(int year, int month, int day, std::int64_t& days);

class moment_format {
public:
  enum class kind : std::uint8_t {
    date,      ///< Values are days since 1970-01-01.
    time,      ///< Values are seconds since midnight.
    timestamp, ///< Values are microseconds since 1970-01-01T00:00:00Z.
  };

  /// The form without a name: yyyy-mm-dd, HH:MM:SS or rfc3339.
  explicit moment_format(kind what);

  /// A date has yyyy, mm and dd; a time HH, MM and, if wanted, SS; a timestamp all of these and is
  /// taken as UTC, or is rfc3339. Each stands once, other characters are no letters but T and Z and
  /// no digits, and all together are at most 32. invalid_argument for other forms.
  static result<moment_format> parse(kind what, std::string_view text);

  /// Of `size` bytes with padding_bytes behind them. RFC 3339: any offset, the fraction cut to
  /// microseconds, a leap second read as the next second.
  cast read(const char* from, std::size_t size, std::int64_t& value) const;

  const std::string& text() const { return text_; }

private:
  struct made_empty {};
  explicit moment_format(made_empty)
    : kind_(kind::date) {}

  bool has_form(const char* from, std::size_t size, std::uint8_t* digits) const;
  cast read_form(const char* from, std::size_t size, bool may_leap, std::int64_t& value) const;
  cast read_rfc3339(const char* from, std::size_t size, std::int64_t& value) const;

  kind kind_;
  bool is_rfc3339_ = false;
  std::string text_;
  std::size_t size_ = 0;
  /// Where each part begins; 32: it is not there.
  std::uint8_t year_ = 32, month_ = 32, day_ = 32, hour_ = 32, minute_ = 32, second_ = 32;
  /// A text has the form if each byte xor this is at most that.
  alignas(16) std::array<char, 32> xor_{};
  alignas(16) std::array<std::uint8_t, 32> most_{};
};

} // namespace dossier::csv
