// SPDX-License-Identifier: Apache-2.0
// Reads a Range field and joins what overlaps or touches.
#include "gateway/range.hpp"

#include "protocol/ascii.hpp"

#include <algorithm>
#include <limits>

namespace dossier {

namespace {

/// One range-spec as written: first is missing in "-5", last in "5-".
struct range_spec {
  std::optional<std::uint64_t> first;
  std::optional<std::uint64_t> last;
};

failure bad_range(std::string why) {
  return fail(errc::range_not_satisfiable, std::move(why), "Range");
}

/// Digits only. A number beyond 64 bits is past the end of every content: the largest one stands
/// for it.
std::optional<std::uint64_t> position_of(std::string_view digits) {
  constexpr auto largest = std::numeric_limits<std::uint64_t>::max();
  std::uint64_t value = 0;
  for (const char c : digits) {
    if (c < '0' || c > '9')
      return std::nullopt;
    const auto digit = static_cast<std::uint64_t>(c - '0');
    value = value > (largest - digit) / 10 ? largest : value * 10 + digit;
  }
  return value;
}

result<range_spec> parse_spec(std::string_view text) {
  const auto dash = text.find('-');
  const auto refusal = [&] {
    return bad_range("A byte range is written first-last, first- or -length; \""
                     + std::string{text.substr(0, 64)} + "\" is none of them.");
  };
  if (dash == std::string_view::npos || text.size() == 1)
    return refusal();
  range_spec spec;
  if (dash > 0 && !(spec.first = position_of(text.substr(0, dash))))
    return refusal();
  if (dash + 1 < text.size() && !(spec.last = position_of(text.substr(dash + 1))))
    return refusal();
  if (spec.first && spec.last && *spec.last < *spec.first)
    return bad_range("The byte range " + std::string{text.substr(0, 64)}
                     + " ends before it starts.");
  return spec;
}

std::optional<byte_range> part_of(const range_spec& spec, std::uint64_t size_bytes) {
  if (!spec.first) {
    if (*spec.last == 0)
      return std::nullopt;
    return byte_range{size_bytes - std::min(*spec.last, size_bytes), size_bytes - 1};
  }
  if (*spec.first >= size_bytes)
    return std::nullopt;
  return byte_range{*spec.first, std::min(spec.last.value_or(size_bytes - 1), size_bytes - 1)};
}

/// A part and its place in the field.
struct placed_range {
  byte_range part;
  std::size_t place = 0;
};

std::vector<byte_range> joined(const std::vector<byte_range>& parts) {
  std::vector<placed_range> sorted;
  for (const auto& part : parts)
    sorted.push_back({part, sorted.size()});
  std::sort(sorted.begin(), sorted.end(),
            [](const auto& a, const auto& b) { return a.part.first < b.part.first; });
  std::vector<placed_range> disjoint;
  for (const auto& next : sorted) {
    if (disjoint.empty() || next.part.first > disjoint.back().part.last + 1) {
      disjoint.push_back(next);
      continue;
    }
    auto& before = disjoint.back();
    before.part.last = std::max(before.part.last, next.part.last);
    before.place = std::min(before.place, next.place);
  }
  std::sort(disjoint.begin(), disjoint.end(),
            [](const auto& a, const auto& b) { return a.place < b.place; });
  std::vector<byte_range> result;
  for (const auto& each : disjoint)
    result.push_back(each.part);
  return result;
}

/// The elements of the list; empty ones are allowed and dropped (RFC 9110 5.6.1.2).
std::vector<std::string_view> elements_of(std::string_view list) {
  std::vector<std::string_view> elements;
  while (elements.size() <= range_specs_max) {
    const auto comma = list.find(',');
    if (const auto element = trimmed(list.substr(0, comma)); !element.empty())
      elements.push_back(element);
    if (comma == std::string_view::npos)
      break;
    list.remove_prefix(comma + 1);
  }
  return elements;
}

} // namespace

result<std::optional<std::vector<byte_range>>> ranges_of(std::string_view field,
                                                         std::uint64_t size_bytes) {
  const auto equals = field.find('=');
  if (field.empty() || equals == std::string_view::npos
      || !equals_ignoring_case(field.substr(0, equals), "bytes"))
    return std::nullopt;
  const auto elements = elements_of(field.substr(equals + 1));
  if (elements.empty())
    return bad_range("The Range field names no range.");
  if (elements.size() > range_specs_max)
    return std::nullopt;
  std::vector<byte_range> parts;
  for (const auto element : elements) {
    const auto spec = parse_spec(element);
    if (!spec)
      return spec.error();
    // Why: an empty content has no byte to point at, yet "the last 5 bytes" of it are all of it.
    if (size_bytes == 0 && !spec->first && *spec->last > 0)
      return std::nullopt;
    if (const auto part = part_of(*spec, size_bytes))
      parts.push_back(*part);
  }
  if (parts.empty())
    return bad_range("No byte of the content lies in the range: it has "
                     + std::to_string(size_bytes) + " bytes.");
  auto disjoint = joined(parts);
  if (disjoint.size() > range_parts_max)
    return std::nullopt;
  return std::optional{std::move(disjoint)};
}

std::string content_range(const byte_range& part, std::uint64_t size_bytes) {
  return "bytes " + std::to_string(part.first) + "-" + std::to_string(part.last) + "/"
         + std::to_string(size_bytes);
}

std::string unsatisfied_range(std::uint64_t size_bytes) {
  return "bytes */" + std::to_string(size_bytes);
}

} // namespace dossier
