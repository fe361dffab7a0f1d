// SPDX-License-Identifier: Apache-2.0
// What the routes share besides the parts they are given, and how a route function becomes a route.
#pragma once

#include "gateway/await_reply.hpp"
#include "gateway/file_cache.hpp"
#include "gateway/idempotency.hpp"
#include "gateway/metrics.hpp"
#include "gateway/routes/routes.hpp"

#include <atomic>
#include <cstddef>
#include <deque>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace dossier {

/// Memory that uploads may hold in all. Thread-safe.
class memory_budget {
public:
  explicit memory_budget(std::size_t bytes_max)
    : bytes_max_(bytes_max) {}

  /// Gives back what was taken when it goes. The budget outlives it.
  using share = std::shared_ptr<const std::size_t>;
  /// busy when it is spent.
  result<share> take(std::size_t bytes);

private:
  const std::size_t bytes_max_;
  std::atomic<std::size_t> taken_bytes_{0};
};

/// Lives as long as the routes. Thread-safe as its members are.
struct shared_parts {
  explicit shared_parts(route_parts& given);

  route_parts& parts;
  commands_in_flight in_flight;
  file_cache files;
  memory_budget upload_memory;
  std::deque<operation_stats> operations; ///< Grows only while the table is made.
  metric_sources metrics;

  timestamp now() const { return parts.time.now(); }
  milliseconds reply_deadline() const {
    return milliseconds{parts.settings.http.handler_deadline_ms};
  }
};

/// Answers one request; a failure becomes a problem.
using route_function = awaitable<result<response>> (*)(shared_parts&, request&, body_reader&);

/// Gathers the routes of all areas.
class route_table {
public:
  explicit route_table(std::shared_ptr<shared_parts> shared)
    : shared_(std::move(shared)) {}
  void add(verb v, std::string pattern, body_kind body, access who, std::string operation,
           route_function answer);
  std::vector<route> take() { return std::move(routes_); }

private:
  std::shared_ptr<shared_parts> shared_;
  std::vector<route> routes_;
};

// One for each area, in the order of the table.
void add_document_routes(route_table& table);
void add_content_routes(route_table& table);
void add_event_routes(route_table& table);
void add_health_routes(route_table& table);
void add_admin_routes(route_table& table);
void add_letter_routes(route_table& table);
void add_webhook_routes(route_table& table);
void add_ingestion_routes(route_table& table);
void add_job_routes(route_table& table);
void add_job_row_routes(route_table& table);
void add_job_repair_routes(route_table& table);
void add_job_stream_routes(route_table& table);
void add_record_routes(route_table& table);
void add_guard_routes(route_table& table);
void add_description_routes(route_table& table);

} // namespace dossier
