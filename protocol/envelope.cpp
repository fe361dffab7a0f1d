// SPDX-License-Identifier: Apache-2.0
#include "protocol/envelope.hpp"

#include "protocol/json_scanner.hpp"
#include "protocol/json_text.hpp"

#include <nlohmann/json.hpp>

#include <limits>
#include <optional>

namespace dossier {

namespace {

// Ordered, so that a payload's members stay in the order in which they were written.
using nlohmann::ordered_json;

/// No payload of ours nests deeper; without a bound, writing a parsed text again could exhaust the
/// stack.
constexpr int depth_max = 32;

constexpr std::uint64_t version_max = std::numeric_limits<std::uint32_t>::max();
constexpr auto at_ms_max = static_cast<std::uint64_t>(to_ms(timestamp_max));

failure unreadable(std::string what) {
  return fail(errc::corrupt,
              "cannot read a stored event: " + what
                + "; the entity's history is damaged from here on",
              "envelope");
}

/// A JSON object of at most depth_max levels, or nothing.
std::optional<ordered_json> parse_object(std::string_view bytes) {
  bool is_too_deep = false;
  const auto watch = [&](int depth, ordered_json::parse_event_t, ordered_json&) {
    is_too_deep = is_too_deep || depth > depth_max;
    return !is_too_deep;
  };
  ordered_json root = ordered_json::parse(bytes, watch, /*allow_exceptions=*/false);
  if (is_too_deep || !root.is_object())
    return std::nullopt;
  return root;
}

const std::string* find_text(const ordered_json& object, const char* name) {
  const auto found = object.find(name);
  return found == object.end() ? nullptr : found->get_ptr<const std::string*>();
}

std::optional<std::uint64_t> find_number(const ordered_json& object, const char* name,
                                         std::uint64_t max) {
  const auto found = object.find(name);
  if (found == object.end() || !found->is_number_unsigned() || found->get<std::uint64_t>() > max)
    return std::nullopt;
  return found->get<std::uint64_t>();
}

/// The cause in the layout of encode(); false if it stands there in another.
bool take_cause(json_scanner& in, cause& read) {
  if (!in.take(R"("cause":{)"))
    return false;
  bool is_first = true;
  const auto take = [&](std::string_view comma_and_name, std::string& into) {
    if (!in.take(comma_and_name.substr(is_first ? 1 : 0))) {
      into.clear(); // Left out.
      return true;
    }
    is_first = false;
    return in.take_string(into) && !into.empty();
  };
  return take(R"(,"command":)", read.command) && take(R"(,"by":)", read.by)
         && take(R"(,"requestId":)", read.request_id)
         && take(R"(,"traceparent":)", read.traceparent) && in.take("},");
}

/// Members that hold an empty text are left out when a cause is written.
std::optional<cause> read_cause(const ordered_json& object) {
  cause read;
  std::size_t known = 0;
  const auto take = [&](const char* name, std::string& into) {
    if (const auto* text = find_text(object, name); text && !text->empty()) {
      into = *text;
      ++known;
    }
  };
  take("command", read.command);
  take("by", read.by);
  take("requestId", read.request_id);
  take("traceparent", read.traceparent);
  if (known != object.size())
    return std::nullopt;
  return read;
}

/// Reads members in any order and form, and says what is wrong with them.
result<envelope> parse_envelope(std::string_view bytes) {
  const auto root = parse_object(bytes);
  if (!root)
    return unreadable("it is not a JSON object of ours");
  const auto* type = find_text(*root, "type");
  if (!type || type->empty())
    return unreadable("its member \"type\" is not a name");
  const auto version = find_number(*root, "v", version_max);
  if (!version || *version == 0)
    return unreadable("its member \"v\" is not a version");
  const auto at_ms = find_number(*root, "at", at_ms_max);
  if (!at_ms)
    return unreadable("its member \"at\" is not a time in milliseconds");
  const auto why = root->find("cause");
  const auto read = why != root->end() && why->is_object() ? read_cause(*why) : std::nullopt;
  if (!read)
    return unreadable("its member \"cause\" is not a cause");
  const auto data = root->find("data");
  if (data == root->end() || !data->is_object())
    return unreadable("its member \"data\" is not an object");
  if (root->size() != 5)
    return unreadable("it has members that no version wrote");
  return envelope{*type, static_cast<std::uint32_t>(*version),
                  from_ms(static_cast<std::int64_t>(*at_ms)), *read, data->dump()};
}

} // namespace

std::string encode(const envelope& e) {
  json_writer w(160 + e.data.size());
  const auto put = [&](std::string_view name, const std::string& text) {
    if (!text.empty())
      w.key(name).string(text);
  };
  w.begin_object();
  w.key("type").string(e.type);
  w.key("v").number(e.version);
  w.key("at").number(to_ms(e.at));
  w.key("cause").begin_object();
  put("command", e.cause.command);
  put("by", e.cause.by);
  put("requestId", e.cause.request_id);
  put("traceparent", e.cause.traceparent);
  w.end_object();
  w.key("data").raw(e.data);
  w.end_object();
  return w.take();
}

bool read_as_written(std::string_view bytes, envelope& e) {
  json_scanner in(bytes);
  std::uint64_t version = 0;
  std::uint64_t at_ms = 0;
  if (!in.take(R"({"type":)") || !in.take_string(e.type) || e.type.empty())
    return false;
  if (!in.take(R"(,"v":)") || !in.take_count(version) || version == 0 || version > version_max)
    return false;
  if (!in.take(R"(,"at":)") || !in.take_count(at_ms) || at_ms > at_ms_max || !in.take(','))
    return false;
  // The outermost object is a level, too. At the innermost level the tree permits only what is
  // empty; it may see to that itself.
  std::string_view data;
  if (!take_cause(in, e.cause) || !in.take(R"("data":)") || !in.take_object(data, depth_max - 1)
      || !in.take('}') || !in.is_done())
    return false;
  e.version = static_cast<std::uint32_t>(version);
  e.at = from_ms(static_cast<std::int64_t>(at_ms));
  e.data.assign(data);
  return true;
}

result<void> decode_envelope(std::string_view bytes, envelope& into) {
  if (read_as_written(bytes, into))
    return {};
  auto read = parse_envelope(bytes);
  if (!read)
    return read.error();
  into = *std::move(read);
  return {};
}

result<envelope> decode_envelope(std::string_view bytes) {
  envelope read;
  if (auto decoded = decode_envelope(bytes, read); !decoded)
    return decoded.error();
  return read;
}

} // namespace dossier
