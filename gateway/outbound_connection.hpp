// SPDX-License-Identifier: Apache-2.0
// Bytes to and from one server outside, plain or in TLS; nothing of what they mean.
#pragma once

#include "actors/outbound.hpp"
#include "gateway/net.hpp"
#include "gateway/patience.hpp"
#include "protocol/result.hpp"

#include <boost/asio/ssl/context.hpp>
#include <boost/system/error_code.hpp>

#include <chrono>
#include <cstddef>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace dossier {

/// Used by one coroutine at a time, on its executor.
class outbound_connection {
public:
  virtual ~outbound_connection() = default;

  /// Some bytes, at least one; an end without a goodbye is the end of file, too.
  virtual awaitable<std::pair<boost::system::error_code, std::size_t>>
  read_some(std::span<char> into) = 0;
  /// All of them.
  virtual awaitable<boost::system::error_code> write(std::string_view bytes) = 0;
};

/// "host port 443", as failures name a destination.
std::string name_of(const destination& to);
/// The destination did not answer in time.
failure late_call(const destination& to, std::string_view doing);
/// What an error of the connection means for a caller.
failure broken_call(const destination& to, std::string_view doing,
                    const boost::system::error_code& error);

/// Tries the addresses in their order, at least one, each for its share of what is left until
/// `until`; agrees on TLS, with the server's certificate checked, if the destination wants it. The
/// connection works until `until`; `tls` outlives it.
awaitable<result<std::unique_ptr<outbound_connection>>>
open_connection(asio::ssl::context& tls, const destination& to,
                const std::vector<ip_address>& addresses, steady_time until);

} // namespace dossier
