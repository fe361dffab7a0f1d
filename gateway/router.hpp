// SPDX-License-Identifier: Apache-2.0
// From a target to the route that answers it. Paths have one spelling: segments are compared as
// they were received, and only parameters are percent-decoded, strictly.
#pragma once

#include "gateway/http.hpp"

#include <array>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace dossier {

/// Undoes percent-encoding; '+' stays '+'. malformed: an incomplete or non-hexadecimal escape, an
/// encoded NUL, or bytes that are not UTF-8.
result<std::string> percent_decode(std::string_view text);

/// The decoded parameters of a query (without '?'), in order. malformed names the parameter. At
/// most 64.
result<std::vector<std::pair<std::string, std::string>>> parse_query(std::string_view query);

/// One path and what can be done with it.
struct resource {
  std::vector<std::string> segments;     ///< Of the pattern; "{…}" is a parameter.
  std::array<const route*, 7> by_verb{}; ///< By verb; HEAD falls back to the GET route.
  std::string allow;                     ///< Allow's value, e.g. "GET, HEAD, OPTIONS".

  const route* at(verb v) const { return by_verb[static_cast<std::size_t>(v)]; }
};

/// Immutable after construction; any thread.
class router {
public:
  /// Two routes with one verb and one path, or a pattern that is no path, are bugs and asserted.
  explicit router(std::vector<route> routes);
  router(const router&) = delete; ///< Resources point into it.
  router& operator=(const router&) = delete;

  /// The resource of r.path; sets r.params. Literal segments win over parameters. not_found: no
  /// such path; malformed: a path that cannot be decoded or has dot segments.
  result<const resource*> find(request& r) const;

  const std::vector<route>& routes() const { return routes_; }

private:
  const std::vector<route> routes_;
  std::vector<std::unique_ptr<resource>> resources_; ///< More literal ones first.
};

} // namespace dossier
