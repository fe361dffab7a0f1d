// SPDX-License-Identifier: Apache-2.0
#include "protocol/destination.hpp"

#include "protocol/ascii.hpp"

#include <arpa/inet.h>

#include <algorithm>
#include <charconv>

namespace dossier {

namespace {

constexpr std::size_t host_bytes_max = 253; // RFC 1035, written with dots.
constexpr std::size_t label_bytes_max = 63;

failure refused(std::string why) {
  return fail(errc::invalid_argument, "cannot call this URL: " + std::move(why), "url");
}

constexpr bool is_lower(char c) {
  return c >= 'a' && c <= 'z';
}
constexpr bool is_hex(char c) {
  return is_digit(c) || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F');
}

std::string in_lower_case(std::string_view text) {
  std::string lower(text);
  for (char& c : lower)
    if (c >= 'A' && c <= 'Z')
      c = static_cast<char>(c - 'A' + 'a');
  return lower;
}

/// One block of addresses: those that begin with the first `bits` of `start`.
template <std::size_t Size>
struct block {
  std::array<std::uint8_t, Size> start;
  unsigned bits;
};

template <std::size_t Size>
bool is_in(std::span<const std::uint8_t> bytes, const block<Size>& within) {
  const std::size_t whole = within.bits / 8;
  if (!std::equal(within.start.begin(), within.start.begin() + whole, bytes.begin()))
    return false;
  const unsigned rest = within.bits % 8;
  return rest == 0 || (bytes[whole] ^ within.start[whole]) >> (8 - rest) == 0;
}

constexpr block<4> v4_blocks[] = {
  {{0, 0, 0, 0}, 8},       // This network; 0.0.0.0 reaches the machine itself.
  {{10, 0, 0, 0}, 8},      // Private.
  {{100, 64, 0, 0}, 10},   // Carrier-grade NAT.
  {{127, 0, 0, 0}, 8},     // Loopback.
  {{169, 254, 0, 0}, 16},  // Link-local; clouds keep their credentials there.
  {{172, 16, 0, 0}, 12},   // Private.
  {{192, 0, 0, 0}, 24},    // IETF protocols.
  {{192, 0, 2, 0}, 24},    // Documentation.
  {{192, 88, 99, 0}, 24},  // 6to4 relays, withdrawn.
  {{192, 168, 0, 0}, 16},  // Private.
  {{198, 18, 0, 0}, 15},   // Benchmarking.
  {{198, 51, 100, 0}, 24}, // Documentation.
  {{203, 0, 113, 0}, 24},  // Documentation.
  {{224, 0, 0, 0}, 4},     // Multicast.
  {{240, 0, 0, 0}, 4},     // Reserved, and broadcast at its end.
};

constexpr block<16> v6_mapped{{0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff}, 96};
constexpr block<16> v6_nat64{{0x00, 0x64, 0xff, 0x9b}, 96};
constexpr block<16> v6_6to4{{0x20, 0x02}, 16};
constexpr block<16> v6_global{{0x20}, 3};

// What is special inside of 2000::/3. All else special lies outside of it.
constexpr block<16> v6_blocks[] = {
  {{0x20, 0x01}, 23},             // IETF protocols: Teredo, benchmarking, ORCHID.
  {{0x20, 0x01, 0x0d, 0xb8}, 32}, // Documentation.
  {{0x3f, 0xff}, 20},             // Documentation.
};

bool is_private_v4(std::span<const std::uint8_t> bytes) {
  return std::ranges::any_of(v4_blocks, [&](const auto& b) { return is_in(bytes, b); });
}

/// Whether a resolver might read this as a number: the last label is one, decimal or 0x….
bool ends_in_number(std::string_view host) {
  auto last = host.substr(host.rfind('.') + 1);
  if (std::ranges::all_of(last, is_digit))
    return true;
  if (!last.starts_with("0x"))
    return false;
  last.remove_prefix(2);
  return std::ranges::all_of(last, is_hex);
}

result<void> check_name(std::string_view host) {
  if (host.size() > host_bytes_max)
    return refused("its host has more than 253 bytes");
  while (true) {
    const auto dot = std::min(host.find('.'), host.size());
    const auto label = host.substr(0, dot);
    const auto is_allowed = [](char c) {
      return is_lower(c) || is_digit(c) || c == '-' || c == '_';
    };
    if (label.empty() || label.size() > label_bytes_max || label.front() == '-'
        || label.back() == '-' || !std::ranges::all_of(label, is_allowed))
      return refused("its host is no DNS name; write labels of letters, digits and '-' with single "
                     "dots between them, other alphabets in their xn-- form");
    if (dot == host.size())
      return {};
    host.remove_prefix(dot + 1);
  }
}

/// Fills host and address from what stands between "//" and the port.
result<void> read_host(std::string_view text, destination& into) {
  if (text.starts_with('[')) {
    const auto inside = text.substr(1, text.size() - 2);
    const auto address = ip_address::parse(inside);
    if (!address || address->is_v4())
      return refused("there is no IPv6 address between its brackets; zones are not allowed");
    into.host = in_lower_case(inside);
    into.address = *address;
    return {};
  }
  into.host = in_lower_case(text);
  if (into.host.empty())
    return refused("it names no host");
  if (const auto named = check_name(into.host); !named)
    return named.error();
  if (!ends_in_number(into.host))
    return {};
  const auto address = ip_address::parse(into.host);
  if (!address)
    return refused("its host ends in a number and is no IPv4 address; write all four numbers in "
                   "decimal without leading zeros");
  into.address = *address;
  return {};
}

result<std::uint16_t> read_port(std::string_view text) {
  std::uint16_t port = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), port);
  if (error != std::errc{} || end != text.data() + text.size() || text.front() == '0')
    return refused("its port is no number from 1 to 65535; correct it or leave out the colon");
  return port;
}

result<void> read_authority(std::string_view text, destination& into) {
  if (text.find('@') != std::string_view::npos)
    return refused("it names a user; webhooks are signed instead, so leave out everything up to @");
  // A port follows the last colon, unless that one belongs to an address in brackets.
  std::size_t host_end = text.size();
  if (text.starts_with('[')) {
    const auto bracket = text.find(']');
    if (bracket == std::string_view::npos)
      return refused("the bracket of its IPv6 address is not closed");
    host_end = bracket + 1;
  } else if (const auto colon = text.find(':'); colon != std::string_view::npos) {
    host_end = colon;
  }
  if (const auto read = read_host(text.substr(0, host_end), into); !read)
    return read.error();
  auto rest = text.substr(host_end);
  if (rest.empty())
    return {};
  if (rest.front() != ':')
    return refused("something stands between its host and its path");
  rest.remove_prefix(1);
  const auto port = read_port(rest);
  if (!port)
    return port.error();
  into.port = *port;
  return {};
}

/// RFC 3986 path and query: what may stand there, and whole percent codes.
result<void> check_target(std::string_view target) {
  constexpr std::string_view marks = "-._~!$&'()*+,;=:@/?";
  for (std::size_t i = 0; i < target.size(); ++i) {
    const char c = target[i];
    if (c == '%') {
      if (i + 2 >= target.size() || !is_hex(target[i + 1]) || !is_hex(target[i + 2]))
        return refused("a percent sign in its path or query is not followed by two hexadecimal "
                       "digits; write %25 for the sign itself");
      i += 2;
    } else if (!is_lower(c) && !is_digit(c) && !(c >= 'A' && c <= 'Z')
               && marks.find(c) == std::string_view::npos) {
      return refused("its path or query has a character that must be percent-encoded");
    }
  }
  return {};
}

} // namespace

ip_address ip_address::v4(const std::array<std::uint8_t, 4>& bytes) {
  ip_address address;
  std::ranges::copy(bytes, address.bytes_.begin());
  address.is_v4_ = true;
  return address;
}

ip_address ip_address::v6(const std::array<std::uint8_t, 16>& bytes) {
  ip_address address;
  address.bytes_ = bytes;
  return address;
}

result<ip_address> ip_address::parse(std::string_view text) {
  // inet_pton stops at a zero byte, so one inside would hide what follows it.
  if (text.size() < INET6_ADDRSTRLEN && text.find('\0') == std::string_view::npos) {
    const std::string terminated(text);
    std::array<std::uint8_t, 4> four{};
    if (inet_pton(AF_INET, terminated.c_str(), four.data()) == 1)
      return v4(four);
    std::array<std::uint8_t, 16> sixteen{};
    if (inet_pton(AF_INET6, terminated.c_str(), sixteen.data()) == 1)
      return v6(sixteen);
  }
  return fail(errc::invalid_argument, "cannot read an IP address: write IPv4 as four decimal "
                                      "numbers, or IPv6 without brackets and zone");
}

bool is_private(const ip_address& address) {
  const auto bytes = address.bytes();
  if (address.is_v4())
    return is_private_v4(bytes);
  if (is_in(bytes, v6_mapped) || is_in(bytes, v6_nat64))
    return is_private_v4(bytes.subspan(12));
  if (is_in(bytes, v6_6to4))
    return is_private_v4(bytes.subspan(2, 4));
  return !is_in(bytes, v6_global)
         || std::ranges::any_of(v6_blocks, [&](const auto& b) { return is_in(bytes, b); });
}

result<destination> destination::parse(std::string_view url) {
  if (url.size() > url_bytes_max)
    return refused("it has " + std::to_string(url.size()) + " bytes; at most "
                   + std::to_string(url_bytes_max) + " are allowed");
  destination made;
  const auto colon = url.find("://");
  const auto scheme = in_lower_case(url.substr(0, std::min(colon, url.size())));
  if (colon == std::string_view::npos || (scheme != "https" && scheme != "http"))
    return refused("it does not begin with https:// or http://");
  made.is_https = scheme == "https";
  made.port = made.is_https ? 443 : 80;
  url.remove_prefix(colon + 3);
  if (url.find('#') != std::string_view::npos)
    return refused("it has a fragment, which is never sent; leave out everything from #");
  const auto authority = url.substr(0, std::min(url.find_first_of("/?"), url.size()));
  if (const auto read = read_authority(authority, made); !read)
    return read.error();
  url.remove_prefix(authority.size());
  if (const auto checked = check_target(url); !checked)
    return checked.error();
  made.target = url.starts_with('/') ? std::string(url) : "/" + std::string(url);
  return made;
}

} // namespace dossier
