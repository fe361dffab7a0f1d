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
constexpr std::size_t body_levels_max = 16;
/// Kept of an array, one more than anybody may want.
constexpr std::size_t elements_max = 65;
constexpr std::size_t troubles_told_max = 8;

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
    auto* inner = depth_ == 2 ? body_.members_[name_].inner.get() : nullptr;
    if (depth_ != 1 && inner == nullptr)
      return true;
    auto& members = inner == nullptr ? body_.members_ : inner->members_;
    const auto above = inner == nullptr ? std::string{} : pointer_to(name_);
    if (members.contains(name))
      return stop("names the member \"" + shortened(name) + "\" twice.", above + pointer_to(name));
    if (members.size() == members_max)
      return stop("has more than 64 members" + (above.empty() ? "." : " at " + above + "."), above);
    (inner == nullptr ? name_ : inner_name_) = std::move(name);
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
    keep(std::forward<Value>(value));
    return true;
  }

  /// Of what lies deeper than the members of members nobody asks.
  template <class Value>
  void keep(Value&& value) {
    if (depth_ != 1 && depth_ != 2)
      return;
    auto& member = body_.members_[name_];
    if (depth_ == 1)
      member.value = std::forward<Value>(value);
    else if (member.inner)
      member.inner->members_[inner_name_].value = std::forward<Value>(value);
    else if (member.elements.size() < elements_max)
      member.elements.emplace_back(std::forward<Value>(value));
  }

  bool open(json_body::nested kind) {
    if (depth_ == 0 && kind != json_body::nested::object)
      return stop("must be a JSON object, not an array.", "");
    if (depth_ == body_levels_max)
      return stop("is nested deeper than 16.", pointer_to(name_));
    keep(kind);
    if (depth_ == 1 && kind == json_body::nested::object)
      body_.members_[name_].inner = std::make_unique<json_body>();
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
  std::string inner_name_; ///< Within the object of that name.
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

std::string json_body::sentence_of(const json_body::value& found, std::string_view type) {
  constexpr std::array<std::string_view, 7> types{"null",     "a boolean", "a number", "a number",
                                                  "a number", "a string",  ""};
  auto is = types[found.index()];
  if (const auto* container = std::get_if<nested>(&found))
    is = *container == nested::object ? "an object" : "an array";
  return "must be " + std::string{type} + ", not " + std::string{is} + ".";
}

void json_body::want(std::string_view name, const member& found, std::string_view type) {
  refuse(name, sentence_of(found.value, type));
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

std::optional<bool> json_body::optional_bool(std::string_view name) {
  if (!has(name) || is_null(name))
    return std::nullopt;
  return required_bool(name);
}

std::vector<std::string> json_body::optional_strings(std::string_view name, std::size_t most) {
  std::vector<std::string> read;
  auto* found = find(name);
  if (found == nullptr || std::holds_alternative<std::nullptr_t>(found->value))
    return read;
  if (found->value != value{nested::array}) {
    want(name, *found, "an array of strings");
    return read;
  }
  if (found->elements.size() > most)
    refuse(name, "must not have more than " + std::to_string(most) + " elements.");
  for (std::size_t i = 0; i < std::min(found->elements.size(), most); ++i) {
    const auto* text = std::get_if<std::string>(&found->elements[i]);
    read.push_back(text == nullptr ? std::string{} : *text);
    if (text == nullptr)
      refuse_element(name, i, sentence_of(found->elements[i], "a string"));
  }
  return read;
}

json_body* json_body::optional_object(std::string_view name) {
  auto* found = find(name);
  if (found == nullptr || std::holds_alternative<std::nullptr_t>(found->value))
    return nullptr;
  if (!found->inner)
    want(name, *found, "an object");
  return found->inner.get();
}

void json_body::refuse(std::string_view name, std::string_view why) {
  troubles_.push_back({pointer_to(name), std::string{name} + " " + std::string{why}});
}

void json_body::refuse_element(std::string_view name, std::size_t index, std::string_view why) {
  const auto number = std::to_string(index);
  troubles_.push_back(
    {pointer_to(name) + '/' + number, std::string{name} + "[" + number + "] " + std::string{why}});
}

std::vector<json_body::trouble> json_body::all_troubles() const {
  auto troubles = troubles_;
  std::string known;
  for (const auto& name : known_)
    known.append(known.empty() ? "" : ", ").append(name);
  for (const auto& [name, found] : members_) {
    if (!found.is_known)
      troubles.push_back({pointer_to(name), "There is no member \"" + shortened(name)
                                              + "\" here; known are: " + known + "."});
  }
  for (const auto& [name, found] : members_)
    if (found.is_known && found.inner)
      for (auto& each : found.inner->all_troubles())
        troubles.push_back({pointer_to(name) + each.pointer, name + ": " + each.sentence});
  return troubles;
}

result<void> json_body::finish() const {
  const auto troubles = all_troubles();
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
