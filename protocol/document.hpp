// SPDX-License-Identifier: Apache-2.0
// The language of documents: what can be asked of one, what can happen to it, what a reader may
// see. Plain data. JSON names are the HTTP names (camelCase); protocol/document.cpp holds the
// mapping.
#pragma once

#include "protocol/digest.hpp"
#include "protocol/envelope.hpp"
#include "protocol/result.hpp"
#include "protocol/time.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

namespace dossier::document {

// Commands: imperative. Each is refused with a failure that says why.

/// Brings the document into being and grants an upload. Refused if it exists or if expiry is not
/// ahead.
struct create {
  std::string customer;
  std::string document_type;
  std::string file_name;
  std::string content_type; ///< "application/octet-stream" when the client named none.
  std::optional<timestamp> expiry;
  std::optional<std::uint64_t> size_bytes; ///< Declared: the upload must match.
  std::optional<sha256_digest> sha256;     ///< Declared: the upload must match.
};

/// Says which content the blob store now holds for it. Replaces earlier content until confirmed.
struct store_content {
  sha256_digest sha256{};
  std::uint64_t size_bytes = 0;
};

/// The client says that it is done. Idempotent. Refused as conflict while there is no content.
struct confirm_upload {};

/// Changes what is given, only if the document still has `expected_version`. An inner nullopt of
/// `expiry` removes it. No difference, no event.
struct change {
  std::optional<std::uint64_t> expected_version;
  std::optional<std::optional<timestamp>> expiry;
  std::optional<std::string> file_name;
  std::optional<std::string> document_type;
};

/// Ends it for good: content, list row and timers go. Removing what is gone changes nothing.
struct remove {};

/// A timer of this document came due. One it no longer wishes for changes nothing.
struct fire_timer {
  std::string name;
  timestamp due;
};

using command = std::variant<create, store_content, confirm_upload, change, remove, fire_timer>;

/// "create", "store-content", …: for causes, logs and metrics.
std::string_view name_of(const command& c);

// Events: past tense. Once recorded, folded for ever.

/// CustomerDocumentCreatedEvent.
struct created {
  std::string customer;
  std::string document_type;
  std::string file_name;
  std::string content_type;
  std::string
    blob_path; ///< {YYYYmmddHHMMSS}_{8 hex}_{file name}: for people; storage goes by digest.
  std::optional<timestamp> expiry;
  std::optional<std::uint64_t> size_bytes;
  std::optional<sha256_digest> sha256;
  timestamp upload_expires_at; ///< End of the upload grant.
  timestamp abandoned_at;      ///< When it goes if it has no expiry and was never confirmed.
  std::vector<std::int64_t>
    leads_s; ///< How long before expiry to announce it; descending, distinct.
  bool operator==(const created&) const = default;
};

/// CustomerDocumentContentStoredEvent: the blob store holds these bytes; not yet confirmed.
struct content_stored {
  sha256_digest sha256{};
  std::uint64_t size_bytes = 0;
  bool operator==(const content_stored&) const = default;
};

/// CustomerDocumentUploadedEvent: confirmed, and the content is there. Carries what consumers need.
struct uploaded {
  std::string customer;
  std::string document_type;
  std::string blob_path;
  sha256_digest sha256{};
  std::uint64_t size_bytes = 0;
  bool operator==(const uploaded&) const = default;
};

/// CustomerDocumentChangedEvent: only what changed is present. A changed expiry is announced anew.
struct changed {
  std::optional<std::optional<timestamp>> expiry;
  std::optional<std::string> file_name;
  std::optional<std::string> document_type;
  bool operator==(const changed&) const = default;
};

/// CustomerDocumentExpiringEvent: it will end at `expiry`; announced `lead_s` seconds before, or at
/// once when less than that is left. Leads longer than `lead_s` that have passed too are covered by
/// this one.
struct expiring {
  std::string customer;
  std::string document_type;
  timestamp expiry;
  std::int64_t lead_s = 0;
  bool operator==(const expiring&) const = default;
};

/// CustomerDocumentExpiredEvent: its time came; in this batch it stops existing.
struct expired {
  std::string customer;
  std::string document_type;
  timestamp expiry;
  bool was_uploaded = false;
  bool operator==(const expired&) const = default;
};

/// CustomerDocumentAbandonedEvent: never confirmed and without expiry; its time to be confirmed
/// ended.
struct abandoned {
  std::string customer;
  std::string document_type;
  bool operator==(const abandoned&) const = default;
};

/// CustomerDocumentDeletedEvent: somebody removed it.
struct removed {
  std::string customer;
  std::string document_type;
  bool was_uploaded = false;
  bool operator==(const removed&) const = default;
};

using event
  = std::variant<created, content_stored, uploaded, changed, expiring, expired, abandoned, removed>;

/// The payload of an event as stored: its type, the version of its shape, JSON text.
encoded_event encode(const event& e);
/// Reads every version ever written. Refuses unknown types and versions as corrupt, by name.
result<event> decode_event(std::string_view type, std::uint32_t version, std::string_view data);

/// Where a document stands in its life. Frozen codes: they stand in state rows.
enum class status : std::uint8_t {
  pending = 1,
  uploaded = 2,
  expired = 3,
  deleted = 4,
  abandoned = 5
};

std::string_view to_string(status s);
result<status> parse_status(std::string_view name);

/// What a reader may see.
struct view {
  std::string customer;
  std::string document_type;
  std::string file_name;
  std::string blob_path;
  std::string content_type;
  std::optional<std::uint64_t> size_bytes; ///< Of the content if there is some, else as declared.
  std::optional<sha256_digest> sha256;     ///< Likewise.
  std::optional<timestamp> expiry;
  timestamp upload_expires_at;
  bool has_content = false;
  dossier::document::status status = status::pending;
  std::uint64_t version = 0;
  timestamp created_at;
  timestamp updated_at;

  bool is_gone() const { return status >= document::status::expired; }
  bool operator==(const view&) const = default;
};

/// gone, with how it ended, for what has ended or whose expiry has passed, even while the timer is
/// on its way.
result<void> check_living(const view& seen, timestamp now);

} // namespace dossier::document
