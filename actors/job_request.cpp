// SPDX-License-Identifier: Apache-2.0
#include "actors/job_request.hpp"

#include "config/option_checks.hpp"

#include <utility>

namespace dossier {

namespace {

constexpr std::string_view documents_container = "documents";

/// Of a schema's name in that of a topic, behind kafka.rows_topic_prefix.
constexpr std::size_t topic_part_bytes_max = 64;

result<void> check_publishable(const csv::schema& s) {
  if (!s.key)
    return fail(errc::invalid_argument,
                "Rows are published under their keys, and the schema " + s.name
                  + " has no key column: leave publish out, or name a schema with a key.");
  if (s.name.size() > topic_part_bytes_max || !is_topic(s.name))
    return fail(errc::invalid_argument,
                "Rows are published to a topic with the name of their schema, and " + s.name
                  + " is none: it needs 1 to 64 letters, digits, dots, underscores and hyphens.");
  return {};
}

job_request read_members(json_body& body, const ingestion::reject_limits& most) {
  job_request made;
  made.document = body.required_string("documentId").value_or("");
  made.wanted = read_job_wishes(body, most);
  return made;
}

} // namespace

result<job_request> read_job_request(std::string_view text, const ingestion::reject_limits& most) {
  auto body = json_body::parse(text);
  if (!body)
    return body.error();
  auto made = read_members(*body, most);
  if (auto whole = body->finish(); !whole)
    return whole.error();
  return made;
}

result<job_request> read_job_request(const received_event& event,
                                     const ingestion::reject_limits& most) {
  auto body = read_command_data(event);
  if (!body)
    return body.error();
  auto made = read_members(*body, most);
  if ((made.customer = body->optional_string("customerId")))
    if (auto good = check_customer(*made.customer); !good)
      body->refuse("customerId", good.error().why + ".");
  if (auto whole = body->finish(); !whole)
    return whole.error();
  if (made.wanted.dry_run_rows > 0)
    return fail(errc::invalid_argument,
                "A command starts a job for good; dryRun is answered over HTTP only.",
                "/options/dryRun");
  return made;
}

result<void> name_wishes(const job_wishes& wanted, const row_schema_registry& schemas,
                         std::string_view where, ingestion::submission& made) {
  const auto schema = wanted.schema_version ? schemas.find(wanted.schema, *wanted.schema_version)
                                            : schemas.newest(wanted.schema);
  if (!schema)
    return fail(errc::invalid_argument, schema.error().why, std::string{where});
  if (wanted.publishes_rows)
    if (auto fits = check_publishable((*schema)->schema); !fits)
      return fail(errc::invalid_argument, fits.error().why,
                  where.starts_with('/') ? "/options/publish" : "publish");
  made.schema_name = (*schema)->schema.name;
  made.schema_version = (*schema)->schema.version;
  made.options = csv::to_text(wanted.options);
  made.is_kept = wanted.is_kept;
  made.publishes_rows = wanted.publishes_rows;
  made.has_unique_keys = (*schema)->schema.has_unique_keys();
  return {};
}

result<ingestion::submission> submission_of(const document::view& of, const job_wishes& wanted,
                                            const row_schema_registry& schemas, timestamp now) {
  if (auto living = check_living(of, now); !living)
    return living.error();
  if (of.status != document::status::uploaded || !of.sha256)
    return fail(errc::conflict,
                "The document is not uploaded yet: upload its content and confirm it.");
  ingestion::submission made;
  made.customer = of.customer;
  made.original_file_name = of.file_name;
  made.blob_name = of.blob_path;
  made.container_name = documents_container;
  made.sha256 = *of.sha256;
  made.bytes = of.size_bytes.value_or(0);
  if (auto named = name_wishes(wanted, schemas, "/schema", made); !named)
    return named.error();
  return made;
}

} // namespace dossier
