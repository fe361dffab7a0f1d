// SPDX-License-Identifier: Apache-2.0
// The event that a row of the feed stands for.
#pragma once

#include "persistence/journal.hpp"
#include "protocol/envelope.hpp"

namespace dossier {

/// corrupt, naming the event, if it is not there or cannot be read. The entry is no reply.
result<envelope> recorded_event_of(const feed_entry& entry);
/// The same into what was another one before, whose memory is used again.
result<void> recorded_event_of(const feed_entry& entry, envelope& into);

/// The same of a row alone. corrupt, naming the event, if it is not there or cannot be read. Blocks
/// on the disk.
result<envelope> read_recorded_event(const journal& store, const feed_row& row);

} // namespace dossier
