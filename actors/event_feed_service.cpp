// SPDX-License-Identifier: Apache-2.0
#include "actors/event_feed_service.hpp"

#include "persistence/recorded_event.hpp"
#include "protocol/document.hpp"
#include "protocol/ingestion_event.hpp"

#include <algorithm>
#include <unordered_map>
#include <utility>

namespace dossier {

namespace {

/// What happens to letters and webhooks is the operators' business, and replies are their senders'.
bool is_announced(const feed_row& row) {
  const auto kind = row.entity.kind;
  return row.sequence > 0 && (kind == entity_kind::document || kind == entity_kind::job);
}

/// The customer that the first event of a row's entity names. It is in the same place for each
/// kind, while a job's state grows with its chunks.
result<std::string> first_customer_of(const journal& store, const feed_row& row) {
  const auto first = read_recorded_event(store, {row.shard, row.position, row.entity, 1, {}});
  if (!first)
    return first.error();
  if (row.entity.kind == entity_kind::job) {
    const auto event = ingestion::decode_event(first->type, first->version, first->data);
    if (const auto* made = event ? std::get_if<ingestion::accepted>(&*event) : nullptr)
      return made->submission.customer;
  } else {
    const auto event = document::decode_event(first->type, first->version, first->data);
    if (const auto* made = event ? std::get_if<document::created>(&*event) : nullptr)
      return made->customer;
  }
  return fail(errc::corrupt, "the first event of " + row.entity.text() + " names no customer");
}

/// Reads one page; keeps what it has learned of the entities on the way.
class page_reader {
public:
  /// Shards whose feed ends at the question's position are not read at all.
  page_reader(const journal& store, const std::string& source, const feed_question& question,
              const feed_cursor& end, std::size_t looks_max)
    : store_(store)
    , source_(source)
    , question_(question)
    , looks_left_(looks_max) {
    page_.next = question.after;
    const auto& customer = question.filter.customer();
    const auto only = shard_of(customer, store.shard_count());
    for (shard_number shard = 0; shard < store.shard_count(); ++shard)
      if (question.after.positions[shard] < end.positions[shard]
          && (customer.empty() || shard == only))
        unread_.push_back(shard);
  }

  result<feed_page> run() {
    // In rounds, so that a busy shard does not keep the others from being heard.
    const auto share = std::max<std::size_t>(1, question_.limit / 8);
    while (!unread_.empty() && !is_full()) {
      for (std::size_t i = 0; i < unread_.size() && !is_full();) {
        const auto has_more = read(unread_[i], share);
        if (!has_more)
          return has_more.error();
        if (*has_more)
          ++i;
        else
          unread_.erase(unread_.begin() + static_cast<std::ptrdiff_t>(i));
      }
    }
    page_.is_end = unread_.empty();
    return std::move(page_);
  }

private:
  bool is_full() const { return looks_left_ == 0 || page_.events.size() >= question_.limit; }

  /// False: the shard has no more.
  result<bool> read(shard_number shard, std::size_t share) {
    auto& position = page_.next.positions[shard];
    const auto limit = std::min(share, looks_left_);
    const auto entries = store_.read_feed_events(shard, position, limit);
    if (!entries)
      return entries.error();
    for (const auto& entry : *entries) {
      if (is_full())
        return true;
      if (auto taken = take(entry); !taken)
        return taken.error();
      position = entry.row.position;
      --looks_left_;
    }
    return entries->size() == limit;
  }

  result<void> take(const feed_entry& entry) {
    const auto& row = entry.row;
    if (!is_announced(row))
      return {};
    auto recorded = recorded_event_of(entry);
    if (!recorded)
      return recorded.error();
    const auto customer = customer_of(row);
    if (!customer)
      return customer.error();
    auto event = make_cloud_event(row.entity, row.sequence, *recorded, source_);
    if (question_.filter.matches(event, *customer))
      page_.events.push_back({std::move(event), row.shard, row.position});
    return {};
  }

  /// Not every event names its customer; each entity's first does. Empty if nobody asks.
  result<std::string> customer_of(const feed_row& row) {
    if (question_.filter.customer().empty())
      return std::string{};
    if (const auto known = customers_.find(row.entity); known != customers_.end())
      return known->second;
    auto customer = first_customer_of(store_, row);
    if (customer)
      customers_.emplace(row.entity, *customer);
    return customer;
  }

  const journal& store_;
  const std::string& source_;
  const feed_question& question_;
  std::size_t looks_left_;
  std::vector<shard_number> unread_;
  std::unordered_map<entity_ref, std::string> customers_;
  feed_page page_;
};

} // namespace

event_feed_service::event_feed_service(const journal& store, std::string source,
                                       std::size_t looks_max)
  : store_(store)
  , source_(std::move(source))
  , looks_max_(looks_max)
  , ends_(store.shard_count()) {}

result<std::unique_ptr<event_feed_service>>
event_feed_service::open(const journal& store, std::string source, std::size_t looks_max) {
  std::unique_ptr<event_feed_service> feed{
    new event_feed_service{store, std::move(source), looks_max}};
  for (shard_number shard = 0; shard < store.shard_count(); ++shard) {
    const auto end = store.read_feed_end(shard);
    if (!end)
      return end.error();
    feed->ends_[shard] = *end;
    feed->recorded_ += *end;
  }
  return feed;
}

void event_feed_service::committed(const batch& b) {
  const auto rows = feed_rows_of(b);
  if (rows == 0)
    return;
  ends_[b.entity.shard()].fetch_add(rows, std::memory_order_release);
  recorded_.fetch_add(rows, std::memory_order_release);
}

feed_cursor event_feed_service::end() const {
  auto cursor = feed_cursor::start(shard_count());
  for (shard_number shard = 0; shard < shard_count(); ++shard)
    cursor.positions[shard] = ends_[shard].load(std::memory_order_acquire);
  return cursor;
}

result<feed_page> event_feed_service::read(const feed_question& question) const {
  if (question.after.positions.size() != shard_count())
    return fail(errc::internal, "a place in the events has another number of shards");
  return page_reader(store_, source_, question, end(), looks_max_).run();
}

} // namespace dossier
