// SPDX-License-Identifier: Apache-2.0
#include "protocol/event_members.hpp"

#include <nlohmann/json.hpp>

#include <utility>

namespace dossier {

namespace {

using nlohmann::json;

bool is_span(const json& value) {
  return value.is_number_unsigned()
         && value.get<std::uint64_t>() <= std::numeric_limits<std::int64_t>::max();
}

} // namespace

event_members::event_members(std::string_view data)
  : owned_(std::make_unique<json>(json::parse(data, nullptr, /*allow_exceptions=*/false)))
  , object_(*owned_)
  , trouble_(own_trouble_) {
  if (!object_.is_object())
    note("it is not a JSON object");
}

event_members::event_members(const json& object, std::string& found)
  : object_(object)
  , trouble_(found) {
  if (!object_.is_object())
    note("it holds something that is not a JSON object");
}

event_members::~event_members() = default;

std::string event_members::text(const char* name) {
  const json* value = take(name);
  return value && value->is_string() ? value->get<std::string>()
                                     : wrong<std::string>(name, "a text");
}

std::string event_members::bytes(const char* name) {
  auto read = parse_base64(text(name));
  return read ? std::move(*read) : wrong<std::string>(name, "base64");
}

timestamp event_members::time(const char* name) {
  const auto read = parse_rfc3339(text(name));
  return read ? *read : wrong<timestamp>(name, "a date-time");
}

sha256_digest event_members::sha256(const char* name) {
  sha256_digest digest{};
  return parse_hex(text(name), digest) ? digest : wrong<sha256_digest>(name, "a SHA-256 in hex");
}

bool event_members::boolean(const char* name) {
  const json* value = take(name);
  return value && value->is_boolean() ? value->get<bool>() : wrong<bool>(name, "true or false");
}

std::uint64_t event_members::whole_number(const char* name, std::uint64_t max) {
  const json* value = take(name);
  if (value && value->is_number_unsigned() && value->get<std::uint64_t>() <= max)
    return value->get<std::uint64_t>();
  return wrong<std::uint64_t>(name, "a whole number");
}

std::int64_t event_members::span_s(const char* name) {
  const json* value = take(name);
  return value && is_span(*value) ? value->get<std::int64_t>()
                                  : wrong<std::int64_t>(name, "a number of seconds");
}

std::vector<std::int64_t> event_members::spans_s(const char* name) {
  const json* value = take(name);
  if (value && value->is_array() && std::ranges::all_of(*value, is_span)) {
    auto read = value->get<std::vector<std::int64_t>>();
    if (std::ranges::adjacent_find(read, std::less_equal{}) == read.end())
      return read;
  }
  return wrong<std::vector<std::int64_t>>(name, "descending numbers of seconds");
}

void event_members::object(const char* name, const reader& read) {
  static const json nothing;
  const json* value = take(name);
  event_members inner(value ? *value : nothing, trouble_);
  read(inner);
  inner.finish();
}

void event_members::each(const char* name, const reader& read) {
  const json* value = take(name);
  if (!value || !value->is_array()) {
    wrong<int>(name, "a list");
    return;
  }
  for (const auto& item : *value) {
    event_members inner(item, trouble_);
    read(inner);
    inner.finish();
  }
}

bool event_members::has(const char* name) const {
  return object_.is_object() && object_.contains(name);
}

bool event_members::take_null(const char* name) {
  return has(name) && object_[name].is_null() && take(name) != nullptr;
}

std::string event_members::trouble() {
  finish();
  return trouble_;
}

void event_members::finish() {
  if (object_.is_object() && taken_ != object_.size())
    note("it has members that this version never had");
}

void event_members::note(std::string what) {
  if (trouble_.empty())
    trouble_ = std::move(what);
}

const json* event_members::take(const char* name) {
  if (!has(name))
    return nullptr;
  ++taken_;
  return &object_[name];
}

failure unreadable_event(std::string_view type, std::uint32_t version, const std::string& why) {
  return fail(errc::corrupt, "cannot read a stored " + std::string(type) + " of version "
                               + std::to_string(version) + ": " + why);
}

failure unknown_event(std::string_view type, std::uint32_t version) {
  return unreadable_event(type, version,
                          "this build knows no such type and version; run the build that wrote it, "
                          "or a newer one");
}

} // namespace dossier
