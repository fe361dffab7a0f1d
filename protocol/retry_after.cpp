// SPDX-License-Identifier: Apache-2.0
#include "protocol/retry_after.hpp"

#include <algorithm>

namespace dossier {

std::optional<milliseconds> parse_retry_after(std::string_view text, timestamp now) {
  const bool is_number
    = !text.empty() && std::ranges::all_of(text, [](char c) { return c >= '0' && c <= '9'; });
  if (is_number) {
    seconds wait{0};
    for (const char c : text)
      wait = std::min<seconds>(wait * 10 + seconds{c - '0'},
                               std::chrono::duration_cast<seconds>(retry_after_max));
    return wait;
  }
  const auto date = parse_http_date(text);
  if (!date)
    return std::nullopt;
  return std::clamp(std::chrono::duration_cast<milliseconds>(*date - now), milliseconds{0},
                    retry_after_max);
}

} // namespace dossier
