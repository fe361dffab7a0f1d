// SPDX-License-Identifier: Apache-2.0
// What has happened, for listeners over HTTP: a stream of server-sent events, or the same page by
// page. The events, their ids and their order are those of the event backbone.
#include "actors/event_feed.hpp"
#include "gateway/fields.hpp"
#include "gateway/routes/document_access.hpp"
#include "protocol/json_text.hpp"

#include <boost/asio/steady_timer.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <memory>
#include <utility>

namespace dossier {

namespace {

constexpr std::uint64_t limit_default = 100;
constexpr std::uint64_t limit_max = 1'000;
// A stream looks for news as often, and sends as many events in one piece.
constexpr milliseconds look_ms{50};
constexpr std::size_t stream_piece_events = 256;

/// Whose events the caller may hear: a customer key hears its own customers', one at a time.
result<std::optional<std::string>> customer_of(const request& r) {
  const auto named = r.query_value("customerId");
  if (named) {
    if (auto visible = check_visible_customer(r, *named); !visible)
      return visible.error();
    return std::optional{std::string{*named}};
  }
  if (!r.caller.is_admin())
    return fail(errc::invalid_argument,
                "A customer's key hears one customer at a time: name it with customerId.",
                "customerId");
  return std::optional<std::string>{};
}

/// Where to begin: `after`, else Last-Event-ID, else what is the default here.
result<feed_cursor> place_of(const shared_parts& shared, const request& r, feed_cursor otherwise) {
  const auto& feed = shared.parts.events;
  if (const auto after = r.query_value("after"))
    return feed_cursor::parse(*after, feed.shard_count());
  if (const auto last = r.field("Last-Event-ID"); !last.empty())
    return feed_cursor::parse(last, feed.shard_count());
  return otherwise;
}

result<feed_question> question_of(const shared_parts& shared, const request& r,
                                  feed_cursor otherwise) {
  feed_question question;
  auto customer = customer_of(r);
  if (!customer)
    return customer.error();
  auto filter
    = cloud_event_filter::parse(r.query_value("types").value_or(""),
                                r.query_value("subject").value_or(""), customer->value_or(""));
  if (!filter)
    return filter.error();
  auto after = place_of(shared, r, std::move(otherwise));
  if (!after)
    return after.error();
  question.filter = std::move(*filter);
  question.after = std::move(*after);
  return question;
}

bool wants_stream(const request& r) {
  return r.field("Accept").find("text/event-stream") != std::string_view::npos;
}

/// Sends what is recorded behind its place, and a comment when there was nothing for a while, which
/// also finds out whether anybody still listens.
class event_stream final : public body_stream {
public:
  event_stream(shared_parts& shared, feed_question question)
    : shared_(shared)
    , question_(std::move(question)) {
    question_.limit = stream_piece_events;
  }

  awaitable<result<std::optional<std::string>>> next() override {
    if (std::exchange(is_first_, false))
      co_return std::optional{std::string{"retry: 2000\n\n"}};
    const milliseconds beat{shared_.parts.settings.http.stream_heartbeat_ms};
    asio::steady_timer timer(co_await asio::this_coro::executor);
    // By the clock, not by looks: reading what the filter leaves out takes time, too, and a silent
    // stream must not overrun the deadline of its piece.
    const auto until = std::chrono::steady_clock::now() + beat;
    while (std::chrono::steady_clock::now() < until) {
      if (shared_.parts.is_draining && shared_.parts.is_draining())
        co_return std::nullopt;
      if (const auto recorded = shared_.parts.events.recorded(); recorded != seen_ || has_more_) {
        auto piece = co_await read_piece(recorded);
        if (!piece)
          co_return piece.error();
        if (!piece->empty())
          co_return std::optional{std::move(*piece)};
      }
      if (has_more_)
        continue;
      timer.expires_after(look_ms);
      co_await timer.async_wait(asio::use_awaitable);
    }
    co_return std::optional{std::string{": nothing new\n\n"}};
  }

private:
  awaitable<result<std::string>> read_piece(std::uint64_t recorded) {
    auto job = [&feed = shared_.parts.events, question = question_] {
      return feed.read(question);
    };
    auto page = co_await run_on(shared_.parts.readers, std::move(job));
    if (!page)
      co_return page.error();
    // The number was looked up before the page was read: what came between is seen again.
    seen_ = recorded;
    has_more_ = !page->is_end;
    std::string piece;
    for (const auto& [event, shard, position] : page->events) {
      question_.after.positions[shard] = position;
      piece.append("id: ").append(question_.after.text());
      piece.append("\nevent: ").append(event.type).append("\ndata: ");
      piece.append(to_structured(event).value).append("\n\n");
    }
    // Also behind what the filter left out.
    question_.after = std::move(page->next);
    co_return piece;
  }

  shared_parts& shared_;
  feed_question question_;
  std::uint64_t seen_ = UINT64_MAX;
  bool is_first_ = true;
  bool has_more_ = true;
};

result<response> open_stream(shared_parts& shared, const request& r) {
  auto question = question_of(shared, r, shared.parts.events.end());
  if (!question)
    return question.error();
  response answer;
  answer.fields.emplace_back("Content-Type", "text/event-stream");
  answer.fields.emplace_back("Cache-Control", "no-store");
  if (r.verb != verb::head)
    answer.stream = std::make_shared<event_stream>(shared, std::move(*question));
  return answer;
}

std::string page_text(const feed_page& page) {
  json_writer out{page.events.size() * 512 + 256};
  out.begin_object();
  out.key("items").begin_array();
  for (const auto& each : page.events)
    out.raw(to_structured(each.event).value);
  out.end_array();
  out.key("next").string(page.next.text());
  out.key("isEnd").boolean(page.is_end);
  out.end_object();
  return out.take();
}

awaitable<result<response>> read_page(shared_parts& shared, request& r) {
  auto question = question_of(shared, r, feed_cursor::start(shared.parts.events.shard_count()));
  if (!question)
    co_return question.error();
  const auto limit = query_number(r, "limit", limit_default, 1, limit_max);
  if (!limit)
    co_return limit.error();
  question->limit = static_cast<std::size_t>(*limit);
  auto job = [&feed = shared.parts.events, question = std::move(*question)] {
    return feed.read(question);
  };
  const auto page = co_await run_on(shared.parts.readers, std::move(job));
  if (!page)
    co_return page.error();
  auto answer = json_response(200, page_text(*page));
  answer.fields.emplace_back("Cache-Control", "no-store");
  co_return answer;
}

awaitable<result<response>> read_events(shared_parts& shared, request& r, body_reader&) {
  if (auto known = check_query(r, {"types", "customerId", "subject", "after", "limit"}); !known)
    co_return known.error();
  if (wants_stream(r))
    co_return open_stream(shared, r);
  co_return co_await read_page(shared, r);
}

} // namespace

void add_event_routes(route_table& table) {
  table.add(verb::get, "/api/events", body_kind::none, access::key, "readEvents", read_events);
}

} // namespace dossier
