// SPDX-License-Identifier: Apache-2.0
// The guard and the body decoder against themselves and against Beast, over any bytes: one verdict
// however the bytes arrive, and what is accepted means the same to both.
#include "gateway/body_decoder.hpp"
#include "gateway/request_guard.hpp"

#include <boost/beast/http/parser.hpp>
#include <boost/beast/http/string_body.hpp>

#include <cstdio>
#include <cstdlib>
#include <string>
#include <string_view>

using namespace dossier;

namespace {

namespace http = boost::beast::http;

void require(bool condition, const char* promise) {
  if (condition)
    return;
  std::fprintf(stderr, "broken promise: %s\n", promise);
  std::abort();
}

constexpr std::uint64_t body_bytes_max = 1 << 20;

bool is_equal(const guard_verdict& a, const guard_verdict& b) {
  return a.head_bytes == b.head_bytes && a.framing == b.framing
         && a.content_length == b.content_length && a.is_http_1_0 == b.is_http_1_0
         && a.keeps_alive == b.keeps_alive && a.expects_continue == b.expects_continue;
}

using outcome = result<std::optional<guard_verdict>>;

bool is_equal(const outcome& a, const outcome& b) {
  if (!a || !b)
    return !a && !b && a.error().code == b.error().code && a.error().why == b.error().why;
  if (!*a || !*b)
    return a->has_value() == b->has_value();
  return is_equal(**a, **b);
}

outcome feed_slowly(std::string_view bytes, const guard_limits& limits) {
  head_guard guard(limits);
  for (std::size_t size = 1; size < bytes.size(); ++size) {
    auto verdict = guard.feed(bytes.substr(0, size));
    if (!verdict || *verdict)
      return verdict;
  }
  return guard.feed(bytes);
}

struct decoded {
  enum { incomplete, refused, done } end = incomplete;
  std::string content;
  std::size_t used = 0;
};

decoded decode(const guard_verdict& head, std::string_view bytes, std::size_t step) {
  body_decoder decoder(head, body_bytes_max);
  decoded out;
  std::size_t arrived = 0;
  for (;;) {
    const auto next = decoder.next(bytes.substr(out.used, arrived - out.used));
    if (!next) {
      out.end = decoded::refused;
      return out;
    }
    out.used += next->framing_bytes;
    out.content += bytes.substr(out.used, next->content_bytes);
    out.used += next->content_bytes;
    decoder.took(next->content_bytes);
    if (next->content_bytes > 0)
      continue;
    if (decoder.is_done()) {
      out.end = decoded::done;
      return out;
    }
    if (arrived == bytes.size())
      return out;
    arrived = std::min(bytes.size(), arrived + step);
  }
}

void check_against_beast(std::string_view bytes, const guard_verdict& verdict) {
  http::request_parser<http::string_body> beast;
  beast.eager(true);
  beast.header_limit(1 << 20);
  beast.body_limit(boost::none);
  const auto head = bytes.substr(0, verdict.head_bytes);
  boost::system::error_code error;
  auto used = beast.put(boost::asio::buffer(head.data(), head.size()), error);
  require(!error || error == http::error::need_more, "Beast accepts what the guard accepts");
  require(beast.is_header_done() && used == head.size(), "both see the same end of the head");
  const bool is_chunked = verdict.framing == framing::chunked;
  require(beast.chunked() == is_chunked, "both see chunks or none");
  const auto length = beast.content_length();
  require((length ? *length : 0) == verdict.content_length, "both see the same length");
  const auto ours = decode(verdict, bytes.substr(head.size()), bytes.size() + 1);
  require(ours.end == decode(verdict, bytes.substr(head.size()), 1).end,
          "a body ends the same however it arrives");
  if (ours.end != decoded::done)
    return;
  const auto body = bytes.substr(head.size(), ours.used);
  if (!beast.is_done())
    used = beast.put(boost::asio::buffer(body.data(), body.size()), error);
  require(!error && beast.is_done(), "Beast accepts the body that we accept");
  require(body.empty() || used == body.size(), "both see the same end of the body");
  require(beast.get().body() == ours.content, "both see the same content");
}

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  for (const guard_limits& limits : {guard_limits{}, guard_limits{64, 4, 24}}) {
    const auto verdict = check_head(bytes, limits);
    require(is_equal(verdict, check_head(bytes, limits)), "two readings are alike");
    require(size == 0 || is_equal(verdict, feed_slowly(bytes, limits)),
            "bytes that come alone lead to the same verdict");
    if (!verdict || !*verdict)
      continue;
    const auto head = bytes.substr(0, (*verdict)->head_bytes);
    require(head.size() <= limits.header_bytes_max, "no accepted head is above its limit");
    require(is_equal(verdict, check_head(head, limits)), "the head alone decides");
    check_against_beast(bytes, **verdict);
  }
  return 0;
}
