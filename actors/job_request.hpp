// SPDX-License-Identifier: Apache-2.0
// An ingestion job that is asked for of an uploaded document, over HTTP or as a message: how it is
// asked, and what it is made of. Pure but for the schemas, which are constant.
#pragma once

#include "actors/job_wishes.hpp"
#include "config/row_schema_registry.hpp"
#include "protocol/document.hpp"
#include "protocol/document_request.hpp"

#include <optional>
#include <string>
#include <string_view>

namespace dossier {

struct job_request {
  std::string document; ///< The text of an id, or none: then there is no such document.
  std::optional<std::string> customer; ///< Whose document it has to be; nullopt: whoever's it is.
  job_wishes wanted;
};

/// From the body of POST /api/ingestion/jobs. `most`: limits that nobody names. malformed or
/// invalid_argument, `where` pointing at the first member that is wrong.
result<job_request> read_job_request(std::string_view body, const ingestion::reject_limits& most);
/// From the data of dossier.ingestion.start: the same members, refused alike, and customerId. A dry
/// run is refused, too: what it finds is no answer to a command.
result<job_request> read_job_request(const received_event& event,
                                     const ingestion::reject_limits& most);

/// Names the schema by its version and the options by their text. invalid_argument if there is no
/// such schema, `where` the schema was named, or if rows without a key are to be published.
result<void> name_wishes(const job_wishes& wanted, const row_schema_registry& schemas,
                         std::string_view where, ingestion::submission& made);

/// A job of the document's content. gone if the document has ended, conflict if it is not uploaded
/// yet, invalid_argument if there is no such schema. Whether the content is there is for the caller
/// to see to, and to keep it there until the job is accepted.
result<ingestion::submission> submission_of(const document::view& of, const job_wishes& wanted,
                                            const row_schema_registry& schemas, timestamp now);

} // namespace dossier
