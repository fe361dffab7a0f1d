// SPDX-License-Identifier: Apache-2.0
#include "gateway/request_guard.hpp"

#include "protocol/ascii.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <limits>
#include <string>

namespace dossier {

namespace {

// Byte classes of RFC 9110 and 3986, one bit each.
constexpr std::uint8_t token_byte = 1;  // tchar
constexpr std::uint8_t target_byte = 2; // what a path and a query may hold, '%' included
constexpr std::uint8_t host_byte = 4;   // of a host name; RFC 3986 would allow a few more
constexpr std::uint8_t line_byte = 8;   // visible ASCII and space: the request line
constexpr std::uint8_t field_byte = 16; // that, tab and what is beyond ASCII: field values

constexpr bool is_alphanumeric(unsigned c) {
  return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

constexpr std::array<std::uint8_t, 256> make_classes() {
  std::array<std::uint8_t, 256> classes{};
  const auto add = [&classes](std::string_view bytes, std::uint8_t bit) {
    for (const char c : bytes)
      classes[static_cast<unsigned char>(c)] |= bit;
  };
  for (unsigned c = 0; c < 256; ++c) {
    if (is_alphanumeric(c))
      classes[c] |= token_byte | target_byte | host_byte;
    if (c >= 0x20 && c <= 0x7e)
      classes[c] |= line_byte | field_byte;
    if (c >= 0x80 || c == '\t')
      classes[c] |= field_byte;
  }
  add("!#$%&'*+-.^_`|~", token_byte);
  add("-._~:/?[]@!$&'()*+,;=%", target_byte);
  add("-._~", host_byte);
  return classes;
}

constexpr auto classes = make_classes();

bool is(char c, std::uint8_t bit) {
  return (classes[static_cast<unsigned char>(c)] & bit) != 0;
}

bool all(std::string_view text, std::uint8_t bit) {
  return std::all_of(text.begin(), text.end(), [bit](char c) { return is(c, bit); });
}

// What came from outside, short and printable, so that it may stand in an answer and in a log.
std::string quoted(std::string_view text) {
  constexpr std::size_t shown_max = 48;
  constexpr std::string_view digits = "0123456789abcdef";
  std::string out = "'";
  for (const char c : text.substr(0, shown_max)) {
    const auto byte = static_cast<unsigned char>(c);
    if (is(c, line_byte)) {
      out += c;
    } else {
      out += "\\x";
      out += digits[byte >> 4];
      out += digits[byte & 15];
    }
  }
  out += text.size() > shown_max ? "…'" : "'";
  return out;
}

// The fields whose meaning a second copy would change. Those that frame the message come first: the
// switch in check_known_field is over these places.
constexpr std::size_t host_index = 0;
constexpr std::size_t content_length_index = 1;
constexpr std::size_t transfer_encoding_index = 2;
constexpr std::size_t expect_index = 3;
constexpr std::array<std::string_view, 18> singletons{
  "host",          "content-length", "transfer-encoding", "expect",
  "content-type",  "authorization",  "x-functions-key",   "if-match",
  "if-none-match", "if-range",       "if-modified-since", "range",
  "x-request-id",  "content-md5",    "idempotency-key",   "content-encoding",
  "repr-digest",   "traceparent",
};

constexpr std::uint32_t bit_of(std::size_t index) {
  return std::uint32_t{1} << index;
}

constexpr std::array<std::string_view, 7> verbs{"GET",   "HEAD",   "POST",   "PUT",
                                                "PATCH", "DELETE", "OPTIONS"};

failure refused(std::string why, std::string where = {}) {
  return fail(errc::malformed, std::move(why), std::move(where));
}

result<void> check_target(std::string_view method, std::string_view target,
                          const guard_limits& limits) {
  if (target.size() > limits.target_bytes_max)
    return fail(errc::uri_too_long,
                "the request target has " + std::to_string(target.size()) + " bytes; at most "
                  + std::to_string(limits.target_bytes_max) + " are accepted",
                "request line");
  if (target == "*" && method == "OPTIONS")
    return {};
  if (target.empty() || target.front() != '/')
    return refused("the request target " + quoted(target)
                     + " is not a path; send '/path?query' and name the server in Host",
                   "request line");
  if (!all(target, target_byte))
    return refused("the request target " + quoted(target)
                     + " holds a byte that must be percent-encoded",
                   "request line");
  return {};
}

result<bool> check_version(std::string_view version) {
  if (version == "HTTP/1.1")
    return false;
  if (version == "HTTP/1.0")
    return true;
  const bool is_a_version = version.size() == 8 && version.starts_with("HTTP/")
                            && is_digit(version[5]) && version[6] == '.' && is_digit(version[7]);
  if (is_a_version)
    return fail(errc::version_not_supported,
                "the request is of version " + quoted(version) + "; send HTTP/1.1", "request line");
  return refused("the request line ends in " + quoted(version) + " instead of HTTP/1.1",
                 "request line");
}

bool is_port(std::string_view text) {
  return text.size() <= 5 && std::all_of(text.begin(), text.end(), is_digit);
}

// A name, an IPv4 address or an IPv6 address in brackets, and maybe a port. User names, lists and
// percent-encoded names have no use here and a history of being read in two ways.
bool is_host(std::string_view text) {
  if (text.starts_with('[')) {
    const auto end = text.find(']');
    if (end == std::string_view::npos || end < 3)
      return false;
    const auto address = text.substr(1, end - 1);
    if (address.find_first_not_of("0123456789abcdefABCDEF:.") != std::string_view::npos)
      return false;
    const auto rest = text.substr(end + 1);
    return rest.empty() || (rest.front() == ':' && is_port(rest.substr(1)));
  }
  const auto colon = text.find(':');
  if (!all(text.substr(0, colon), host_byte))
    return false;
  return colon == std::string_view::npos || (colon > 0 && is_port(text.substr(colon + 1)));
}

// Of the fields that frame a message only the one spelling that every sender uses is accepted: at
// most one space before the value, nothing after it.
std::optional<std::string_view> framing_value(std::string_view raw) {
  if (raw.starts_with(' '))
    raw.remove_prefix(1);
  if (raw != trimmed(raw))
    return std::nullopt;
  return raw;
}

result<std::uint64_t> read_content_length(std::string_view raw) {
  const auto refuse = [raw](std::string_view because) {
    return refused("cannot frame the body by Content-Length " + quoted(raw) + ": "
                     + std::string(because),
                   "Content-Length");
  };
  const auto value = framing_value(raw);
  if (!value || value->empty() || !std::all_of(value->begin(), value->end(), is_digit))
    return refuse("it must be one decimal number");
  if (value->size() > 1 && value->front() == '0')
    return refuse("it must not start with a zero");
  std::uint64_t length = 0;
  const auto read = std::from_chars(value->data(), value->data() + value->size(), length);
  if (read.ec != std::errc{}
      || length > static_cast<std::uint64_t>(std::numeric_limits<std::int64_t>::max()))
    return refuse("it is larger than any body can be");
  return length;
}

} // namespace

result<std::optional<guard_verdict>> check_head(std::string_view bytes,
                                                const guard_limits& limits) {
  head_guard guard(limits);
  return guard.feed(bytes);
}

// Every decision belongs to one byte: a bad byte to itself, a bad line to its line feed, a head
// that is too large to the last byte allowed. So pieces of any size lead to the same verdict.
result<std::optional<guard_verdict>> head_guard::feed(std::string_view bytes) {
  const auto end = std::min(bytes.size(), limits_.header_bytes_max);
  for (;;) {
    const auto plain = is_request_line_read_ ? field_byte : line_byte;
    while (scanned_ < end && is(bytes[scanned_], plain))
      ++scanned_;
    if (scanned_ == end || (bytes[scanned_] == '\r' && scanned_ + 1 == end))
      break;
    if (bytes[scanned_] != '\r' || bytes[scanned_ + 1] != '\n')
      return refused("the request's head holds the byte " + quoted(bytes.substr(scanned_, 1))
                       + " at offset " + std::to_string(scanned_)
                       + "; lines end with CR LF and hold no controls",
                     is_request_line_read_ ? "header" : "request line");
    const auto line = bytes.substr(line_begin_, scanned_ - line_begin_);
    scanned_ += 2;
    line_begin_ = scanned_;
    if (auto checked = check_line(line); !checked)
      return checked.error();
    if (is_head_complete_) {
      verdict_.head_bytes = scanned_;
      return std::optional(verdict_);
    }
  }
  if (end < limits_.header_bytes_max)
    return std::optional<guard_verdict>();
  if (!is_request_line_read_)
    return fail(errc::uri_too_long,
                "the request line is longer than " + std::to_string(limits_.header_bytes_max)
                  + " bytes",
                "request line");
  return fail(errc::header_too_large, "the request's head is larger than "
                                        + std::to_string(limits_.header_bytes_max) + " bytes");
}

result<void> head_guard::check_line(std::string_view line) {
  if (!is_request_line_read_) {
    is_request_line_read_ = true;
    return check_request_line(line);
  }
  if (!line.empty())
    return check_field(line);
  is_head_complete_ = true;
  verdict_.keeps_alive = !asks_close_ && (!verdict_.is_http_1_0 || asks_keep_alive_);
  return check_whole();
}

result<void> head_guard::check_request_line(std::string_view line) {
  const auto first = line.find(' ');
  const auto second = first == std::string_view::npos ? first : line.find(' ', first + 1);
  if (second == std::string_view::npos)
    return refused("the request line " + quoted(line)
                     + " is not a method, a target and a version with one space between them",
                   "request line");
  const auto method = line.substr(0, first);
  if (method.empty() || !all(method, token_byte))
    return refused("the request line " + quoted(line) + " does not start with a method",
                   "request line");
  const auto is_1_0 = check_version(line.substr(second + 1));
  if (!is_1_0)
    return is_1_0.error();
  verdict_.is_http_1_0 = *is_1_0;
  if (std::find(verbs.begin(), verbs.end(), method) == verbs.end())
    return fail(errc::not_implemented,
                "no route here takes the method " + quoted(method)
                  + "; methods are upper-case words such as GET",
                "request line");
  return check_target(method, line.substr(first + 1, second - first - 1), limits_);
}

result<void> head_guard::check_field(std::string_view line) {
  if (++fields_ > limits_.header_fields_max)
    return fail(errc::header_too_large, "the request has more than "
                                          + std::to_string(limits_.header_fields_max)
                                          + " header fields");
  const auto colon = line.find(':');
  const auto name = line.substr(0, colon);
  if (colon == std::string_view::npos || name.empty() || !all(name, token_byte))
    return refused("the header line " + quoted(line)
                     + " is not a field name directly followed by a colon and its value",
                   "header");
  const auto raw = line.substr(colon + 1);
  for (std::size_t index = 0; index < singletons.size(); ++index)
    if (equals_ignoring_case(name, singletons[index]))
      return check_known_field(name, raw, index);
  const bool is_connection = equals_ignoring_case(name, "connection");
  if (!is_connection && !equals_ignoring_case(name, "proxy-connection"))
    return {};
  for (auto rest = raw; !rest.empty();) {
    const auto comma = std::min(rest.find(','), rest.size());
    const auto option = trimmed(rest.substr(0, comma));
    rest.remove_prefix(std::min(comma + 1, rest.size()));
    if (!all(option, token_byte))
      return refused("the connection option " + quoted(option) + " is not a word",
                     std::string(name));
    asks_close_ = asks_close_ || (is_connection && equals_ignoring_case(option, "close"));
    asks_keep_alive_
      = asks_keep_alive_ || (is_connection && equals_ignoring_case(option, "keep-alive"));
  }
  return {};
}

result<void> head_guard::check_known_field(std::string_view name, std::string_view raw,
                                           std::size_t index) {
  if ((seen_ & bit_of(index)) != 0)
    return refused("the header field " + quoted(name) + " must not stand there twice",
                   std::string(name));
  seen_ |= bit_of(index);
  if (index == host_index && !is_host(trimmed(raw)))
    return refused("the header field Host " + quoted(raw)
                     + " is not a host name or address with an optional port",
                   std::string(name));
  if (index == content_length_index) {
    const auto length = read_content_length(raw);
    if (!length)
      return length.error();
    verdict_.framing = framing::length;
    verdict_.content_length = *length;
  }
  if (index == transfer_encoding_index) {
    if (framing_value(raw) != "chunked")
      return refused("cannot find the end of a body in Transfer-Encoding " + quoted(raw)
                       + "; send 'chunked' or a Content-Length",
                     std::string(name));
    verdict_.framing = framing::chunked;
  }
  // HTTP/1.0 knows no expectations and they are ignored there (RFC 9110 10.1.1).
  if (index == expect_index && !verdict_.is_http_1_0) {
    if (!equals_ignoring_case(trimmed(raw), "100-continue"))
      return fail(errc::expectation_failed,
                  "cannot meet the expectation " + quoted(raw) + "; only 100-continue is known",
                  std::string(name));
    verdict_.expects_continue = true;
  }
  return {};
}

result<void> head_guard::check_whole() const {
  const bool has_length = (seen_ & bit_of(content_length_index)) != 0;
  const bool is_chunked = (seen_ & bit_of(transfer_encoding_index)) != 0;
  if (!verdict_.is_http_1_0 && (seen_ & bit_of(host_index)) == 0)
    return refused("the request has no Host field, which HTTP/1.1 requires", "Host");
  if (is_chunked && verdict_.is_http_1_0)
    return refused("HTTP/1.0 knows no Transfer-Encoding; send a Content-Length",
                   "Transfer-Encoding");
  if (is_chunked && has_length)
    return refused("the request has both Transfer-Encoding and Content-Length; send one of them",
                   "Content-Length");
  return {};
}

result<std::optional<chunk_head>> check_chunk_head(std::string_view bytes) {
  constexpr std::size_t digits_max = 16;
  const auto is_hex = [](char c) {
    return is_digit(c) || (lower(c) >= 'a' && lower(c) <= 'f');
  };
  const auto line = bytes.substr(0, digits_max + 2);
  const auto refuse = [line](std::string_view because) {
    return refused("cannot read the chunk size " + quoted(line) + ": " + std::string(because),
                   "body");
  };
  const auto end
    = static_cast<std::size_t>(std::find_if_not(line.begin(), line.end(), is_hex) - line.begin());
  if (end > digits_max)
    return refuse("it has more than 16 digits");
  const auto rest = bytes.substr(end, 2);
  if (rest.empty() || (end > 0 && rest == "\r"))
    return std::optional<chunk_head>();
  if (end == 0 || rest != "\r\n")
    return refuse("only hexadecimal digits and CR LF may stand there, no extensions");
  chunk_head head;
  head.line_bytes = end + 2;
  std::from_chars(bytes.data(), bytes.data() + end, head.size_bytes, 16);
  if (head.size_bytes > static_cast<std::uint64_t>(std::numeric_limits<std::int64_t>::max()))
    return refuse("it is larger than any body can be");
  return std::optional(head);
}

} // namespace dossier
