// SPDX-License-Identifier: Apache-2.0
// What has happened to all documents and jobs, for listeners: the same events with the same ids as
// on the event backbone. Reads committed history only; wakes no actor. Thread-safe.
#pragma once

#include "protocol/cloud_event.hpp"
#include "protocol/event_filter.hpp"
#include "protocol/feed_cursor.hpp"
#include "protocol/result.hpp"

#include <cstddef>
#include <cstdint>
#include <vector>

namespace dossier {

struct feed_question {
  /// If it names a customer, that one's shard alone is read and the others' positions stay.
  cloud_event_filter filter;
  feed_cursor after;
  std::size_t limit = 0; ///< Events in the answer.
};

struct fed_event {
  cloud_event event;
  shard_number shard = 0;
  std::uint64_t position = 0; ///< In its shard's feed.
};

/// Events of one entity stand in their order. `next` is where the following page starts.
struct feed_page {
  std::vector<fed_event> events;
  feed_cursor next;
  bool is_end = false; ///< Nothing more was recorded when this was read.
};

class event_feed {
public:
  virtual ~event_feed() = default;

  virtual shard_number shard_count() const = 0;
  /// How many events are recorded in all; grows with each. Cheap: listeners look at it to know
  /// whether there is news.
  virtual std::uint64_t recorded() const = 0;
  /// Behind everything that is recorded now.
  virtual feed_cursor end() const = 0;
  /// At most `limit` events behind the cursor. Looks at a bounded number of events, so a page may
  /// be short or empty without being the end. Blocks on the disk.
  virtual result<feed_page> read(const feed_question& question) const = 0;
};

} // namespace dossier
