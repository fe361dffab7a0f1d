// SPDX-License-Identifier: Apache-2.0
// What others ask of documents, read strictly: bodies of HTTP requests and commands as CloudEvents.
// Each refuses with everything that is wrong, pointing at the first. Pure.
#pragma once

#include "protocol/cloud_event.hpp"
#include "protocol/document.hpp"
#include "protocol/ids.hpp"
#include "protocol/json_body.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace dossier {

result<document::create> read_create(std::string_view body, std::string_view customer,
                                     std::uint64_t content_bytes_max);
/// {"uploaded": true} and nothing else.
result<void> read_confirmation(std::string_view body);
/// At least one member; expected_version is left open.
result<document::change> read_change(std::string_view body);

/// 1 to 64 characters of [A-Za-z0-9._-].
bool is_document_type(std::string_view text);

/// The one command from outside that is about no document alone: a job's, which
/// actors/job_request.* reads.
inline constexpr std::string_view start_job_type = "dossier.ingestion.start";

/// The data of a command of any type: unsupported_media_type unless they are JSON, malformed unless
/// they are one object, invalid_argument if they adhere to a schema that is not the type's.
result<json_body> read_command_data(const received_event& event);

/// A command from outside.
struct document_request {
  std::string customer;
  std::optional<entity_id> document; ///< nullopt: it asks for a new one.
  document::command what;
};

/// Reads dossier.document.create, confirm-upload, delete and change-expiry, as the schemas of these
/// names say. not_implemented for any other type; unsupported_media_type if the data is no JSON;
/// malformed or invalid_argument for data that does not fit.
result<document_request> read_document_request(const received_event& event,
                                               std::uint64_t content_bytes_max);

} // namespace dossier
