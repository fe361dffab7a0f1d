// SPDX-License-Identifier: Apache-2.0
// What all connections of one server share: settings, routes, who may enter, and the counters.
#pragma once

#include "gateway/request_guard.hpp"
#include "gateway/router.hpp"
#include "gateway/server.hpp"

#include <utility>

namespace dossier {

/// Immutable but for `stats`. Outlives every session.
struct edge {
  edge(const http_settings& settings, const clock& wall, std::vector<route> table,
       authenticate enter)
    : http(settings)
    , time(wall)
    , routes(std::move(table))
    , auth(std::move(enter))
    , limits{settings.header_bytes_max, settings.header_fields_max, settings.target_bytes_max} {}

  const http_settings http;
  const clock& time;
  const router routes;
  const authenticate auth;
  const guard_limits limits;
  http_stats stats;
};

} // namespace dossier
