// SPDX-License-Identifier: Apache-2.0
// PUT of a content through a signed URL; content.cpp puts it into the table.
#pragma once

#include "gateway/routes/shared.hpp"
#include "persistence/blob_store.hpp"

namespace dossier {

/// What the request's fields say the content must be. Refuses fields that cannot be honoured:
/// digests that are malformed or of unknown kinds only, other blob types, codings, parts of a
/// content.
result<content_checks> read_content_fields(const request& r);

awaitable<result<response>> put_content(shared_parts& shared, request& r, body_reader& body);

} // namespace dossier
