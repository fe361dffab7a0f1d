// SPDX-License-Identifier: Apache-2.0
#include "gateway/router.hpp"

#include "protocol/assert.hpp"
#include "protocol/utf8.hpp"

#include <algorithm>

namespace dossier {

namespace {

constexpr std::size_t segments_max = 32;
constexpr std::size_t query_parameters_max = 64;

bool is_parameter(std::string_view segment) {
  return segment.starts_with('{');
}

int hex_digit(char c) {
  if (c >= '0' && c <= '9')
    return c - '0';
  if (c >= 'a' && c <= 'f')
    return c - 'a' + 10;
  if (c >= 'A' && c <= 'F')
    return c - 'A' + 10;
  return -1;
}

// Fills `into` with the segments of "/a/b"; false when there are more than fit.
struct split_path {
  std::array<std::string_view, segments_max> segments;
  std::size_t count = 0;

  explicit split_path(std::string_view path) {
    while (!path.empty() && count < segments_max) {
      path.remove_prefix(1);
      const auto end = std::min(path.find('/'), path.size());
      segments[count++] = path.substr(0, end);
      path.remove_prefix(end);
    }
    is_whole = path.empty();
  }

  bool is_whole = true;
};

bool matches(const resource& candidate, const split_path& path) {
  if (candidate.segments.size() != path.count)
    return false;
  for (std::size_t i = 0; i < path.count; ++i) {
    const auto& pattern = candidate.segments[i];
    if (is_parameter(pattern) ? path.segments[i].empty() : pattern != path.segments[i])
      return false;
  }
  return true;
}

// Literals sort before parameters, so "/documents/latest" is looked at before "/documents/{id}".
bool is_more_literal(const std::unique_ptr<resource>& a, const std::unique_ptr<resource>& b) {
  return std::lexicographical_compare(
    a->segments.begin(), a->segments.end(), b->segments.begin(), b->segments.end(),
    [](const std::string& x, const std::string& y) { return !is_parameter(x) && is_parameter(y); });
}

void complete(resource& r) {
  auto& head = r.by_verb[static_cast<std::size_t>(verb::head)];
  if (head == nullptr)
    head = r.at(verb::get);
  for (const auto v : all_verbs)
    if (r.at(v) != nullptr || v == verb::options)
      r.allow.append(r.allow.empty() ? "" : ", ").append(to_string(v));
}

} // namespace

result<std::string> percent_decode(std::string_view text) {
  std::string out;
  out.reserve(text.size());
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] != '%') {
      out += text[i];
      continue;
    }
    const int high = i + 1 < text.size() ? hex_digit(text[i + 1]) : -1;
    const int low = i + 2 < text.size() ? hex_digit(text[i + 2]) : -1;
    if (high < 0 || low < 0)
      return fail(errc::malformed,
                  "cannot decode the URL: a '%' is not followed by two hexadecimal "
                  "digits; write '%25' for the character itself");
    const auto c = static_cast<char>(high << 4 | low);
    if (c == '\0')
      return fail(errc::malformed, "cannot decode the URL: it holds an encoded NUL");
    out += c;
    i += 2;
  }
  if (!is_utf8(out))
    return fail(errc::malformed, "cannot decode the URL: its percent-encoded bytes are not UTF-8");
  return out;
}

result<std::vector<std::pair<std::string, std::string>>> parse_query(std::string_view query) {
  std::vector<std::pair<std::string, std::string>> out;
  while (!query.empty()) {
    const auto end = query.find('&');
    const auto part = query.substr(0, end);
    query.remove_prefix(end == std::string_view::npos ? query.size() : end + 1);
    const auto equals = part.find('=');
    const auto raw_name = part.substr(0, equals);
    if (raw_name.empty())
      return fail(errc::malformed, "cannot read the query: a parameter has no name");
    auto name = percent_decode(raw_name);
    auto value = percent_decode(equals == std::string_view::npos ? "" : part.substr(equals + 1));
    if (!name || !value)
      return fail(errc::malformed, (name ? value : name).error().why, std::string(raw_name));
    if (out.size() == query_parameters_max)
      return fail(errc::malformed, "cannot read the query: it has more than 64 parameters",
                  std::string(raw_name));
    out.emplace_back(std::move(*name), std::move(*value));
  }
  return out;
}

router::router(std::vector<route> routes)
  : routes_(std::move(routes)) {
  for (const auto& r : routes_) {
    DOSSIER_ASSERT(r.pattern.starts_with('/'), "a route's pattern starts with a slash");
    const split_path path(r.pattern);
    DOSSIER_ASSERT(path.is_whole, "a route's pattern has at most 32 segments");
    std::vector<std::string> segments(path.segments.begin(), path.segments.begin() + path.count);
    // Names of parameters are for people: "{id}" and "{documentId}" are the same place.
    for (auto& segment : segments)
      if (is_parameter(segment))
        segment = "{}";
    auto known = std::find_if(resources_.begin(), resources_.end(),
                              [&](const auto& have) { return have->segments == segments; });
    if (known == resources_.end()) {
      resources_.push_back(std::make_unique<resource>());
      known = std::prev(resources_.end());
      (*known)->segments = std::move(segments);
    }
    auto& place = (*known)->by_verb[static_cast<std::size_t>(r.verb)];
    DOSSIER_ASSERT(place == nullptr, "two routes have the same verb and path");
    place = &r;
  }
  for (auto& r : resources_)
    complete(*r);
  std::stable_sort(resources_.begin(), resources_.end(), is_more_literal);
}

result<const resource*> router::find(request& r) const {
  r.params.clear();
  const split_path path(r.path);
  for (std::size_t i = 0; i < path.count; ++i) {
    const auto segment = path.segments[i];
    if (segment == "." || segment == "..")
      return fail(errc::malformed, "the path holds a dot segment; send it resolved", "path");
    if (segment.find('%') == std::string_view::npos)
      continue;
    const auto decoded = percent_decode(segment);
    if (!decoded)
      return fail(errc::malformed, decoded.error().why, "path");
    if (*decoded == "." || *decoded == ".." || decoded->find('/') != std::string::npos)
      return fail(errc::malformed, "the path holds an encoded slash or dot segment", "path");
  }
  const auto found
    = std::find_if(resources_.begin(), resources_.end(),
                   [&path](const auto& candidate) { return matches(*candidate, path); });
  if (!path.is_whole || found == resources_.end())
    return fail(errc::not_found, "there is nothing at this path");
  for (std::size_t i = 0; i < path.count; ++i)
    if (is_parameter((*found)->segments[i]))
      r.params.push_back(*percent_decode(path.segments[i]));
  return found->get();
}

} // namespace dossier
