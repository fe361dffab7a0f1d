// SPDX-License-Identifier: Apache-2.0
#include "gateway/name_lookup.hpp"

#include <algorithm>
#include <cstring>
#include <memory>
#include <netdb.h>
#include <netinet/in.h>
#include <optional>

namespace dossier {

namespace {

std::optional<ip_address> address_of(const addrinfo& found) {
  if (found.ai_family == AF_INET) {
    std::array<std::uint8_t, 4> bytes{};
    std::memcpy(bytes.data(), &reinterpret_cast<const sockaddr_in*>(found.ai_addr)->sin_addr, 4);
    return ip_address::v4(bytes);
  }
  if (found.ai_family == AF_INET6) {
    std::array<std::uint8_t, 16> bytes{};
    std::memcpy(bytes.data(), &reinterpret_cast<const sockaddr_in6*>(found.ai_addr)->sin6_addr, 16);
    return ip_address::v6(bytes);
  }
  return std::nullopt;
}

} // namespace

result<std::vector<ip_address>> look_up_name(const std::string& host) {
  addrinfo wanted{};
  wanted.ai_family = AF_UNSPEC;
  wanted.ai_socktype = SOCK_STREAM;
  wanted.ai_flags = AI_ADDRCONFIG;
  addrinfo* list = nullptr;
  const int code = ::getaddrinfo(host.c_str(), nullptr, &wanted, &list);
  if (code == EAI_NONAME || code == EAI_NODATA)
    return fail(errc::not_found, "the name " + host + " has no address");
  if (code != 0)
    return fail(errc::unavailable,
                "the name " + host + " cannot be looked up: " + ::gai_strerror(code));
  const std::unique_ptr<addrinfo, void (*)(addrinfo*)> held(list, ::freeaddrinfo);
  std::vector<ip_address> addresses;
  for (const auto* each = list; each != nullptr; each = each->ai_next)
    if (const auto address = address_of(*each);
        address && std::ranges::find(addresses, *address) == addresses.end())
      addresses.push_back(*address);
  if (addresses.empty())
    return fail(errc::not_found, "the name " + host + " has no address");
  return addresses;
}

} // namespace dossier
