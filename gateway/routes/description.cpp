// SPDX-License-Identifier: Apache-2.0
// The API's description of itself: the OpenAPI and AsyncAPI documents, the schemas that the events'
// dataschema names, and a page for each type of problem, so that the URIs in both lead somewhere.
#include "gateway/routes/description.hpp"

#include "actors/row_walk.hpp"
#include "gateway/fields.hpp"
#include "gateway/routes/shared.hpp"
#include "protocol/csv/row_schema_json.hpp"

#include <algorithm>
#include <array>
#include <optional>
#include <string>
#include <utility>

namespace dossier {

namespace {

constexpr std::string_view kept_for = "public, max-age=300";

response description(std::string_view text) {
  auto answer = json_response(200, std::string{text});
  answer.fields.emplace_back("Cache-Control", kept_for);
  return answer;
}

awaitable<result<response>> read_openapi(shared_parts&, request&, body_reader&) {
  co_return description(openapi_text());
}

awaitable<result<response>> read_asyncapi(shared_parts&, request&, body_reader&) {
  co_return description(asyncapi_text());
}

/// Of published rows: from the schema that they were ingested with.
std::optional<std::string> row_schema_text(const row_schema_registry& known, std::string_view type,
                                           std::string_view version) {
  for (const auto& each : known.all())
    if (type == row_schema_type(each->schema.name)
        && version == std::to_string(each->schema.version))
      return csv::to_json_schema(each->schema, type);
  return std::nullopt;
}

awaitable<result<response>> read_schema(shared_parts& shared, request& r, body_reader&) {
  const auto all = published_schemas();
  const auto found = std::find_if(all.begin(), all.end(), [&](const published_schema& each) {
    return each.type == r.params[0] && each.version == r.params[1];
  });
  auto text = found == all.end() ? row_schema_text(shared.parts.schemas, r.params[0], r.params[1])
                                 : std::optional<std::string>(found->text);
  if (!text)
    co_return fail(
      errc::not_found,
      "There is no schema of this type and version; /asyncapi.json names all of them.");
  response answer;
  answer.fields.emplace_back("Content-Type", "application/schema+json");
  answer.fields.emplace_back("Cache-Control", kept_for);
  answer.body = std::move(*text);
  co_return answer;
}

awaitable<result<response>> read_problem(shared_parts&, request& r, body_reader&) {
  const auto all = all_problems();
  const auto found = std::find_if(all.begin(), all.end(),
                                  [&](errc code) { return to_string(code) == r.params.front(); });
  if (found == all.end())
    co_return fail(errc::not_found, "There is no type of problem with this name.");
  const auto shown = problem(fail(*found, ""), r.request_id);
  response answer;
  answer.fields.emplace_back("Content-Type", "text/plain; charset=utf-8");
  answer.fields.emplace_back("Cache-Control", kept_for);
  answer.body = std::string{to_string(*found)} + " (HTTP " + std::to_string(shown.status) + ")\n\n"
                + std::string{meaning_of_problem(*found)} + "\n";
  co_return answer;
}

constexpr std::array problems{errc::malformed,
                              errc::invalid_argument,
                              errc::unauthenticated,
                              errc::forbidden,
                              errc::not_found,
                              errc::method_not_allowed,
                              errc::conflict,
                              errc::gone,
                              errc::precondition_failed,
                              errc::precondition_required,
                              errc::too_large,
                              errc::unsupported_media_type,
                              errc::range_not_satisfiable,
                              errc::unprocessable,
                              errc::header_too_large,
                              errc::timed_out,
                              errc::content_mismatch,
                              errc::length_required,
                              errc::not_implemented,
                              errc::uri_too_long,
                              errc::expectation_failed,
                              errc::version_not_supported,
                              errc::busy,
                              errc::unavailable,
                              errc::quarantined,
                              errc::corrupt,
                              errc::internal};

} // namespace

std::span<const errc> all_problems() {
  return problems;
}

std::string_view meaning_of_problem(errc code) {
  switch (code) {
  case errc::malformed:
    return "The bytes do not follow their grammar: HTTP, JSON or a header field. Sending them "
           "again does "
           "not help; `pointer` says where, if it is known.";
  case errc::invalid_argument:
    return "The request is well-formed, but a member, header field or query parameter has a value "
           "that it "
           "may not have. `pointer` names the first, `detail` names all.";
  case errc::unauthenticated:
    return "The request has no key, or one that nobody has. Send x-functions-key: <key> or "
           "Authorization: "
           "Bearer <key>.";
  case errc::forbidden:
    return "The key is good but lacks this right, or a signed URL is not exactly as it was given.";
  case errc::not_found:
    return "There is no such thing, or none that the key may see. The two are not told apart.";
  case errc::method_not_allowed:
    return "The path exists, the method does not. `Allow` lists those that do.";
  case errc::conflict:
    return "The present state of the thing does not allow this. Read it again before repeating.";
  case errc::gone:
    return "It existed and has ended: expired, deleted, abandoned, or a signed URL's time is over.";
  case errc::precondition_failed:
    return "If-Match or If-None-Match does not hold: it has changed meanwhile. Read it again.";
  case errc::precondition_required:
    return "The change must say which version it is meant for, by If-Match.";
  case errc::too_large:
    return "The body is larger than the limit of this route.";
  case errc::unsupported_media_type:
    return "The body's Content-Type or Content-Encoding is not one that this route reads.";
  case errc::range_not_satisfiable:
    return "The Range field breaks its grammar, or no byte of the content lies in it.";
  case errc::unprocessable:
    return "The same Idempotency-Key was used before with another body.";
  case errc::header_too_large:
    return "The request line and header fields are larger than the limit.";
  case errc::timed_out:
    return "The request arrived more slowly than the server waits.";
  case errc::content_mismatch:
    return "The uploaded bytes are not what was declared: size, SHA-256 or MD5 differ. Nothing was "
           "kept.";
  case errc::length_required:
    return "This body needs a Content-Length or chunked transfer coding.";
  case errc::not_implemented:
    return "The method or transfer coding exists in HTTP, and not in this server.";
  case errc::uri_too_long:
    return "The request target is longer than the limit.";
  case errc::expectation_failed:
    return "Expect named something other than 100-continue.";
  case errc::version_not_supported:
    return "The request is of another HTTP version than 1.0 or 1.1.";
  case errc::busy:
    return "A limit is reached. The same request succeeds later; Retry-After says when to try.";
  case errc::unavailable:
    return "Something that the server depends on failed. Whether the request took effect may be "
           "unknown: "
           "repeat it with the same Idempotency-Key.";
  case errc::quarantined:
    return "The history of this document cannot be read. An operator must look at it.";
  case errc::corrupt:
    return "Stored bytes fail their checks. An operator must look at them.";
  case errc::internal:
    return "A bug of the server. The request's id leads the operator to it.";
  }
  return "";
}

void add_description_routes(route_table& table) {
  table.add(verb::get, "/openapi.json", body_kind::none, access::open, "readOpenApi", read_openapi);
  table.add(verb::get, "/asyncapi.json", body_kind::none, access::open, "readAsyncApi",
            read_asyncapi);
  table.add(verb::get, "/schemas/{type}/{version}", body_kind::none, access::open, "readSchema",
            read_schema);
  table.add(verb::get, "/problems/{name}", body_kind::none, access::open, "readProblemType",
            read_problem);
}

} // namespace dossier
