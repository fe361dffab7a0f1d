// SPDX-License-Identifier: Apache-2.0
// Reads entity tags and weighs the conditions of a request.
#include "gateway/conditions.hpp"

#include "gateway/fields.hpp"

#include <algorithm>

namespace dossier {

namespace {

constexpr std::size_t tags_max = 64;

bool is_tag_byte(char c) {
  const auto byte = static_cast<unsigned char>(c);
  return byte == 0x21 || (byte >= 0x23 && byte != 0x7f);
}

void skip_separators(std::string_view& rest) {
  const auto next = rest.find_first_not_of(" \t,");
  rest.remove_prefix(next == std::string_view::npos ? rest.size() : next);
}

/// Takes one entity tag off the front of `rest`.
std::optional<entity_tag> take_tag(std::string_view& rest) {
  entity_tag tag;
  if (rest.starts_with("W/")) {
    tag.is_weak = true;
    rest.remove_prefix(2);
  }
  if (!rest.starts_with('"'))
    return std::nullopt;
  const auto end = rest.find('"', 1);
  if (end == std::string_view::npos)
    return std::nullopt;
  tag.opaque = rest.substr(1, end - 1);
  rest.remove_prefix(end + 1);
  if (!std::all_of(tag.opaque.begin(), tag.opaque.end(), is_tag_byte))
    return std::nullopt;
  return tag;
}

result<tag_list> parse_tags(std::string_view text, std::string_view field_name) {
  const auto refusal = [&](std::string_view why) {
    return fail(errc::malformed, std::string{field_name} + " " + std::string{why},
                std::string{field_name});
  };
  tag_list list;
  if (text == "*") {
    list.is_any = true;
    return list;
  }
  skip_separators(text);
  while (!text.empty()) {
    const auto tag = take_tag(text);
    if (!tag)
      return refusal("must be * or a list of entity tags in double quotes, e.g. \"v3\".");
    if (list.tags.size() == tags_max)
      return refusal("names more than 64 entity tags.");
    list.tags.push_back(*tag);
    // Why: two tags need a comma between them, or `"a""b"` would read as two.
    const auto before = text.size();
    const auto gap = text.substr(0, std::min(text.find_first_not_of(" \t,"), text.size()));
    skip_separators(text);
    if (!text.empty() && (text.size() == before || gap.find(',') == std::string_view::npos))
      return refusal("needs a comma between entity tags.");
  }
  if (list.tags.empty())
    return refusal("is empty; it must be * or name an entity tag.");
  return list;
}

std::optional<timestamp> date_of(const request& r, std::string_view field_name) {
  const auto text = r.field(field_name);
  if (text.empty())
    return std::nullopt;
  const auto date = parse_http_date(text);
  return date ? std::optional{*date} : std::nullopt;
}

failure failed(std::string_view field_name, std::string_view why) {
  return fail(errc::precondition_failed, std::string{why}, std::string{field_name});
}

/// HTTP dates have whole seconds.
std::optional<timestamp> whole_seconds(const std::optional<timestamp>& t) {
  if (!t)
    return std::nullopt;
  return timestamp{std::chrono::floor<seconds>(*t)};
}

/// Steps 1 and 2: is it still what the client knows?
result<void> check_unchanged(const request& r, const validators& present) {
  const auto wanted = read_tags(r, "If-Match");
  if (!wanted)
    return wanted.error();
  if (*wanted) {
    const bool matches
      = !present.tag.empty() && ((*wanted)->is_any || (*wanted)->has_strong(present.tag));
    if (!matches)
      return failed("If-Match", present.tag.empty()
                                  ? "If-Match asks for something that exists; there is nothing yet."
                                  : "If-Match names another version; the present one is "
                                      + quoted_tag(present.tag) + ". Read it again, then repeat.");
    return {};
  }
  const auto since = date_of(r, "If-Unmodified-Since");
  const auto modified_at = whole_seconds(present.modified_at);
  if (since && modified_at && *modified_at > *since)
    return failed("If-Unmodified-Since", "It was changed after the time in If-Unmodified-Since.");
  return {};
}

} // namespace

bool tag_list::has_strong(std::string_view opaque) const {
  return std::any_of(tags.begin(), tags.end(),
                     [&](const auto& tag) { return !tag.is_weak && tag.opaque == opaque; });
}

bool tag_list::has_weak(std::string_view opaque) const {
  return std::any_of(tags.begin(), tags.end(),
                     [&](const auto& tag) { return tag.opaque == opaque; });
}

result<std::optional<tag_list>> read_tags(const request& r, std::string_view field_name) {
  const auto joined = joined_field(r, field_name);
  if (!joined)
    return std::nullopt;
  auto list = parse_tags(*joined, field_name);
  if (!list)
    return list.error();
  return std::optional{std::move(*list)};
}

result<condition_verdict> check_conditions(const request& r, const validators& present) {
  if (auto unchanged = check_unchanged(r, present); !unchanged)
    return unchanged.error();
  const bool is_read = r.verb == verb::get || r.verb == verb::head;
  const auto unwanted = read_tags(r, "If-None-Match");
  if (!unwanted)
    return unwanted.error();
  if (*unwanted) {
    const bool matches
      = !present.tag.empty() && ((*unwanted)->is_any || (*unwanted)->has_weak(present.tag));
    if (!matches)
      return condition_verdict::proceed;
    if (is_read)
      return condition_verdict::not_modified;
    return failed("If-None-Match",
                  "If-None-Match excludes what is there already: " + quoted_tag(present.tag) + ".");
  }
  const auto since = is_read ? date_of(r, "If-Modified-Since") : std::nullopt;
  const auto modified_at = whole_seconds(present.modified_at);
  if (since && modified_at && *modified_at <= *since)
    return condition_verdict::not_modified;
  return condition_verdict::proceed;
}

bool if_range_holds(const request& r, const validators& present) {
  const auto text = r.field("If-Range");
  if (text.empty())
    return true;
  if (text.starts_with('"'))
    return !present.tag.empty() && text == quoted_tag(present.tag);
  const auto date = parse_http_date(text);
  // Why: confirmed content never changes, so its date is a strong validator.
  return date && whole_seconds(present.modified_at) == *date;
}

std::string quoted_tag(std::string_view opaque) {
  std::string quoted;
  quoted.reserve(opaque.size() + 2);
  quoted.push_back('"');
  quoted.append(opaque);
  quoted.push_back('"');
  return quoted;
}

} // namespace dossier
