// SPDX-License-Identifier: Apache-2.0
// Where a webhook may go: what its URL has to look like, and which addresses lie inside somebody's
// network, so that a customer's URL cannot make us call what only we can reach. Pure: resolves no
// name. Whoever connects checks each resolved address and connects to that address, not to the
// name.
#pragma once

#include "protocol/result.hpp"

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>

namespace dossier {

/// An IPv4 or IPv6 address, network byte order, without a zone.
class ip_address {
public:
  static ip_address v4(const std::array<std::uint8_t, 4>& bytes);
  static ip_address v6(const std::array<std::uint8_t, 16>& bytes);
  /// Reads what inet_pton reads: dotted decimal with four numbers and no leading zeros, or RFC 4291
  /// text without brackets and zone. invalid_argument otherwise.
  static result<ip_address> parse(std::string_view text);

  bool is_v4() const { return is_v4_; }
  /// 4 or 16 bytes.
  std::span<const std::uint8_t> bytes() const { return {bytes_.data(), is_v4_ ? 4U : 16U}; }

  bool operator==(const ip_address&) const = default;

private:
  ip_address() = default;

  std::array<std::uint8_t, 16> bytes_{}; ///< Zeros behind an IPv4 address.
  bool is_v4_ = false;
};

/// Whether an address is no ordinary one of the public Internet: loopback, private, link-local,
/// unique-local, carrier-grade NAT (100.64/10), multicast, broadcast, unspecified, documentation,
/// benchmarking, reserved, and everything outside of 2000::/3. IPv4 addresses inside IPv6 ones
/// (IPv4-mapped, NAT64 64:ff9b::/96, 6to4) are judged by what is inside. In doubt it is private:
/// the few public services inside of reserved blocks are nobody's webhook. Source: IANA's IPv4 and
/// IPv6 Special-Purpose Address Registries (RFC 6890).
bool is_private(const ip_address& address);

/// A webhook's URL in parts, checked.
struct destination {
  static constexpr std::size_t url_bytes_max = 2'048;

  bool is_https = true;
  /// Lower case, without brackets; a DNS name or the text of `address`.
  std::string host;
  /// Set when the host is a literal: nothing is to be resolved then.
  std::optional<ip_address> address;
  std::uint16_t port = 443; ///< Never 0.
  /// Path and query as they go onto the request line; begins with "/".
  std::string target;

  /// Reads an absolute http or https URL (RFC 3986) of visible ASCII: a host, no user, no fragment,
  /// port 1 to 65535, at most url_bytes_max bytes. Hosts are names of letters, digits, '-' and '_'
  /// as DNS has them (international ones in their xn-- form), dotted IPv4, or IPv6 in brackets;
  /// what some resolvers take for an address without being one (127.1, 0x7f000001) is refused.
  /// Refusals are invalid_argument and say what to change.
  static result<destination> parse(std::string_view url);
};

} // namespace dossier
