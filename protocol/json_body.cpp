// SPDX-License-Identifier: Apache-2.0
// Reads bodies by nlohmann's event interface, which shows each member as it stands: a tree would
// have swallowed repeated names.
#include "protocol/json_body.hpp"

#include "protocol/utf8.hpp"

#include <nlohmann/json.hpp>

#include <algorithm>
#include <array>
#include <utility>

namespace dossier {

namespace {

constexpr std::size_t members_max = 64;
constexpr std::size_t depth_max = 16;
constexpr std::size_t troubles_told_max = 8;
constexpr std::size_t name_bytes_told_max = 64;

/// Cut between characters; `text` is UTF-8.
std::string shortened(std::string_view text) {
  if (text.size() <= name_bytes_told_max)
    return std::string{text};
  auto end = name_bytes_told_max;
  while (end > 0 && (static_cast<unsigned char>(text[end]) & 0xc0) == 0x80)
    --end;
  return std::string{text.substr(0, end)} + "...";
}

/// RFC 6901.
std::string pointer_to(std::string_view name) {
  std::string pointer = "/";
  for (const char c : shortened(name)) {
    if (c == '~')
      pointer.append("~0");
    else if (c == '/')
      pointer.append("~1");
    else
      pointer.push_back(c);
  }
  return pointer;
}

} // namespace

/// Receives the parser's events. Returning false ends the parse; failure_ says why.
class json_body_reader {
public:
  explicit json_body_reader(json_body& body)
    : body_(body) {}

  bool null() { return take(nullptr); }
  bool boolean(bool value) { return take(value); }
  bool number_integer(std::int64_t value) { return take(value); }
  bool number_unsigned(std::uint64_t value) { return take(value); }
  bool number_float(double value, const std::string&) { return take(value); }
  bool string(std::string& value) { return take(std::move(value)); }
  bool binary(nlohmann::json::binary_t&) { return false; }
  bool start_object(std::size_t) { return open(json_body::nested::object); }
  bool start_array(std::size_t) { return open(json_body::nested::array); }
  bool end_object() { return close(); }
  bool end_array() { return close(); }

  bool key(std::string& name) {
    if (depth_ != 1)
      return true;
    if (body_.members_.contains(name))
      return stop("names the member \"" + shortened(name) + "\" twice.", pointer_to(name));
    if (body_.members_.size() == members_max)
      return stop("has more than 64 members.", "");
    name_ = std::move(name);
    return true;
  }

  bool parse_error(std::size_t position, const std::string&, const nlohmann::detail::exception&) {
    return stop("is not valid JSON at byte " + std::to_string(position) + ".", "");
  }

  const std::optional<failure>& why() const { return failure_; }

private:
  template <class Value>
  bool take(Value&& value) {
    if (depth_ == 0)
      return stop("must be a JSON object.", "");
    if (depth_ == 1)
      body_.members_[name_].value = std::forward<Value>(value);
    return true;
  }

  bool open(json_body::nested kind) {
    if (depth_ == 0 && kind != json_body::nested::object)
      return stop("must be a JSON object, not an array.", "");
    if (depth_ == depth_max)
      return stop("is nested deeper than 16.", pointer_to(name_));
    if (depth_ == 1)
      body_.members_[name_].value = kind;
    ++depth_;
    return true;
  }

  bool close() {
    --depth_;
    return true;
  }

  bool stop(const std::string& why, std::string where) {
    if (!failure_)
      failure_ = fail(errc::malformed, "The body " + why, std::move(where));
    return false;
  }

  json_body& body_;
  std::string name_;
  std::size_t depth_ = 0;
  std::optional<failure> failure_;
};

result<json_body> json_body::parse(std::string_view text) {
  if (text.empty())
    return fail(errc::malformed, "The body is empty; it must be a JSON object.");
  if (const auto good = utf8_prefix_bytes(text); good < text.size())
    return fail(errc::malformed, "The body is not UTF-8 at byte " + std::to_string(good) + ".");
  // Why: the parser takes a NUL for the end of the text and does not look at what follows. JSON has
  // no place for one anywhere.
  if (const auto nul = text.find('\0'); nul != std::string_view::npos)
    return fail(errc::malformed, "The body has a NUL at byte " + std::to_string(nul) + ".");
  json_body body;
  json_body_reader reader{body};
  const bool is_good = nlohmann::json::sax_parse(text.begin(), text.end(), &reader);
  if (reader.why())
    return *reader.why();
  if (!is_good)
    return fail(errc::malformed, "The body is not valid JSON.");
  return body;
}

json_body::member* json_body::find(std::string_view name) {
  if (std::find(known_.begin(), known_.end(), name) == known_.end())
    known_.emplace_back(name);
  const auto found = members_.find(name);
  if (found == members_.end())
    return nullptr;
  found->second.is_known = true;
  return &found->second;
}

bool json_body::has(std::string_view name) {
  return find(name) != nullptr;
}

bool json_body::is_null(std::string_view name) {
  const auto* found = find(name);
  return found != nullptr && std::holds_alternative<std::nullptr_t>(found->value);
}

void json_body::want(std::string_view name, const member& found, std::string_view type) {
  constexpr std::array<std::string_view, 7> types{"null",     "a boolean", "a number", "a number",
                                                  "a number", "a string",  ""};
  auto is = types[found.value.index()];
  if (const auto* container = std::get_if<nested>(&found.value))
    is = *container == nested::object ? "an object" : "an array";
  refuse(name, "must be " + std::string{type} + ", not " + std::string{is} + ".");
}

std::optional<std::string> json_body::required_string(std::string_view name) {
  auto* found = find(name);
  if (found == nullptr) {
    refuse(name, "is missing.");
    return std::nullopt;
  }
  if (const auto* text = std::get_if<std::string>(&found->value))
    return *text;
  want(name, *found, "a string");
  return std::nullopt;
}

std::optional<std::string> json_body::optional_string(std::string_view name) {
  if (!has(name) || is_null(name))
    return std::nullopt;
  return required_string(name);
}

std::optional<std::uint64_t> json_body::optional_count(std::string_view name, std::uint64_t max) {
  auto* found = find(name);
  if (found == nullptr || std::holds_alternative<std::nullptr_t>(found->value))
    return std::nullopt;
  if (const auto* count = std::get_if<std::uint64_t>(&found->value); count && *count <= max)
    return *count;
  want(name, *found, "a whole number from 0 to " + std::to_string(max));
  return std::nullopt;
}

std::optional<bool> json_body::required_bool(std::string_view name) {
  auto* found = find(name);
  if (found == nullptr) {
    refuse(name, "is missing.");
    return std::nullopt;
  }
  if (const auto* yes = std::get_if<bool>(&found->value))
    return *yes;
  want(name, *found, "a boolean");
  return std::nullopt;
}

void json_body::refuse(std::string_view name, std::string_view why) {
  troubles_.push_back({pointer_to(name), std::string{name} + " " + std::string{why}});
}

result<void> json_body::finish() const {
  auto troubles = troubles_;
  std::string known;
  for (const auto& name : known_)
    known.append(known.empty() ? "" : ", ").append(name);
  for (const auto& [name, found] : members_) {
    if (!found.is_known)
      troubles.push_back({pointer_to(name), "There is no member \"" + shortened(name)
                                              + "\" here; known are: " + known + "."});
  }
  if (troubles.empty())
    return {};
  std::string why;
  for (std::size_t i = 0; i < troubles.size() && i < troubles_told_max; ++i)
    why.append(why.empty() ? "" : " ").append(troubles[i].sentence);
  if (troubles.size() > troubles_told_max)
    why.append(" There are " + std::to_string(troubles.size() - troubles_told_max)
               + " more problems.");
  return fail(errc::invalid_argument, std::move(why), troubles.front().pointer);
}

} // namespace dossier
