// SPDX-License-Identifier: Apache-2.0
// The two ways to have a file of records ingested: sending it, and naming a document that has it.
// The same content with the same schema and options is the same job, however often it is asked for.
#include "actors/job_request.hpp"
#include "gateway/body.hpp"
#include "gateway/expanded_body.hpp"
#include "gateway/fields.hpp"
#include "gateway/multipart_body.hpp"
#include "gateway/routes/content_upload.hpp"
#include "gateway/routes/document_access.hpp"
#include "gateway/routes/dry_run.hpp"
#include "gateway/routes/job_access.hpp"
#include "gateway/routes/job_json.hpp"
#include "gateway/routes/received_content.hpp"
#include "protocol/ascii.hpp"

#include <memory>
#include <optional>
#include <utility>

namespace dossier {

namespace {

constexpr std::string_view uploads_container = "raw-uploads";
constexpr std::string_view name_default = "upload.csv";

ingestion::reject_limits most_of(const shared_parts& shared) {
  const auto& s = shared.parts.settings.ingestion;
  return {s.rejects_max, s.rejects_ppm_max};
}

response accepted_response(const entity_id& id, const ingestion::view& view) {
  const auto where = "/api/jobstatus/" + id.text();
  json_writer out;
  out.begin_object();
  out.key("correlationId").string(id.text());
  out.key("status").string(to_string(view.status));
  out.key("statusUrl").string(where);
  out.end_object();
  auto answer = json_response(202, out.take());
  answer.fields.emplace_back("Location", where);
  return answer;
}

/// Whether a job of this content still reads it, or keeps it.
bool holds_content(const ingestion::view& job) {
  return job.status != ingestion::status::succeeded || job.submission.is_kept;
}

/// `held` is the content's pin.
awaitable<result<job_answer>> accept_job(shared_parts& shared, const request& r,
                                         const ingestion::submission& made,
                                         const job_wishes& wanted,
                                         std::shared_ptr<const void> held) {
  const auto id = shared.parts.jobs.id_of(made);
  ingestion::command what{ingestion::accept{made, wanted.limits}};
  co_return co_await tell_job(shared, r, id, std::move(what), std::move(held));
}

// Sent files.

/// What the query says; the content is not known yet.
result<ingestion::submission> submission_of(const shared_parts& shared, const request& r,
                                            const job_wishes& wanted) {
  ingestion::submission made;
  made.customer = r.query_value("customerId").value_or(shared.parts.settings.ingestion.customer);
  if (auto visible = check_visible_customer(r, made.customer); !visible)
    return visible.error();
  made.original_file_name = r.query_value("fileName").value_or(name_default);
  made.container_name = uploads_container;
  if (auto named = name_wishes(wanted, shared.parts.schemas, "schema", made); !named)
    return named.error();
  return made;
}

/// How the file lies in the body.
struct wrapping {
  std::unique_ptr<expander> coding;    ///< nullptr: it is not compressed.
  std::optional<std::string> boundary; ///< nullopt: it is in no form.
  content_checks checks;
};

result<wrapping> wrapping_of(const request& r) {
  wrapping found;
  auto boundary = multipart_boundary(r.field("Content-Type"));
  if (!boundary)
    return boundary.error();
  found.boundary = std::move(*boundary);
  const auto coding = r.field("Content-Encoding");
  const bool is_coded = !coding.empty() && !equals_ignoring_case(coding, "identity");
  if (is_coded && !(found.coding = make_expander(coding)))
    return fail(errc::unsupported_media_type,
                "A file of records comes as it is, or with the Content-Encoding gzip or zstd.",
                "Content-Encoding");
  if (!is_coded && !found.boundary) {
    auto checks = read_content_fields(r);
    if (!checks)
      return checks.error();
    found.checks = std::move(*checks);
    return found;
  }
  // Why refused: they speak of the body, and what is stored is what lies in it.
  for (const auto* digest : {"Content-MD5", "Repr-Digest"})
    if (joined_field(r, digest))
      return fail(errc::invalid_argument,
                  std::string(digest) + " is verified for a file that is the body itself only.",
                  digest);
  return found;
}

/// What it takes to unwrap, beside the pieces of every upload.
std::size_t memory_bytes_of(const wrapping& w) {
  return (w.coding ? w.coding->memory_bytes_max() + expanded_body::buffer_bytes : 0)
         + (w.boundary ? multipart_body::buffer_bytes : 0);
}

/// Receives the file, whatever it is wrapped in. busy when uploads hold as much memory as they may.
awaitable<received_content> receive_file(shared_parts& shared, body_reader& body,
                                         std::string customer, wrapping w) {
  const auto memory = shared.upload_memory.take(memory_bytes_of(w));
  if (!memory)
    co_return memory.error();
  const auto& s = shared.parts.settings;
  std::optional<expanded_body> expanded;
  std::optional<multipart_body> form;
  auto* file = &body;
  if (w.coding)
    file = &expanded.emplace(
      *file, std::move(w.coding),
      expanded_body::limits{s.http.content_bytes_max, s.ingestion.expansion_max});
  if (w.boundary)
    file = &form.emplace(*file, *w.boundary);
  co_return co_await receive_content(shared, *file, std::move(customer), w.checks);
}

awaitable<result<response>> upload_large(shared_parts& shared, request& r, body_reader& body) {
  if (auto known = check_query(r, {"customerId", "fileName", "schema", "schemaVersion", "delimiter",
                                   "quote", "header", "encoding", "columns", "rejectsMax",
                                   "rejectsPpmMax", "keep", "publish", "dryRun"});
      !known)
    co_return known.error();
  const auto wanted = read_job_wishes(r, most_of(shared));
  if (!wanted)
    co_return wanted.error();
  auto made = submission_of(shared, r, *wanted);
  if (!made)
    co_return made.error();
  auto wrapped = wrapping_of(r);
  if (!wrapped)
    co_return wrapped.error();
  auto stored = co_await receive_file(shared, body, made->customer, std::move(*wrapped));
  if (!stored)
    co_return stored.error();
  made->sha256 = (*stored)->sha256;
  made->bytes = (*stored)->size_bytes;
  made->blob_name = to_hex(made->sha256);
  const content_key key{made->customer, made->sha256};
  auto pinned = std::move(*stored);
  if (wanted->dry_run_rows > 0) {
    auto tried = co_await dry_run(shared, *made, wanted->dry_run_rows, std::move(pinned));
    co_await discard_content(shared, key);
    co_return tried;
  }
  const auto accepted = co_await accept_job(shared, r, *made, *wanted, std::move(pinned));
  if (!accepted) {
    co_await discard_refused_content(shared, key, accepted.error().code);
    co_return accepted.error();
  }
  // Of a file that was ingested before, the content is not read again.
  if (!holds_content(accepted->view))
    co_await discard_content(shared, key);
  co_return accepted_response(accepted->id, accepted->view);
}

// Documents.

result<found_document> find_named(const shared_parts& shared, const request& r,
                                  const std::string& document) {
  const auto id = entity_id::parse(document);
  auto found = id ? shared.parts.documents.find(*id) : result<found_document>(no_such_document());
  if (!found && found.error().code != errc::not_found)
    return found.error();
  if (!found || !r.caller.may_see(found->view.customer))
    return no_such_document();
  return found;
}

awaitable<result<response>> create_job(shared_parts& shared, request& r, body_reader& body) {
  if (auto known = check_query(r, {}); !known)
    co_return known.error();
  const auto text = co_await read_text(body, shared.parts.settings.http.json_bytes_max);
  if (!text)
    co_return text.error();
  const auto named = read_job_request(*text, most_of(shared));
  if (!named)
    co_return named.error();
  const auto found = find_named(shared, r, named->document);
  if (!found)
    co_return found.error();
  const auto made = submission_of(found->view, named->wanted, shared.parts.schemas, shared.now());
  if (!made)
    co_return made.error();
  const content_key key{made->customer, made->sha256};
  auto hold = [&blobs = shared.parts.blobs, key]() -> result<std::shared_ptr<content_pin>> {
    auto pin = blobs.hold(key);
    if (!pin)
      return pin.error();
    return std::make_shared<content_pin>(std::move(*pin));
  };
  auto pinned = co_await run_on(shared.parts.blob_workers, std::move(hold));
  if (!pinned)
    co_return fail(errc::conflict, "The document's content is not there any more.");
  auto held = std::move(*pinned);
  if (named->wanted.dry_run_rows > 0)
    co_return co_await dry_run(shared, *made, named->wanted.dry_run_rows, std::move(held));
  const auto accepted = co_await accept_job(shared, r, *made, named->wanted, std::move(held));
  if (!accepted)
    co_return accepted.error();
  co_return accepted_response(accepted->id, accepted->view);
}

} // namespace

void add_ingestion_routes(route_table& table) {
  table.add(verb::post, "/api/cdr/upload-large", body_kind::content, access::key, "uploadLarge",
            upload_large);
  table.add(verb::post, "/api/ingestion/jobs", body_kind::json, access::key, "createJob",
            create_job);
}

} // namespace dossier
