// SPDX-License-Identifier: Apache-2.0
#include "protocol/result.hpp"

namespace dossier {

std::string_view to_string(errc code) {
  switch (code) {
  case errc::malformed:
    return "malformed";
  case errc::invalid_argument:
    return "invalid-argument";
  case errc::unauthenticated:
    return "unauthenticated";
  case errc::forbidden:
    return "forbidden";
  case errc::not_found:
    return "not-found";
  case errc::method_not_allowed:
    return "method-not-allowed";
  case errc::conflict:
    return "conflict";
  case errc::gone:
    return "gone";
  case errc::precondition_failed:
    return "precondition-failed";
  case errc::precondition_required:
    return "precondition-required";
  case errc::too_large:
    return "too-large";
  case errc::unsupported_media_type:
    return "unsupported-media-type";
  case errc::range_not_satisfiable:
    return "range-not-satisfiable";
  case errc::unprocessable:
    return "unprocessable";
  case errc::header_too_large:
    return "header-too-large";
  case errc::timed_out:
    return "timed-out";
  case errc::content_mismatch:
    return "content-mismatch";
  case errc::length_required:
    return "length-required";
  case errc::not_implemented:
    return "not-implemented";
  case errc::uri_too_long:
    return "uri-too-long";
  case errc::expectation_failed:
    return "expectation-failed";
  case errc::version_not_supported:
    return "version-not-supported";
  case errc::busy:
    return "busy";
  case errc::unavailable:
    return "unavailable";
  case errc::quarantined:
    return "quarantined";
  case errc::corrupt:
    return "corrupt";
  case errc::internal:
    return "internal";
  }
  return "unknown";
}

bool parse_errc(std::string_view name, errc& code) {
  for (int value = 1; value <= static_cast<int>(errc::internal); ++value) {
    const auto candidate = static_cast<errc>(value);
    // Codes have gaps; those between have no name.
    if (to_string(candidate) == name && name != "unknown") {
      code = candidate;
      return true;
    }
  }
  return false;
}

} // namespace dossier
