// SPDX-License-Identifier: Apache-2.0
#include "gateway/outbound_attempt.hpp"

#include "gateway/await_reply.hpp"
#include "protocol/retry_after.hpp"

#include <boost/asio/ssl/host_name_verification.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/core/tcp_stream.hpp>
#include <boost/beast/http/buffer_body.hpp>
#include <boost/beast/http/parser.hpp>
#include <boost/beast/http/read.hpp>
#include <boost/beast/http/string_body.hpp>
#include <boost/beast/http/write.hpp>
#include <boost/beast/ssl/ssl_stream.hpp>

#include <algorithm>
#include <array>
#include <memory>
#include <optional>
#include <utility>

namespace dossier {

namespace {

namespace beast = boost::beast;
namespace http = boost::beast::http;
using boost::system::error_code;

/// More addresses of one name are not tried: the deadline is for one destination, not for a search.
constexpr std::size_t addresses_max = 4;
constexpr std::uint32_t head_bytes_max = 16'384;
constexpr std::size_t buffer_bytes_max = 32'768;
/// Interim answers (1xx) before the one that counts.
constexpr int interim_max = 4;

constexpr auto told = asio::as_tuple(asio::use_awaitable);

std::string name_of(const destination& to) {
  return to.host + " port " + std::to_string(to.port);
}

failure late(const destination& to, std::string_view doing) {
  return fail(errc::timed_out, name_of(to) + " did not answer in time while " + std::string{doing});
}

/// What an error of the connection means.
failure broken(const destination& to, std::string_view doing, const error_code& error) {
  if (error == beast::error::timeout)
    return late(to, doing);
  if (error.category() == http::make_error_code(http::error::end_of_stream).category())
    return fail(errc::malformed,
                name_of(to) + " sent what is no whole HTTP answer: " + error.message());
  return fail(errc::unavailable, "calling " + name_of(to) + " failed while " + std::string{doing}
                                   + ": " + error.message());
}

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

bool is_sendable(std::string_view value) {
  return std::ranges::all_of(value, [](char c) { return c >= ' ' && c <= '~'; });
}

using message = http::request<http::string_body>;

result<message> message_of(const outbound_parts& parts, const outbound_request& what) {
  const bool is_post = what.method == outbound_request::method_type::post;
  message m{is_post ? http::verb::post : http::verb::options, what.to.target, 11};
  auto host = what.to.host.find(':') == std::string::npos ? what.to.host : '[' + what.to.host + ']';
  if (what.to.port != (what.to.is_https ? 443 : 80))
    host += ':' + std::to_string(what.to.port);
  m.set(http::field::host, host);
  m.set(http::field::user_agent, parts.user_agent);
  m.set(http::field::connection, "close");
  for (const auto& [name, value] : what.fields) {
    if (!is_sendable(value))
      return fail(errc::invalid_argument,
                  "the field " + name + " has a value that HTTP cannot say");
    m.set(name, value);
  }
  m.body() = what.body;
  m.prepare_payload();
  return m;
}

/// The addresses to connect to; every one of them may be called.
awaitable<result<std::vector<ip_address>>>
find_addresses(const outbound_parts& parts, const destination& to, steady_point until) {
  std::vector<ip_address> addresses;
  if (to.address) {
    addresses.push_back(*to.address);
  } else {
    using found = result<std::vector<ip_address>>;
    auto slot = std::make_shared<reply_slot<found>>(co_await asio::this_coro::executor, until);
    asio::post(parts.lookups,
               [look_up = parts.look_up, host = to.host, until, arrive = slot->arrival_of()] {
                 // Whoever asked has gone by then: a slow name server must not keep others waiting
                 // for more.
                 if (std::chrono::steady_clock::now() < until)
                   arrive(look_up(host));
               });
    auto looked_up = co_await slot->wait();
    if (!looked_up)
      co_return late(to, "its name was looked up");
    if (!*looked_up)
      co_return looked_up->error();
    addresses = std::move(**looked_up);
  }
  if (!parts.are_private_allowed && std::ranges::any_of(addresses, is_private))
    co_return fail(errc::forbidden, to.host
                                      + " has an address that is not of the public Internet; such "
                                        "are called only if webhooks.private_destinations allows");
  addresses.resize(std::min(addresses.size(), addresses_max), ip_address::v4({}));
  co_return addresses;
}

/// Behind a pointer: a result<> of a stream cannot tell a failure from an executor.
using stream_pointer = std::unique_ptr<beast::tcp_stream>;

awaitable<result<stream_pointer>>
connect(const destination& to, const std::vector<ip_address>& addresses, steady_point until) {
  std::optional<failure> why;
  for (std::size_t i = 0; i < addresses.size(); ++i) {
    const auto now = std::chrono::steady_clock::now();
    // One that swallows packets takes no more than its share of what is left.
    const auto share = (until - now) / static_cast<std::int64_t>(addresses.size() - i);
    auto stream = std::make_unique<beast::tcp_stream>(co_await asio::this_coro::executor);
    stream->expires_at(now + share);
    const auto [error]
      = co_await stream->async_connect(tcp::endpoint{asio_address(addresses[i]), to.port}, told);
    if (!error) {
      stream->socket().set_option(tcp::no_delay{true});
      stream->expires_at(until);
      co_return stream;
    }
    why = broken(to, "connecting", error);
  }
  co_return why.value_or(fail(errc::not_found, to.host + " has no address"));
}

/// Reads the rest of an answer, up to its bound. A longer body is not read to its end: what it
/// answers is known.
template <class Stream>
awaitable<error_code> drain(Stream& stream, beast::flat_buffer& buffer,
                            http::response_parser<http::buffer_body>& parser,
                            std::size_t bytes_max) {
  std::array<char, 4'096> chunk;
  std::size_t drained = 0;
  while (!parser.is_done() && drained <= bytes_max) {
    auto& body = parser.get().body();
    body.data = chunk.data();
    body.size = chunk.size();
    const auto [error, size] = co_await http::async_read_some(stream, buffer, parser, told);
    drained += chunk.size() - body.size;
    if (error && error != http::error::need_buffer)
      co_return error;
  }
  co_return error_code{};
}

/// Why the end without a TLS goodbye counts as an end: many servers leave it out, and nobody reads
/// the body. The parser says whether the answer was whole.
bool is_end(const error_code& error) {
  return error == asio::ssl::error::stream_truncated || error == asio::error::eof;
}

template <class Stream>
awaitable<result<outbound_answer>> exchange(const outbound_parts& parts, Stream& stream,
                                            const outbound_request& what, const message& m) {
  if (const auto [error, size] = co_await http::async_write(stream, m, told); error)
    co_return broken(what.to, "sending", error);
  beast::flat_buffer buffer{buffer_bytes_max};
  for (int interim = 0; interim <= interim_max; ++interim) {
    http::response_parser<http::buffer_body> parser;
    parser.header_limit(head_bytes_max);
    parser.body_limit(boost::none);
    if (const auto [error, size] = co_await http::async_read_header(stream, buffer, parser, told);
        error)
      co_return broken(what.to, "its answer was awaited", error);
    const auto& head = parser.get();
    const unsigned status = head.result_int();
    if (status >= 100 && status < 200 && status != 101)
      continue;
    if (status < 200 || status > 599)
      co_return fail(errc::malformed, name_of(what.to) + " answered with the status "
                                        + std::to_string(status) + ", which has no meaning here");
    outbound_answer answer;
    answer.status = status;
    if (const auto found = head.find(http::field::retry_after); found != head.end())
      answer.retry_after = parse_retry_after(
        std::string_view{found->value().data(), found->value().size()}, parts.time.now());
    if (const auto found = head.find("WebHook-Allowed-Origin"); found != head.end())
      answer.allowed_origin = std::string{found->value()};
    auto error = co_await drain(stream, buffer, parser, parts.answer_bytes_max);
    if (is_end(error)) {
      error = {};
      parser.put_eof(error);
    }
    if (error)
      co_return broken(what.to, "its answer was read", error);
    co_return answer;
  }
  co_return fail(errc::malformed, name_of(what.to) + " sent interim answers only");
}

awaitable<result<outbound_answer>> exchange_over_tls(const outbound_parts& parts,
                                                     beast::tcp_stream connection,
                                                     const outbound_request& what,
                                                     const message& m) {
  beast::ssl_stream<beast::tcp_stream> stream(std::move(connection), parts.tls);
  const auto& to = what.to;
  stream.set_verify_mode(asio::ssl::verify_peer);
  stream.set_verify_callback(asio::ssl::host_name_verification(to.host));
  // Addresses are not sent as server names (RFC 6066 3).
  if (!to.address && SSL_set_tlsext_host_name(stream.native_handle(), to.host.c_str()) != 1)
    co_return fail(errc::unavailable, "TLS cannot name the host " + to.host);
  const auto [error] = co_await stream.async_handshake(asio::ssl::stream_base::client, told);
  if (error)
    co_return broken(to, "agreeing on TLS", error);
  co_return co_await exchange(parts, stream, what, m);
}

} // namespace

awaitable<result<outbound_answer>> attempt_call(const outbound_parts& parts,
                                                const outbound_request& what, steady_point until) {
  const auto m = message_of(parts, what);
  if (!m)
    co_return m.error();
  const auto addresses = co_await find_addresses(parts, what.to, until);
  if (!addresses)
    co_return addresses.error();
  auto connection = co_await connect(what.to, *addresses, until);
  if (!connection)
    co_return connection.error();
  if (what.to.is_https)
    co_return co_await exchange_over_tls(parts, std::move(**connection), what, *m);
  co_return co_await exchange(parts, **connection, what, *m);
}

} // namespace dossier
