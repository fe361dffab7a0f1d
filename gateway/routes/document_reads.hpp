// SPDX-License-Identifier: Apache-2.0
// The routes that read documents and change nothing; documents.cpp puts them into the table.
#pragma once

#include "gateway/routes/shared.hpp"

namespace dossier {

awaitable<result<response>> read_document(shared_parts& shared, request& r, body_reader& body);
awaitable<result<response>> list_documents(shared_parts& shared, request& r, body_reader& body);
awaitable<result<response>> grant_download(shared_parts& shared, request& r, body_reader& body);
awaitable<result<response>> read_history(shared_parts& shared, request& r, body_reader& body);

} // namespace dossier
