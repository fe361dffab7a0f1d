// SPDX-License-Identifier: Apache-2.0
#include "gateway/fields.hpp"

#include "protocol/ascii.hpp"
#include "protocol/utf8.hpp"

#include <algorithm>
#include <charconv>

namespace dossier {

std::optional<std::string> joined_field(const request& r, std::string_view name) {
  std::optional<std::string> joined;
  for (const auto& [field, value] : r.fields) {
    if (!equals_ignoring_case(field, name))
      continue;
    if (joined)
      joined->append(", ").append(value);
    else
      joined.emplace(value);
  }
  return joined;
}

result<void> check_query(const request& r, std::initializer_list<std::string_view> known) {
  for (std::size_t i = 0; i < r.query.size(); ++i) {
    const auto& name = r.query[i].first;
    if (std::find(known.begin(), known.end(), name) == known.end()) {
      std::string names;
      for (const auto each : known)
        names.append(names.empty() ? "" : ", ").append(each);
      return fail(errc::invalid_argument,
                  "There is no query parameter \"" + shortened(name) + "\" here; "
                    + (names.empty() ? "it takes none." : "known are: " + names + "."),
                  shortened(name));
    }
    for (std::size_t before = 0; before < i; ++before) {
      if (r.query[before].first == name)
        return fail(errc::invalid_argument, "The query parameter " + name + " must occur once.",
                    name);
    }
  }
  return {};
}

failure bad_parameter(std::string_view name, std::string_view why) {
  return fail(errc::invalid_argument,
              "The query parameter " + std::string{name} + " " + std::string{why},
              std::string{name});
}

result<std::uint64_t> query_number(const request& r, std::string_view name, std::uint64_t otherwise,
                                   std::uint64_t min, std::uint64_t max) {
  const auto text = r.query_value(name);
  if (!text)
    return otherwise;
  std::uint64_t value = 0;
  const auto* end = text->data() + text->size();
  const auto [stopped, error] = std::from_chars(text->data(), end, value);
  if (text->empty() || error != std::errc{} || stopped != end || value < min || value > max)
    return fail(errc::invalid_argument,
                "The query parameter " + std::string{name} + " must be a whole number from "
                  + std::to_string(min) + " to " + std::to_string(max) + ".",
                std::string{name});
  return value;
}

result<std::uint64_t> page_limit(const request& r, std::uint64_t most, std::uint64_t otherwise) {
  return query_number(r, "limit", std::min(otherwise, most), 1, most);
}

} // namespace dossier
