// SPDX-License-Identifier: Apache-2.0
#include "gateway/outbound_connection.hpp"

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/buffer.hpp>
#include <boost/asio/ssl/host_name_verification.hpp>
#include <boost/asio/ssl/stream.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/beast/core/error.hpp>
#include <boost/beast/core/tcp_stream.hpp>
#include <boost/beast/http/error.hpp>

#include <algorithm>
#include <optional>

namespace dossier {

namespace {

namespace beast = boost::beast;
using boost::system::error_code;

constexpr auto told = asio::as_tuple(asio::use_awaitable);

/// Many servers leave the goodbye of TLS out. Whoever reads what they send knows whether it was
/// whole.
bool is_end(const error_code& error) {
  return error == asio::ssl::error::stream_truncated || error == asio::error::eof;
}

template <class Stream>
class connection_over final : public outbound_connection {
public:
  template <class... Arguments>
  explicit connection_over(Arguments&&... arguments)
    : stream(std::forward<Arguments>(arguments)...) {}

  awaitable<std::pair<error_code, std::size_t>> read_some(std::span<char> into) override {
    auto [error, size]
      = co_await stream.async_read_some(asio::buffer(into.data(), into.size()), told);
    if (is_end(error))
      error = asio::error::eof;
    co_return std::pair{error, size};
  }

  awaitable<error_code> write(std::string_view bytes) override {
    while (!bytes.empty()) {
      const auto [error, size]
        = co_await stream.async_write_some(asio::buffer(bytes.data(), bytes.size()), told);
      if (error)
        co_return error;
      bytes.remove_prefix(size);
    }
    co_return error_code{};
  }

  Stream stream;
};

using plain_connection = connection_over<beast::tcp_stream>;
using tls_connection = connection_over<asio::ssl::stream<beast::tcp_stream>>;

asio::ip::address asio_address(const ip_address& address) {
  const auto bytes = address.bytes();
  if (address.is_v4()) {
    asio::ip::address_v4::bytes_type v4{};
    std::ranges::copy(bytes, v4.begin());
    return asio::ip::address_v4{v4};
  }
  asio::ip::address_v6::bytes_type v6{};
  std::ranges::copy(bytes, v6.begin());
  return asio::ip::address_v6{v6};
}

awaitable<result<std::unique_ptr<plain_connection>>>
connect(const destination& to, const std::vector<ip_address>& addresses, steady_time until) {
  std::optional<failure> why;
  for (std::size_t i = 0; i < addresses.size(); ++i) {
    const auto now = std::chrono::steady_clock::now();
    // One that swallows packets takes no more than its share of what is left.
    const auto share = (until - now) / static_cast<std::int64_t>(addresses.size() - i);
    auto made = std::make_unique<plain_connection>(co_await asio::this_coro::executor);
    made->stream.expires_at(now + share);
    const auto [error] = co_await made->stream.async_connect(
      tcp::endpoint{asio_address(addresses[i]), to.port}, told);
    if (!error) {
      made->stream.socket().set_option(tcp::no_delay{true});
      made->stream.expires_at(until);
      co_return made;
    }
    why = broken_call(to, "connecting", error);
  }
  co_return why.value_or(fail(errc::not_found, to.host + " has no address"));
}

} // namespace

std::string name_of(const destination& to) {
  return to.host + " port " + std::to_string(to.port);
}

failure late_call(const destination& to, std::string_view doing) {
  return fail(errc::timed_out, name_of(to) + " did not answer in time while " + std::string{doing});
}

failure broken_call(const destination& to, std::string_view doing, const error_code& error) {
  if (error == beast::error::timeout)
    return late_call(to, doing);
  if (error.category() == make_error_code(beast::http::error::end_of_stream).category())
    return fail(errc::malformed,
                name_of(to) + " sent what is no whole HTTP answer: " + error.message());
  return fail(errc::unavailable, "calling " + name_of(to) + " failed while " + std::string{doing}
                                   + ": " + error.message());
}

awaitable<result<std::unique_ptr<outbound_connection>>>
open_connection(asio::ssl::context& tls, const destination& to,
                const std::vector<ip_address>& addresses, steady_time until) {
  auto plain = co_await connect(to, addresses, until);
  if (!plain)
    co_return plain.error();
  if (!to.is_https)
    co_return std::unique_ptr<outbound_connection>{std::move(*plain)};
  auto made = std::make_unique<tls_connection>(std::move((*plain)->stream), tls);
  made->stream.set_verify_mode(asio::ssl::verify_peer);
  made->stream.set_verify_callback(asio::ssl::host_name_verification(to.host));
  // Addresses are not sent as server names (RFC 6066 3).
  if (!to.address && SSL_set_tlsext_host_name(made->stream.native_handle(), to.host.c_str()) != 1)
    co_return fail(errc::unavailable, "TLS cannot name the host " + to.host);
  const auto [error] = co_await made->stream.async_handshake(asio::ssl::stream_base::client, told);
  if (error)
    co_return broken_call(to, "agreeing on TLS", error);
  co_return std::unique_ptr<outbound_connection>{std::move(made)};
}

} // namespace dossier
