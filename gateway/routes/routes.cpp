// SPDX-License-Identifier: Apache-2.0
// Puts the table together and counts what each operation answers.
#include "gateway/routes/routes.hpp"

#include "config/log.hpp"
#include "gateway/routes/shared.hpp"

#include <exception>

namespace dossier {

namespace {

constexpr std::size_t open_files_max = 256;
constexpr std::size_t upload_memory_bytes_max = 256u << 20;

/// A route function with its failures told and its requests counted.
handler counted(std::shared_ptr<shared_parts> shared, route_function answer,
                operation_stats& stats) {
  return [shared = std::move(shared), answer, &stats](request& r,
                                                      body_reader& body) -> awaitable<response> {
    const auto started = std::chrono::steady_clock::now();
    result<response> answered = fail(errc::internal, "The request was not answered.");
    try {
      answered = co_await answer(*shared, r, body);
    } catch (const std::exception& thrown) {
      // Why: this is where bugs of ours stop, so that they cost one request and not the process.
      log(log_level::error, "route failed",
          {{"operation", stats.operation()}, {"request", r.request_id}, {"why", thrown.what()}});
      answered
        = fail(errc::internal, "A bug of the server stopped this request; its operator can find it "
                               "in the log by the request's id.");
    }
    auto response = answered ? std::move(*answered)
                             : problem(answered.error(), r.request_id,
                                       shared->parts.settings.http.retry_after_s);
    stats.count(response.status, std::chrono::steady_clock::now() - started);
    co_return response;
  };
}

} // namespace

result<memory_budget::share> memory_budget::take(std::size_t bytes) {
  if (taken_bytes_.fetch_add(bytes) + bytes > bytes_max_) {
    taken_bytes_.fetch_sub(bytes);
    return fail(errc::busy, "Too many uploads are under way; send this one again in a moment.");
  }
  return share{new std::size_t{bytes}, [this](const std::size_t* held) {
                 taken_bytes_.fetch_sub(*held);
                 delete held;
               }};
}

shared_parts::shared_parts(route_parts& given)
  : parts(given)
  , in_flight(given.settings.http.in_flight_max)
  , files(given.blobs, open_files_max)
  , upload_memory(upload_memory_bytes_max) {
  metrics.version = given.version;
  metrics.operations = &operations;
  metrics.blobs = &given.blobs.stats();
  metrics.http = given.http;
  metrics.core = [&given] {
    return given.admin.stats();
  };
  metrics.letters = [&given] {
    return given.letters.counts();
  };
  if (given.guards != nullptr)
    metrics.guards = [&given] {
      return given.guards->list();
    };
  metrics.more = given.more_metrics;
}

void route_table::add(verb v, std::string pattern, body_kind body, access who,
                      std::string operation, route_function answer) {
  auto& stats = shared_->operations.emplace_back(operation);
  routes_.push_back(
    {v, std::move(pattern), body, who, std::move(operation), counted(shared_, answer, stats)});
}

std::vector<route> make_routes(route_parts& parts) {
  route_table table{std::make_shared<shared_parts>(parts)};
  add_document_routes(table);
  add_content_routes(table);
  add_event_routes(table);
  add_health_routes(table);
  add_admin_routes(table);
  add_letter_routes(table);
  add_webhook_routes(table);
  add_ingestion_routes(table);
  add_job_routes(table);
  add_job_repair_routes(table);
  add_job_stream_routes(table);
  add_job_row_routes(table);
  add_record_routes(table);
  add_guard_routes(table);
  add_description_routes(table);
  return table.take();
}

} // namespace dossier
