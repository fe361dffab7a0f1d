// SPDX-License-Identifier: Apache-2.0
// Events of all kinds as they are stored: named shapes of JSON, each read for ever. Pure.
#pragma once

#include "protocol/digest.hpp"
#include "protocol/result.hpp"
#include "protocol/time.hpp"

#include <nlohmann/json_fwd.hpp>

#include <algorithm>
#include <concepts>
#include <cstdint>
#include <functional>
#include <limits>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace dossier {

/// Takes an object's members one by one. The first one that is not as it was written is remembered
/// as the trouble of the whole event; what is read after it has no meaning.
class event_members {
public:
  explicit event_members(std::string_view data);
  ~event_members();
  event_members(const event_members&) = delete;
  event_members& operator=(const event_members&) = delete;

  std::string text(const char* name);
  /// Stored as base64.
  std::string bytes(const char* name);
  timestamp time(const char* name);
  sha256_digest sha256(const char* name);
  bool boolean(const char* name);
  template <std::unsigned_integral T>
  T number(const char* name) {
    return static_cast<T>(whole_number(name, std::numeric_limits<T>::max()));
  }
  std::int64_t span_s(const char* name);
  /// Descending.
  std::vector<std::int64_t> spans_s(const char* name);

  using reader = std::function<void(event_members&)>;
  /// A member that is an object itself.
  void object(const char* name, const reader& read);
  /// The objects of a list.
  void each(const char* name, const reader& read);

  bool has(const char* name) const;
  /// Takes the member if it is null.
  bool take_null(const char* name);
  /// `read` of a member that may be left out.
  template <class T>
  std::optional<T> if_present(const char* name, T (event_members::*read)(const char*)) {
    if (!has(name))
      return std::nullopt;
    return (this->*read)(name);
  }

  /// Notes that the member is not `expected`, e.g. "a date-time".
  template <class T>
  T wrong(const char* name, const char* expected) {
    note(std::string("its member \"") + name + "\" is not " + expected);
    return T{};
  }

  /// Empty if all members were as written and none is left over.
  std::string trouble();

private:
  event_members(const nlohmann::json& object, std::string& found);
  void note(std::string what);
  void finish();
  const nlohmann::json* take(const char* name);
  std::uint64_t whole_number(const char* name, std::uint64_t max);

  std::unique_ptr<nlohmann::json> owned_; ///< Nullptr: it belongs to an object around it.
  const nlohmann::json& object_;
  std::string own_trouble_;
  std::string& trouble_;
  std::size_t taken_ = 0;
};

/// One version of one type of event, and how it is read.
template <class Event>
struct event_shape {
  std::string_view type;
  std::uint32_t version;
  Event (*read)(event_members&);
};

/// The refusal of a stored event as corrupt: "cannot read a stored <type> of version <n>: <why>".
failure unreadable_event(std::string_view type, std::uint32_t version, const std::string& why);
failure unknown_event(std::string_view type, std::uint32_t version);

/// Reads an event by its shape; refuses unknown types and versions as corrupt, by name.
template <class Event, std::size_t Count>
result<Event> decode_shape(const event_shape<Event> (&shapes)[Count], std::string_view type,
                           std::uint32_t version, std::string_view data) {
  const auto known = std::ranges::find_if(
    shapes, [&](const auto& s) { return s.type == type && s.version == version; });
  if (known == std::end(shapes))
    return unknown_event(type, version);
  event_members members(data);
  Event read = known->read(members);
  if (const auto why = members.trouble(); !why.empty())
    return unreadable_event(type, version, why);
  return read;
}

} // namespace dossier
