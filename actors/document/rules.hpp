// SPDX-License-Identifier: Apache-2.0
// The rules of a document's life. Pure: no clock, dice, I/O or CAF; everything arrives as an
// argument.
#pragma once

#include "protocol/arrival.hpp"
#include "protocol/context.hpp"
#include "protocol/document.hpp"
#include "protocol/projection.hpp"
#include "protocol/timer.hpp"

#include <string>
#include <string_view>
#include <variant>
#include <vector>

namespace dossier::document {

/// What a document is told at birth; later changes of the settings touch later documents only.
struct policy {
  std::vector<std::int64_t> leads_s{60}; ///< Announce expiry so long before; descending, distinct.
  seconds upload_grant{15 * 60};         ///< Life of an upload URL.
  seconds abandon_after{24 * 3600}; ///< Without expiry and never confirmed, it goes after this.
};

/// What every living document has.
struct facts {
  std::string customer;
  std::string document_type;
  std::string file_name;
  std::string content_type;
  std::string blob_path;
  std::optional<timestamp> expiry;
  std::vector<std::int64_t> leads_s; ///< As told at birth.
  std::vector<std::int64_t>
    leads_pending_s; ///< Not yet announced for the present expiry; descending.
  timestamp upload_expires_at;
  timestamp abandoned_at;
  timestamp created_at;
  timestamp updated_at;
  bool operator==(const facts&) const = default;
};

struct content {
  sha256_digest sha256{};
  std::uint64_t size_bytes = 0;
  bool operator==(const content&) const = default;
};

// Phases are types, not flags.
struct absent {
  bool operator==(const absent&) const = default;
};
/// Created, not confirmed. The content may have arrived and may still be replaced.
struct pending {
  dossier::document::facts facts;
  std::optional<std::uint64_t> declared_size_bytes;
  std::optional<sha256_digest> declared_sha256;
  std::optional<dossier::document::content> content;
  bool operator==(const pending&) const = default;
};
/// Confirmed: the content is fixed.
struct active {
  dossier::document::facts facts;
  dossier::document::content content;
  bool operator==(const active&) const = default;
};
/// Over. Only what its history's readers and late callers need is kept.
struct ended {
  dossier::document::facts facts;
  status how = status::deleted;
  bool operator==(const ended&) const = default;
};
using state = std::variant<absent, pending, active, ended>;

/// Says what must be recorded for `c`, or why it is refused. Pure.
///
/// Announcing: for one expiry, each lead is announced exactly once before the end, the longest
/// first, or is covered by a tighter one in the same moment. Covered are the leads that have
/// passed already when the expiry is given, at creation or by a change: the tightest of them is
/// announced at once, in the same decision. All others are announced by their own timers, or, when
/// those come late or out of order, by the first later one, `expired` included. A changed expiry
/// starts over. Nothing is announced after the end, nothing at all of an expiry that was changed
/// or removed before.
///
/// Ending: from its expiry on a document takes no content, confirmation or change (gone), although
/// its `expired` timer may still be on the way; it may still be removed.
///
/// Timers: only one that timers_of(s) wishes for, by name and due time, and that is due by
/// ctx.now, has an effect. Any other is no error and changes nothing.
result<std::vector<event>> decide(const state& s, std::uint64_t version, const command& c,
                                  const context& ctx, const policy& p);
/// Folds one recorded event into the state. Total over what decide can produce; an impossible pair
/// is a bug.
void evolve(state& s, const event& e, const occurrence& o);
/// What a reader may see; requires a document that exists or existed.
view view_of(const state& s, std::uint64_t version);
/// What the sender of a command that came as a message is told (protocol/command_reply); empty
/// without one.
std::string reply_of(const arrival* from, const state& next, std::uint64_t version,
                     const std::vector<event>& events, const context& ctx);
/// The timers this state wishes to have.
std::vector<timer> timers_of(const state& s);
/// The rows this state wishes to have for its readers.
std::vector<projection> projections_of(const state& s);

/// The state row's form. Raise state_format with any change of it: older rows are refolded from
/// events.
inline constexpr std::uint8_t state_format = 1;
std::string encode_state(const state& s);
/// The state as operators see it, a JSON object with its phase. Written only, never read back.
std::string to_json(const state& s);
/// Fails as corrupt on anything encode_state could not have written with this format.
result<state> decode_state(std::string_view bytes);

} // namespace dossier::document
