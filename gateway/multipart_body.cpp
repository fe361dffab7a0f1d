// SPDX-License-Identifier: Apache-2.0
#include "gateway/multipart_body.hpp"

#include "protocol/ascii.hpp"

#include <algorithm>
#include <cstring>
#include <utility>

namespace dossier {

namespace {

constexpr std::size_t boundary_bytes_max = 70;
constexpr std::string_view head_end = "\r\n\r\n";

failure malformed_form(std::string_view why) {
  return fail(errc::malformed, "The form cannot be read: " + std::string(why) + ".");
}

bool may_stand_in_boundary(char c) {
  return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z')
         || std::string_view("'()+_,-./:=? ").find(c) != std::string_view::npos;
}

/// The value of a parameter behind the first semicolon; nullopt if it is not there.
std::optional<std::string> parameter(std::string_view field, std::string_view name) {
  for (auto rest = field; rest.find(';') != std::string_view::npos;) {
    rest = trimmed(rest.substr(rest.find(';') + 1));
    const auto equals = rest.find('=');
    if (equals == std::string_view::npos)
      return std::nullopt;
    const bool is_it = equals_ignoring_case(trimmed(rest.substr(0, equals)), name);
    auto value = rest.substr(equals + 1);
    if (value.starts_with('"')) {
      const auto end = value.find('"', 1);
      if (end == std::string_view::npos)
        return std::nullopt;
      if (is_it)
        return std::string(value.substr(1, end - 1));
      rest = value.substr(end + 1);
    } else if (is_it) {
      return std::string(trimmed(value.substr(0, value.find(';'))));
    }
  }
  return std::nullopt;
}

} // namespace

result<std::optional<std::string>> multipart_boundary(std::string_view content_type) {
  const auto type = trimmed(content_type.substr(0, content_type.find(';')));
  if (!equals_ignoring_case(type, "multipart/form-data"))
    return std::optional<std::string>{};
  auto boundary = parameter(content_type, "boundary");
  if (!boundary || boundary->empty() || boundary->size() > boundary_bytes_max
      || boundary->ends_with(' ') || !std::ranges::all_of(*boundary, may_stand_in_boundary))
    return fail(errc::invalid_argument,
                "A form names the boundary of its parts, 1 to 70 characters of RFC 2046.",
                "Content-Type");
  return boundary;
}

multipart_body::multipart_body(body_reader& whole, std::string_view boundary)
  : whole_(whole)
  , delimiter_("\r\n--" + std::string(boundary))
  // The first boundary may stand at the very beginning, without the line end that the others have.
  , unread_("\r\n") {
  unread_.reserve(buffer_bytes);
}

awaitable<result<bool>> multipart_body::fetch() {
  const auto before = unread_.size();
  unread_.resize(before + piece_bytes);
  const auto got
    = co_await whole_.read_some(std::as_writable_bytes(std::span(unread_).subspan(before)));
  unread_.resize(before + (got ? *got : 0));
  if (!got)
    co_return got.error();
  co_return *got > 0;
}

result<void> multipart_body::open_part(std::string_view head) {
  place_ = place::in_field;
  for (auto rest = head; !rest.empty();) {
    const auto end = std::min(rest.find("\r\n"), rest.size());
    const auto line = rest.substr(0, end);
    rest.remove_prefix(std::min(rest.size(), end + 2));
    const auto colon = line.find(':');
    if (colon == std::string_view::npos
        || !equals_ignoring_case(trimmed(line.substr(0, colon)), "Content-Disposition")
        || !parameter(line.substr(colon + 1), "filename"))
      continue;
    if (std::exchange(has_file_, true))
      return fail(errc::invalid_argument, "The form has more than one file: send one at a time.");
    place_ = place::in_file;
  }
  return {};
}

/// Behind a delimiter: the end of all, or the head of the next part.
awaitable<result<void>> multipart_body::go_to_next_part() {
  for (;;) {
    if (unread_.starts_with("--")) {
      place_ = place::over;
      co_return has_file_ ? result<void>{} : malformed_form("it has no file");
    }
    const auto end = unread_.find(head_end);
    if (std::min(end, unread_.size()) > head_bytes_max)
      co_return malformed_form("the head of a part has more than 8 KiB");
    if (end != std::string::npos) {
      // Spaces and a line end stand between the boundary and the head.
      const auto line = std::min(unread_.find("\r\n"), end);
      const std::string head = unread_.substr(line, end - line);
      unread_.erase(0, end + head_end.size());
      co_return open_part(std::string_view(head).substr(std::min<std::size_t>(2, head.size())));
    }
    const auto got = co_await fetch();
    if (!got)
      co_return got.error();
    if (!*got)
      co_return malformed_form("it ends before its last boundary");
  }
}

awaitable<result<std::size_t>> multipart_body::read_some(std::span<std::byte> into) {
  for (;;) {
    if (place_ == place::over) {
      // What follows the last boundary means nothing, and is read so that the next request can be.
      unread_.clear();
      const auto got = co_await fetch();
      if (!got)
        co_return got.error();
      if (!*got)
        co_return std::size_t{0};
      continue;
    }
    if (place_ == place::between) {
      if (auto next = co_await go_to_next_part(); !next)
        co_return next.error();
      continue;
    }
    const auto found = unread_.find(delimiter_);
    // What may be the beginning of a delimiter waits for its rest.
    const auto held = std::min(unread_.size(), delimiter_.size() - 1);
    const auto certain = found != std::string::npos ? found : unread_.size() - held;
    if (place_ == place::in_file && certain > 0) {
      const auto given = std::min(certain, into.size());
      std::memcpy(into.data(), unread_.data(), given);
      unread_.erase(0, given);
      co_return given;
    }
    unread_.erase(0, certain);
    if (found != std::string::npos) {
      unread_.erase(0, delimiter_.size());
      place_ = place::between;
      continue;
    }
    const auto got = co_await fetch();
    if (!got)
      co_return got.error();
    if (!*got)
      co_return malformed_form("it ends before its last boundary");
  }
}

} // namespace dossier
