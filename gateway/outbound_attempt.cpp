// SPDX-License-Identifier: Apache-2.0
#include "gateway/outbound_attempt.hpp"

#include "gateway/await_reply.hpp"
#include "protocol/retry_after.hpp"

#include <boost/asio/this_coro.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/http/buffer_body.hpp>
#include <boost/beast/http/parser.hpp>

#include <algorithm>
#include <array>
#include <memory>
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

using answer_parser = http::response_parser<http::buffer_body>;

bool is_sendable(std::string_view value) {
  return std::ranges::all_of(value, [](char c) { return c >= ' ' && c <= '~'; });
}

/// The request as it goes over the wire (RFC 9112 3).
result<std::string> request_text(const outbound_parts& parts, const outbound_request& what) {
  const bool is_post = what.method == outbound_request::method_type::post;
  const auto& to = what.to;
  std::string text = (is_post ? "POST " : "OPTIONS ") + to.target + " HTTP/1.1\r\n";
  const auto put = [&text](std::string_view name, std::string_view value) {
    text.append(name).append(": ").append(value).append("\r\n");
  };
  auto host = to.host.find(':') == std::string::npos ? to.host : '[' + to.host + ']';
  if (to.port != (to.is_https ? 443 : 80))
    host += ':' + std::to_string(to.port);
  put("Host", host);
  put("User-Agent", parts.user_agent);
  put("Connection", "close");
  for (const auto& [name, value] : what.fields) {
    if (!is_sendable(value))
      return fail(errc::invalid_argument,
                  "the field " + name + " has a value that HTTP cannot say");
    put(name, value);
  }
  if (is_post || !what.body.empty())
    put("Content-Length", std::to_string(what.body.size()));
  text.append("\r\n").append(what.body);
  return text;
}

/// The addresses to connect to; every one of them may be called.
awaitable<result<std::vector<ip_address>>>
find_addresses(const outbound_parts& parts, const destination& to, steady_time until) {
  std::vector<ip_address> addresses;
  if (to.address) {
    addresses.push_back(*to.address);
  } else {
    using found = result<std::vector<ip_address>>;
    auto job = [look_up = parts.look_up, to, until]() -> found {
      // Whoever asked has gone by then: a slow name server must not keep others waiting for more.
      if (std::chrono::steady_clock::now() >= until)
        return late_call(to, "its name was looked up");
      return look_up(to.host);
    };
    auto executor = co_await asio::this_coro::executor;
    const auto slot = start_on(parts.lookups, std::move(executor), std::move(job), until);
    co_await slot->pass();
    auto looked_up = slot->take();
    if (!looked_up)
      co_return late_call(to, "its name was looked up");
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

/// Gives the parser what came already, else what comes next.
awaitable<error_code> parse_some(outbound_connection& from, beast::flat_buffer& buffer,
                                 answer_parser& parser) {
  error_code error;
  if (buffer.size() > 0) {
    buffer.consume(parser.put(buffer.data(), error));
    if (error != http::error::need_more)
      co_return error;
  }
  const auto room = buffer.max_size() - buffer.size();
  if (room == 0)
    co_return http::error::buffer_overflow;
  const auto space = buffer.prepare(room);
  const auto [failed, size]
    = co_await from.read_some({static_cast<char*>(space.data()), space.size()});
  buffer.commit(size);
  if (failed != asio::error::eof)
    co_return failed;
  if (!parser.got_some())
    co_return http::error::end_of_stream;
  error = {};
  parser.put_eof(error);
  co_return error;
}

/// Reads the rest of an answer, up to its bound. A longer body is not read to its end: what it
/// answers is known.
awaitable<error_code> drain(outbound_connection& from, beast::flat_buffer& buffer,
                            answer_parser& parser, std::size_t bytes_max) {
  std::array<char, 4'096> chunk;
  std::size_t drained = 0;
  while (!parser.is_done() && drained <= bytes_max) {
    auto& body = parser.get().body();
    body.data = chunk.data();
    body.size = chunk.size();
    const auto error = co_await parse_some(from, buffer, parser);
    drained += chunk.size() - body.size;
    if (error && error != http::error::need_buffer)
      co_return error;
  }
  co_return error_code{};
}

/// Reads up to the end of an answer's head.
awaitable<error_code> read_head(outbound_connection& from, beast::flat_buffer& buffer,
                                answer_parser& parser) {
  parser.header_limit(head_bytes_max);
  parser.body_limit(boost::none);
  error_code error;
  while (!error && !parser.is_header_done())
    error = co_await parse_some(from, buffer, parser);
  co_return error;
}

awaitable<result<outbound_answer>> exchange(const outbound_parts& parts, outbound_connection& with,
                                            const destination& to, std::string_view request) {
  if (const auto error = co_await with.write(request); error)
    co_return broken_call(to, "sending", error);
  beast::flat_buffer buffer{buffer_bytes_max};
  for (int interim = 0; interim <= interim_max; ++interim) {
    answer_parser parser;
    if (const auto error = co_await read_head(with, buffer, parser); error)
      co_return broken_call(to, "its answer was awaited", error);
    const auto& head = parser.get();
    const unsigned status = head.result_int();
    if (status >= 100 && status < 200 && status != 101)
      continue;
    if (status < 200 || status > 599)
      co_return fail(errc::malformed, name_of(to) + " answered with the status "
                                        + std::to_string(status) + ", which has no meaning here");
    outbound_answer answer;
    answer.status = status;
    if (const auto found = head.find(http::field::retry_after); found != head.end())
      answer.retry_after = parse_retry_after(
        std::string_view{found->value().data(), found->value().size()}, parts.time.now());
    if (const auto found = head.find("WebHook-Allowed-Origin"); found != head.end())
      answer.allowed_origin = std::string{found->value()};
    if (const auto error = co_await drain(with, buffer, parser, parts.answer_bytes_max); error)
      co_return broken_call(to, "its answer was read", error);
    co_return answer;
  }
  co_return fail(errc::malformed, name_of(to) + " sent interim answers only");
}

} // namespace

awaitable<result<outbound_answer>> attempt_call(const outbound_parts& parts,
                                                const outbound_request& what, steady_time until) {
  const auto request = request_text(parts, what);
  if (!request)
    co_return request.error();
  const auto addresses = co_await find_addresses(parts, what.to, until);
  if (!addresses)
    co_return addresses.error();
  const auto connection = co_await open_connection(parts.tls, what.to, *addresses, until);
  if (!connection)
    co_return connection.error();
  co_return co_await exchange(parts, **connection, what.to, *request);
}

} // namespace dossier
