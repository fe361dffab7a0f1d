// SPDX-License-Identifier: Apache-2.0
// The single place where a state of affairs becomes HTTP.
#include "gateway/http.hpp"

#include <nlohmann/json.hpp>

namespace dossier {

namespace {

struct meaning {
  unsigned status;
  std::string_view title;
};

meaning meaning_of(errc code) {
  switch (code) {
  case errc::malformed:
    return {400, "The request cannot be read"};
  case errc::invalid_argument:
    return {400, "A value is not acceptable"};
  case errc::unauthenticated:
    return {401, "A valid key is needed"};
  case errc::forbidden:
    return {403, "The key does not allow this"};
  case errc::not_found:
    return {404, "Not found"};
  case errc::method_not_allowed:
    return {405, "The method is not allowed here"};
  case errc::timed_out:
    return {408, "The request came too slowly"};
  case errc::conflict:
    return {409, "The present state does not allow this"};
  case errc::gone:
    return {410, "It has ended"};
  case errc::length_required:
    return {411, "A length is needed"};
  case errc::precondition_failed:
    return {412, "It has changed meanwhile"};
  case errc::too_large:
    return {413, "Too large"};
  case errc::uri_too_long:
    return {414, "The request target is too long"};
  case errc::unsupported_media_type:
    return {415, "The media type is not supported"};
  case errc::range_not_satisfiable:
    return {416, "The range lies outside"};
  case errc::expectation_failed:
    return {417, "The expectation cannot be met"};
  case errc::content_mismatch:
    return {422, "The content is not what was declared"};
  case errc::unprocessable:
    return {422, "The request contradicts an earlier one"};
  case errc::precondition_required:
    return {428, "A precondition is required"};
  case errc::header_too_large:
    return {431, "The header is too large"};
  case errc::corrupt:
    return {500, "Stored data is damaged"};
  case errc::internal:
    return {500, "Internal error"};
  case errc::not_implemented:
    return {501, "Not implemented"};
  case errc::busy:
    return {503, "Busy"};
  case errc::unavailable:
    return {503, "Unavailable"};
  case errc::quarantined:
    return {503, "Quarantined"};
  case errc::version_not_supported:
    return {505, "The HTTP version is not supported"};
  }
  return {500, "Internal error"};
}

} // namespace

unsigned status_of(errc code) {
  return meaning_of(code).status;
}

response problem(const failure& why, std::string_view request_id, std::uint32_t retry_after_s) {
  const auto [status, title] = meaning_of(why.code);
  nlohmann::ordered_json body{
    {"type", "/problems/" + std::string(to_string(why.code))},
    {"title", title},
    {"status", status},
    {"detail", why.why},
    {"instance", "urn:request:" + std::string(request_id)},
  };
  if (!why.where.empty())
    body["pointer"] = why.where;
  response out;
  out.status = status;
  out.fields.emplace_back("Content-Type", "application/problem+json");
  if (status == 503 || status == 429)
    out.fields.emplace_back("Retry-After", std::to_string(retry_after_s));
  if (status == 401)
    out.fields.emplace_back("WWW-Authenticate", "Bearer");
  // A sentence may quote what a client sent, which need not be UTF-8.
  out.body = body.dump(-1, ' ', false, nlohmann::ordered_json::error_handler_t::replace);
  out.closes = why.code == errc::timed_out || why.code == errc::header_too_large
               || why.code == errc::uri_too_long || why.code == errc::expectation_failed;
  return out;
}

} // namespace dossier
