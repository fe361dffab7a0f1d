// SPDX-License-Identifier: Apache-2.0
#include "gateway/session.hpp"

#include "config/log.hpp"
#include "gateway/head_parser.hpp"
#include "gateway/response_writer.hpp"
#include "protocol/ascii.hpp"
#include "protocol/media_type.hpp"

#include <boost/asio/post.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <algorithm>
#include <array>

namespace dossier {

namespace {

constexpr std::uint32_t linger_ms = 2'000;
constexpr std::uint64_t linger_bytes_max = 8 * 1'048'576;
// A peer that sends its requests without waiting yields to the others of its thread this often.
constexpr std::uint32_t pipelined_turn = 16;
constexpr std::size_t request_id_bytes_max = 64;

/// Counts one request among those in flight, across all threads.
class admission {
public:
  explicit admission(http_stats& stats)
    : stats_(stats)
    , before_(stats.requests_in_flight.fetch_add(1, std::memory_order_relaxed)) {}
  ~admission() { stats_.requests_in_flight.fetch_sub(1, std::memory_order_relaxed); }
  admission(const admission&) = delete;
  admission& operator=(const admission&) = delete;

  std::uint64_t before() const { return before_; }

private:
  http_stats& stats_;
  const std::uint64_t before_;
};

// Ids end up in logs and in answers, so only plain ones are taken over.
bool is_sane_id(std::string_view id) {
  return !id.empty() && id.size() <= request_id_bytes_max
         && id.find_first_not_of(
              "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789._-")
              == std::string_view::npos;
}

// "application/json" or "application/…+json", and no charset but UTF-8.
bool is_json(std::string_view content_type) {
  if (!is_json_type(content_type) || !media_type_of(content_type).starts_with("application/"))
    return false;
  const auto parameter = media_parameters_of(content_type);
  return parameter.empty() || parameter == "charset=utf-8" || parameter == "charset=\"utf-8\"";
}

bool is_whole_server(const request& r) {
  return r.verb == verb::options && r.target == "*";
}

response options_response(std::string allow) {
  response out;
  out.status = 204;
  out.fields.emplace_back("Allow", std::move(allow));
  return out;
}

} // namespace

session::session(edge& shared, lane& home, tcp::socket socket)
  : edge_(shared)
  , lane_(home)
  , peer_(std::move(socket), shared.stats, shared.http.handler_deadline_ms)
  , buffer_(home.buffers()) {
  lane_.add(peer_);
  request_.remote = peer_.remote_address();
}

session::~session() {
  if (is_counted_)
    edge_.stats.connections_open.fetch_sub(1, std::memory_order_relaxed);
  peer_.unlink();
  lane_.removed();
}

awaitable<void> session::run(std::unique_ptr<session> self) {
  self->is_counted_ = true;
  while (!self->closes_) {
    const bool has_request = co_await self->read_head();
    if (!has_request)
      break;
    co_await self->serve();
    self->buffer_.end_request();
  }
  if (self->lingers_)
    co_await self->linger();
}

awaitable<void> session::turn_away(std::unique_ptr<session> self) {
  co_await self->refuse(
    fail(errc::busy, "the server has as many connections as it takes; try again later"));
  if (self->lingers_)
    co_await self->linger();
}

awaitable<bool> session::await_request() {
  if (!buffer_.unread().empty()) {
    if (requests_ % pipelined_turn == 0) {
      const auto executor = co_await asio::this_coro::executor;
      co_await asio::post(executor, asio::use_awaitable);
    }
    co_return true;
  }
  buffer_.release();
  if (lane_.is_draining())
    co_return false;
  auto idle = patience::total(edge_.http.idle_deadline_ms);
  const auto status = co_await peer_.wait_idle(idle);
  co_return status == io_status::ok;
}

awaitable<bool> session::read_head() {
  const bool has_bytes = co_await await_request();
  if (!has_bytes)
    co_return false;
  head_guard guard(edge_.limits);
  auto total = patience::total(edge_.http.header_deadline_ms);
  for (;;) {
    if (const auto bytes = buffer_.unread(); !bytes.empty()) {
      const auto verdict = guard.feed(bytes);
      if (!verdict) {
        edge_.stats.requests_malformed.fetch_add(1, std::memory_order_relaxed);
        co_await refuse(verdict.error());
        co_return false;
      }
      if (*verdict) {
        verdict_ = **verdict;
        co_return true;
      }
    }
    const auto got = co_await peer_.receive(buffer_.space(), total);
    if (got.status == io_status::too_slow)
      co_await refuse(
        fail(errc::timed_out, "the request's head came too slowly; it must be complete "
                              "within "
                                + std::to_string(edge_.http.header_deadline_ms)
                                + " ms of its first byte"));
    if (got.status != io_status::ok)
      co_return false;
    buffer_.received(got.bytes);
  }
}

awaitable<void> session::refuse(failure why) {
  lane_.name_request(request_.request_id);
  verdict_ = {};
  // The head was not understood, so neither was its method: the answer has a body.
  request_.verb = verb::get;
  closes_ = true;
  co_await send(problem(why, request_.request_id, edge_.http.retry_after_s));
}

void session::name_request() {
  const auto given = request_.field("X-Request-Id");
  if (is_sane_id(given))
    request_.request_id = given;
  else
    lane_.name_request(request_.request_id);
}

awaitable<void> session::serve() {
  ++requests_;
  peer_.rest();
  const auto head = buffer_.take_head(verdict_.head_bytes);
  response reply;
  std::optional<admission> permit(std::in_place, edge_.stats);
  const auto admitted = admit(head, permit->before(), reply);
  auto body = make_body(admitted ? *admitted : nullptr);
  if (admitted)
    reply = co_await handle(**admitted, body);
  // A slow reader holds its own connection, not a place among the requests being handled.
  permit.reset();
  const bool is_body_read = body.is_finished();
  const bool ends_by_closing = reply.stream && verdict_.is_http_1_0;
  closes_ = closes_ || reply.closes || ends_by_closing || !verdict_.keeps_alive
            || lane_.is_draining() || body.is_broken() || (!is_body_read && !body.is_small_rest())
            || requests_ >= edge_.http.requests_per_connection_max;
  co_await send(std::move(reply));
  if (!closes_ && !is_body_read) {
    const bool is_discarded = co_await body.discard_rest();
    closes_ = !is_discarded;
  }
}

connection_body session::make_body(const route* r) {
  const auto& http = edge_.http;
  const bool is_content = r != nullptr && r->body == body_kind::content;
  return connection_body(
    peer_, buffer_, verdict_, is_content ? http.content_bytes_max : http.json_bytes_max,
    is_content ? patience::at_rate(http.rate_grace_ms, http.body_rate_bytes_per_s_min)
               : patience::total(http.json_deadline_ms));
}

// The order is the promise: what the client may not know about is not revealed by a later check.
result<const route*> session::admit(std::string_view head, std::uint64_t in_flight,
                                    response& refusal) {
  request_.query.clear();
  request_.caller = {};
  const auto parsed = parse_head(head, verdict_, request_);
  name_request();
  const auto refuse_with = [&](const failure& why) {
    refusal = problem(why, request_.request_id, edge_.http.retry_after_s);
    return why;
  };
  if (!parsed) {
    closes_ = true;
    edge_.stats.requests_malformed.fetch_add(1, std::memory_order_relaxed);
    return refuse_with(parsed.error());
  }
  const auto found = find_route(refusal);
  if (!found)
    return refusal.status == 200 ? refuse_with(found.error()) : found.error();
  if (in_flight >= edge_.http.in_flight_max) {
    edge_.stats.requests_shed.fetch_add(1, std::memory_order_relaxed);
    return refuse_with(
      fail(errc::busy, "the server handles as many requests as it can; try again"));
  }
  const route& r = **found;
  if (r.access == access::key || r.access == access::admin) {
    auto caller = edge_.auth(request_);
    if (!caller)
      return refuse_with(caller.error());
    if (r.access == access::admin && !caller->is_admin())
      return refuse_with(fail(errc::forbidden, "this needs an admin key"));
    request_.caller = std::move(*caller);
  }
  if (const auto checked = check_body(r); !checked) {
    closes_ = true;
    return refuse_with(checked.error());
  }
  if (const auto checked = check_media_type(r); !checked)
    return refuse_with(checked.error());
  return &r;
}

result<const route*> session::find_route(response& refusal) {
  if (is_whole_server(request_)) {
    refusal = options_response("GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS");
    return fail(errc::method_not_allowed, "answered for the whole server");
  }
  const auto found = edge_.routes.find(request_);
  if (!found)
    return found.error();
  const route* r = (*found)->at(request_.verb);
  if (r == nullptr && request_.verb == verb::options) {
    refusal = options_response((*found)->allow);
    return fail(errc::method_not_allowed, "answered for the path");
  }
  if (r == nullptr) {
    const auto why
      = fail(errc::method_not_allowed, std::string(to_string(request_.verb))
                                         + " is not possible here; " + (*found)->allow + " are");
    refusal = problem(why, request_.request_id);
    refusal.fields.emplace_back("Allow", (*found)->allow);
    return why;
  }
  // A signature covers the target as it was received, so nothing is read into it here.
  if (r->access == access::signed_url || request_.path.size() == request_.target.size())
    return r;
  auto query = parse_query(request_.target.substr(request_.path.size() + 1));
  if (!query)
    return query.error();
  request_.query = std::move(*query);
  return r;
}

result<void> session::check_body(const route& r) const {
  const bool has_body = verdict_.framing == framing::chunked || verdict_.content_length > 0;
  if (!has_body)
    return {};
  std::uint64_t bytes_max = 0;
  switch (r.body) {
  case body_kind::none:
    return fail(errc::malformed, "this request takes no body; send it without one", "body");
  case body_kind::json:
    bytes_max = edge_.http.json_bytes_max;
    break;
  case body_kind::content:
    bytes_max = edge_.http.content_bytes_max;
    break;
  }
  if (verdict_.content_length > bytes_max)
    return fail(errc::too_large,
                "the body of " + std::to_string(verdict_.content_length)
                  + " bytes is larger than the " + std::to_string(bytes_max) + " that this takes",
                "Content-Length");
  return {};
}

result<void> session::check_media_type(const route& r) const {
  if (verdict_.framing == framing::none || r.body == body_kind::none)
    return {};
  const auto coding = request_.field("Content-Encoding");
  // What content may be coded by, its route says.
  if (r.body == body_kind::json && !coding.empty() && !equals_ignoring_case(coding, "identity"))
    return fail(errc::unsupported_media_type,
                "bodies are taken as they are; send this one without Content-Encoding",
                "Content-Encoding");
  const bool has_body = verdict_.framing == framing::chunked || verdict_.content_length > 0;
  if (r.body == body_kind::json && has_body && !is_json(request_.field("Content-Type")))
    return fail(errc::unsupported_media_type,
                "this takes JSON; send it with Content-Type: application/json", "Content-Type");
  return {};
}

awaitable<response> session::handle(const route& r, connection_body& body) {
  std::string bug;
  try {
    response reply = co_await r.handler(request_, body);
    co_return reply;
  } catch (const std::exception& e) {
    bug = e.what();
  } catch (...) {
    bug = "an exception of unknown type";
  }
  log(log_level::error, "route threw",
      {{"operation", r.operation}, {"request", request_.request_id}, {"why", bug}});
  co_return problem(
    fail(errc::internal, "the server failed at this request; its log names the reason"),
    request_.request_id);
}

awaitable<void> session::send(response r) {
  auto head = lane_.take_text();
  const message_frame frame{request_.verb == verb::head, closes_, verdict_.is_http_1_0,
                            lane_.http_date(), request_.request_id};
  try {
    format_head(head, r, frame);
  } catch (const std::exception& e) {
    log(log_level::error, "response cannot be sent",
        {{"request", request_.request_id}, {"why", e.what()}});
    r = problem(fail(errc::internal, "the server made an answer that cannot be sent"),
                request_.request_id);
    format_head(head, r, frame);
  }
  edge_.stats.responses_by_class[std::min(r.status / 100, 5U)].fetch_add(1,
                                                                         std::memory_order_relaxed);
  auto p = patience::at_rate(edge_.http.rate_grace_ms, edge_.http.body_rate_bytes_per_s_min);
  const auto status = co_await send_formatted(peer_, head, r, frame, p);
  lane_.give_text(std::move(head));
  lingers_ = status == io_status::ok && closes_;
  closes_ = closes_ || status != io_status::ok;
}

awaitable<void> session::linger() {
  peer_.shut_down_sending();
  auto total = patience::total(linger_ms);
  for (std::uint64_t bytes = 0; bytes < linger_bytes_max;) {
    buffer_.release();
    const auto got = co_await peer_.receive(buffer_.space(), total);
    if (got.status != io_status::ok)
      co_return;
    bytes += got.bytes;
  }
}

} // namespace dossier
