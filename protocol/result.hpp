// SPDX-License-Identifier: Apache-2.0
// How everything that can go wrong is said: one code, one sentence, one place. No exception crosses
// a folder; a function that can fail returns result<T>.
#pragma once

#include <boost/system/result.hpp>

#include <cstdint>
#include <stdexcept>
#include <string>
#include <string_view>

namespace dossier {

/// The state of affairs that made something impossible. Values are on disk and on the wire: they
/// are appended, never renumbered or reused. gateway/problem.cpp alone maps them to HTTP.
enum class errc : std::uint8_t {
  malformed = 1,           ///< The bytes do not follow their grammar (JSON, HTTP framing, a row).
  invalid_argument = 2,    ///< Well-formed, but a field has a value that it may not have.
  unauthenticated = 3,     ///< No key, or one that nobody has.
  forbidden = 4,           ///< A known key without this right.
  not_found = 5,           ///< No such thing, or none that the caller may know of.
  method_not_allowed = 6,  ///< The route exists, the verb does not.
  conflict = 7,            ///< The present state does not allow it.
  gone = 8,                ///< It existed and has ended: expired, deleted, abandoned, revoked.
  precondition_failed = 9, ///< If-Match named another version.
  precondition_required = 10,  ///< If-Match is compulsory here.
  too_large = 11,              ///< A body or field above its limit.
  unsupported_media_type = 12, ///< A Content-Type this route does not read.
  range_not_satisfiable = 13,  ///< No byte of the content lies in the range.
  unprocessable = 14,          ///< The same Idempotency-Key with another body.
  header_too_large = 15,       ///< The request's head is above its limit.
  timed_out = 16,              ///< The sender was slower than its deadline.
  content_mismatch = 17,       ///< Received bytes differ from the declared size or digest.
  length_required = 18,        ///< A body without a length where one is needed.
  not_implemented = 19,        ///< A method or coding that HTTP knows and we do not.
  uri_too_long = 20,           ///< The request target is above its limit.
  expectation_failed = 21,     ///< An Expect other than 100-continue.
  version_not_supported = 22,  ///< An HTTP version other than 1.0 and 1.1.
  busy = 30,                   ///< A limit is reached; the same request succeeds later.
  unavailable = 31,            ///< A dependency failed; whether it took effect may be unknown.
  quarantined = 32,            ///< The entity's history cannot be read; an operator must look.
  corrupt = 33,                ///< Stored bytes fail their checks.
  internal = 34,               ///< A bug of ours. Never the answer to any input.
};

/// The name used in problem types, logs and metrics, e.g. "not-found". Total over errc.
std::string_view to_string(errc code);

/// The code of this name. False if there is none; `code` is untouched then.
bool parse_errc(std::string_view name, errc& code);

/// Why something was refused or failed. `why` says what was attempted, on what, and what to do
/// about it; `where` points into the input (a JSON pointer, header or query name), empty if
/// nowhere.
struct failure {
  errc code;
  std::string why;
  std::string where{};
};

/// What result<T>::value() throws when there is none: a bug in the caller, who had to look first.
struct bad_result : std::logic_error {
  using std::logic_error::logic_error;
};

[[noreturn]] inline void throw_exception_from_error(const failure& f,
                                                    const boost::source_location&) {
  throw bad_result("unchecked failure: " + f.why);
}

template <class T>
using result = boost::system::result<T, failure>;

inline failure fail(errc code, std::string why, std::string where = {}) {
  return failure{code, std::move(why), std::move(where)};
}

} // namespace dossier
