// SPDX-License-Identifier: Apache-2.0
// What has happened, for listeners over HTTP: a stream of server-sent events, or the same page by
// page. The events, their ids and their order are those of the event backbone.
#include "actors/event_feed.hpp"
#include "gateway/fields.hpp"
#include "gateway/routes/document_access.hpp"
#include "protocol/json_text.hpp"

#include <memory>
#include <utility>

namespace dossier {

namespace {

// A stream looks for news as often, and sends as many events in one piece.
constexpr milliseconds look_for_news{50};
constexpr std::size_t stream_piece_events = 256;

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
  const auto customer = visible_customer(r);
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

/// Reads on behind a place, again and again, and waits where there is nothing.
class feed_watch {
public:
  feed_watch(shared_parts& shared, feed_question question)
    : shared_(shared)
    , question_(std::move(question)) {}

  /// A page with events, or what there is at `until` or when the server ends. Looks at least once.
  awaitable<result<feed_page>> next(std::chrono::steady_clock::time_point until) {
    feed_page page;
    page.next = question_.after;
    do {
      if (const auto recorded = shared_.parts.events.recorded(); recorded != seen_ || !is_end_) {
        auto read = co_await read_page(recorded);
        if (!read || !read->events.empty())
          co_return read;
        page = std::move(*read);
      }
      // By the clock, not by looks: reading what the filter leaves out takes time, too.
      if (is_draining() || std::chrono::steady_clock::now() >= until)
        break;
      if (is_end_)
        co_await pause_for(look_for_news);
    } while (true);
    co_return page;
  }

  bool is_draining() const { return shared_.parts.is_draining && shared_.parts.is_draining(); }

private:
  awaitable<result<feed_page>> read_page(std::uint64_t recorded) {
    auto job = [&feed = shared_.parts.events, question = question_] {
      return feed.read(question);
    };
    auto page = co_await run_on(shared_.parts.readers, std::move(job));
    if (!page)
      co_return page.error();
    // The number was looked up before the page was read: what came between is seen again.
    seen_ = recorded;
    is_end_ = page->is_end;
    // Also behind what the filter left out.
    question_.after = page->next;
    co_return page;
  }

  shared_parts& shared_;
  feed_question question_;
  std::uint64_t seen_ = UINT64_MAX;
  bool is_end_ = false;
};

/// Sends what is recorded behind its place, and a comment when there was nothing for a while, which
/// also finds out whether anybody still listens.
class event_stream final : public body_stream {
public:
  event_stream(shared_parts& shared, feed_question question)
    : beat_(shared.parts.settings.http.stream_heartbeat_ms)
    , place_(question.after)
    , watch_(shared, std::move(question)) {}

  awaitable<result<std::optional<std::string>>> next() override {
    if (std::exchange(is_first_, false))
      co_return std::optional{std::string{"retry: 2000\n\n"}};
    if (watch_.is_draining())
      co_return std::nullopt;
    // A silent stream must not overrun the deadline of its piece.
    auto page = co_await watch_.next(std::chrono::steady_clock::now() + beat_);
    if (!page)
      co_return page.error();
    if (page->events.empty() && watch_.is_draining())
      co_return std::nullopt;
    if (page->events.empty())
      co_return std::optional{std::string{": nothing new\n\n"}};
    std::string piece;
    for (const auto& [event, shard, position] : page->events) {
      place_.positions[shard] = position;
      piece.append("id: ").append(place_.text());
      piece.append("\nevent: ").append(event.type).append("\ndata: ");
      piece.append(to_structured(event).value).append("\n\n");
    }
    place_ = std::move(page->next);
    co_return std::optional{std::move(piece)};
  }

private:
  const milliseconds beat_;
  feed_cursor place_; ///< Behind the last event that was sent, or what was left out after it.
  feed_watch watch_;
  bool is_first_ = true;
};

result<response> open_stream(shared_parts& shared, const request& r) {
  auto question = question_of(shared, r, shared.parts.events.end());
  if (!question)
    return question.error();
  response answer;
  answer.fields.emplace_back("Content-Type", "text/event-stream");
  answer.fields.emplace_back("Cache-Control", "no-store");
  question->limit = stream_piece_events;
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

/// How long a page waits for its first event: nothing behind the feed's beginning, where one that
/// reads all of it starts.
result<milliseconds> patience_of(const shared_parts& shared, const request& r) {
  const auto longest_s = shared.parts.settings.http.poll_wait_s_max;
  const auto wait_s = query_number(r, "wait", r.query_value("after") ? longest_s : 0, 0, longest_s);
  if (!wait_s)
    return wait_s.error();
  return seconds{*wait_s};
}

awaitable<result<response>> read_page(shared_parts& shared, request& r) {
  auto question = question_of(shared, r, feed_cursor::start(shared.parts.events.shard_count()));
  if (!question)
    co_return question.error();
  const auto limit = page_limit(r);
  if (!limit)
    co_return limit.error();
  const auto patience = patience_of(shared, r);
  if (!patience)
    co_return patience.error();
  question->limit = static_cast<std::size_t>(*limit);
  feed_watch watch(shared, std::move(*question));
  const auto page = co_await watch.next(std::chrono::steady_clock::now() + *patience);
  if (!page)
    co_return page.error();
  auto answer = json_response(200, page_text(*page));
  answer.fields.emplace_back("Cache-Control", "no-store");
  co_return answer;
}

awaitable<result<response>> read_events(shared_parts& shared, request& r, body_reader&) {
  if (auto known = check_query(r, {"types", "customerId", "subject", "after", "limit", "wait"});
      !known)
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
