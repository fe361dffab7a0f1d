// SPDX-License-Identifier: Apache-2.0
// A body on its way from the connection to the blob store, piece by piece. While workers write and
// hash some, the connection receives the next: four pieces in memory, never more. It rests while
// other requests are answered.
#pragma once

#include "gateway/routes/shared.hpp"
#include "persistence/blob_store.hpp"

#include <memory>
#include <string>

namespace dossier {

/// Durable, and pinned as long as somebody has it.
using received_content = result<std::shared_ptr<stored_content>>;

/// Receives the whole body. busy when uploads hold as much memory as they may; content_mismatch if
/// it is not what `checks` say. Of a body that does not come to its end, nothing stays.
awaitable<received_content> receive_content(shared_parts& shared, body_reader& body,
                                            std::string customer, content_checks checks);

/// What becomes of content whose command was refused: it is removed if the command surely had no
/// effect. If that is not known it stays; the next start collects what nothing refers to.
awaitable<void> discard_refused_content(shared_parts& shared, const content_key& key, errc why);

/// Removes content that nothing came to refer to. Later is as good: the next start collects too.
awaitable<void> discard_content(shared_parts& shared, const content_key& key);

} // namespace dossier
