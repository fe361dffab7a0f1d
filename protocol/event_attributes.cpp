// SPDX-License-Identifier: Apache-2.0
#include "protocol/event_attributes.hpp"

#include "protocol/digest.hpp"
#include "protocol/media_type.hpp"
#include "protocol/utf8.hpp"

#include <algorithm>

namespace dossier {

namespace {

constexpr std::size_t attributes_max = 64;
constexpr std::size_t name_bytes_max = 64;
constexpr std::string_view standard_names[]
  = {"specversion", "id", "source", "type", "subject", "time", "datacontenttype", "dataschema"};

bool is_name_character(char c) {
  return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9');
}

std::size_t value_bytes_max(std::string_view name) {
  if (name == "id" || name == "type" || name == "datacontenttype")
    return 256;
  return name == "specversion" || name == "time" ? 64 : 1024;
}

/// What the String type of CloudEvents leaves out: controls and what is no character for ever. The
/// text is UTF-8.
bool has_forbidden_characters(std::string_view text) {
  const auto byte = [&](std::size_t i) {
    return static_cast<unsigned char>(text[i]);
  };
  for (std::size_t i = 0; i < text.size(); ++i) {
    const auto lead = byte(i);
    const bool is_control = lead < 0x20 || lead == 0x7f || (lead == 0xc2 && byte(i + 1) < 0xa0);
    // U+FDD0 to U+FDEF, U+FFFE and U+FFFF; then the last two of each higher plane.
    const bool is_none_low = lead == 0xef
                             && ((byte(i + 1) == 0xb7 && byte(i + 2) >= 0x90 && byte(i + 2) < 0xb0)
                                 || (byte(i + 1) == 0xbf && byte(i + 2) >= 0xbe));
    const bool is_none_high
      = lead >= 0xf0 && (byte(i + 1) & 0x0f) == 0x0f && byte(i + 2) == 0xbf && byte(i + 3) >= 0xbe;
    if (is_control || is_none_low || is_none_high)
      return true;
  }
  return false;
}

/// Only the characters that a URI reference may have, and whole percent escapes (RFC 3986 2).
bool is_uri_reference(std::string_view text) {
  constexpr std::string_view others = "-._~:/?#[]@!$&'()*+,;=";
  for (std::size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    std::uint8_t escaped[1];
    if (c == '%' && parse_hex(text.substr(i + 1, 2), escaped))
      i += 2;
    else if (!((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9'))
             && others.find(c) == std::string_view::npos)
      return false;
  }
  return true;
}

} // namespace

failure refused_event(std::string_view attribute, const std::string& why) {
  return fail(errc::malformed,
              "cannot read a CloudEvent: its " + std::string(attribute) + " " + why,
              std::string(attribute));
}

std::string told(std::string_view name) {
  std::string shown(name.substr(0, name_bytes_max));
  std::ranges::replace_if(
    shown, [](char c) { return c < ' ' || c > '~'; }, '?');
  return shown;
}

bool event_attributes::is_standard(std::string_view name) {
  return std::ranges::find(standard_names, name) != std::end(standard_names);
}

result<void> event_attributes::take_name(std::string_view name) {
  if (name.empty() || name.size() > name_bytes_max || !std::ranges::all_of(name, is_name_character))
    return fail(errc::malformed,
                "cannot read a CloudEvent: the name \"" + told(name)
                  + "\" is no attribute's; names are 1 to 64 characters of a-z and 0-9",
                told(name));
  if (name == "data")
    return refused_event(name, "is the payload, no attribute; send it as the message's value");
  if (std::ranges::find(names_, name) != names_.end())
    return refused_event(name, "stands there twice; send it once");
  if (names_.size() == attributes_max)
    return refused_event(name, "is one attribute too many; at most 64 are read");
  names_.emplace_back(name);
  return {};
}

result<void> event_attributes::take_value(std::string_view name, std::string_view value) {
  if (const std::size_t max = value_bytes_max(name); value.size() > max)
    return refused_event(name, "has " + std::to_string(value.size()) + " bytes; at most "
                                 + std::to_string(max) + " are read");
  if (!is_utf8(value))
    return refused_event(name, "is not UTF-8");
  if (has_forbidden_characters(value))
    return refused_event(name, "has control characters in it; leave them out");
  if (auto* standard = find_standard(name)) {
    if (value.empty())
      return refused_event(name, "is empty; give it a value");
    *standard = value;
    return check_standard(name, value);
  }
  event_.extensions.emplace(name, value);
  return {};
}

result<received_event> event_attributes::finish() {
  for (const char* name : {"specversion", "id", "source", "type"})
    if (find_standard(name)->empty())
      return refused_event(name, "is missing; every event has one");
  if (event_.datacontenttype.empty())
    event_.datacontenttype = "application/json";
  return std::move(event_);
}

std::string* event_attributes::find_standard(std::string_view name) {
  std::string* const places[]
    = {&specversion_,   &event_.id, &event_.source,          &event_.type,
       &event_.subject, &time_,     &event_.datacontenttype, &event_.dataschema};
  static_assert(std::size(places) == std::size(standard_names));
  const auto found = std::ranges::find(standard_names, name);
  return found == std::end(standard_names) ? nullptr : places[found - standard_names];
}

result<void> event_attributes::check_standard(std::string_view name, std::string_view value) {
  if (name == "specversion" && value != "1.0")
    return refused_event(name, "is another version than 1.0; send CloudEvents 1.0");
  if ((name == "source" || name == "dataschema") && !is_uri_reference(value))
    return refused_event(name, "is no URI reference; write it as RFC 3986 has it");
  if (name == "datacontenttype" && media_type_of(value).empty())
    return refused_event(name, "is no media type; write it like application/json");
  if (name == "time") {
    const auto read = parse_rfc3339(value);
    if (!read)
      return refused_event(name, "is no time: " + read.error().why);
    event_.time = *read;
  }
  return {};
}

} // namespace dossier
