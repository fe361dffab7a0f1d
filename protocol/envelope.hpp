// SPDX-License-Identifier: Apache-2.0
// An event as it is stored: the only durable form of history. Bytes written here are read for ever,
// so versions are added and old ones kept (tests/golden holds one file for each).
#pragma once

#include "protocol/context.hpp"
#include "protocol/result.hpp"

#include <cstdint>
#include <string>
#include <string_view>

namespace dossier {

/// What a kind's encode() makes of an event: its part of the envelope.
struct encoded_event {
  std::string_view type;
  std::uint32_t version = 1; ///< Of the payload's shape.
  std::string data;          ///< A JSON object as text.
};

/// One recorded event, its payload still as JSON text. The entity and the sequence stand in the
/// key.
struct envelope {
  std::string type;          ///< e.g. "CustomerDocumentCreatedEvent"; also the CloudEvents type.
  std::uint32_t version = 1; ///< Of the payload's shape.
  timestamp at;              ///< When it was decided.
  dossier::cause cause;
  std::string data; ///< A JSON object as text.
};

std::string encode(const envelope& e);

/// Refuses bytes that encode() could not have written, as corrupt, saying where.
result<envelope> decode_envelope(std::string_view bytes);
/// The same into what was another one before, whose memory is used again. After a refusal it has no
/// meaning.
result<void> decode_envelope(std::string_view bytes, envelope& into);

/// The quick part of decode_envelope(), which sees nearly all events: members stand as encode()
/// puts them and the data as json_writer writes it. False for anything else, good or damaged.
bool read_as_written(std::string_view bytes, envelope& into);

} // namespace dossier
