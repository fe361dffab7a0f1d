// SPDX-License-Identifier: Apache-2.0
// What others are told of the feed, row by row: events of documents and of jobs, replies to
// commands, and messages that were given up, each as a message for its topic. Its publisher's
// thread; the journal outlives it.
#pragma once

#include "config/settings.hpp"
#include "persistence/event_sink.hpp"
#include "persistence/journal.hpp"
#include "protocol/cloud_event.hpp"
#include "protocol/command_reply.hpp"
#include "protocol/envelope.hpp"
#include "protocol/letter.hpp"

#include <functional>
#include <optional>
#include <string>

namespace dossier {

class feed_messages {
public:
  /// A URL that permits to upload a document's content until then.
  using upload_url = std::function<std::string(const entity_id& document, timestamp until)>;

  feed_messages(const kafka_settings& s, const journal& store, upload_url grant);

  /// See outbox_publisher::wire.
  result<bool> operator()(const feed_row& row, const envelope* recorded, outgoing& into);

private:
  void put(const cloud_event& event, const std::string& topic, shard_number shard,
           outgoing& into) const;
  void put_event(const feed_row& row, const envelope& recorded, const std::string& topic,
                 outgoing& into);
  result<void> put_reply(const feed_row& row, outgoing& into) const;
  /// False of what happened to a letter that was not given up.
  result<bool> put_letter(const feed_row& row, const envelope& recorded, outgoing& into) const;

  const kafka_settings settings_;
  const bool is_structured_;
  const journal& store_;
  const upload_url grant_;
  cloud_event event_; ///< Of the row that is made a message of; its memory stays.
};

/// A dead letter as a message: its own key, headers and value, and behind them where it came from
/// and why it was given up, in the names and forms of Spring Kafka ("kafka_dlt-*", numbers as
/// big-endian bytes) and of Kafka Connect ("__connect.errors.*", KIP-298, numbers as text). Headers
/// of these names that it came with are replaced. A value that would not fit into a message of a
/// broker's default size is left out, and "dossier-value-omitted" tells its size; it stands in the
/// letter.
outgoing dead_letter_message(const letter::received& received, const letter::dead_lettered& died,
                             std::string_view group);

} // namespace dossier
