// SPDX-License-Identifier: Apache-2.0
// How a job goes on, as a stream of server-sent events: its state now and after each change, until
// it has ended.
#include "gateway/fields.hpp"
#include "gateway/routes/job_access.hpp"
#include "gateway/routes/job_json.hpp"

#include <chrono>
#include <memory>
#include <utility>

namespace dossier {

namespace {

/// Changes in between are told as one.
constexpr milliseconds look_at_job{200};

class job_stream final : public body_stream {
public:
  job_stream(shared_parts& shared, const entity_id& job)
    : shared_(shared)
    , job_(job)
    , beat_(shared.parts.settings.http.stream_heartbeat_ms) {}

  awaitable<result<std::optional<std::string>>> next() override {
    if (is_over_)
      co_return std::nullopt;
    // A silent stream must not overrun the deadline of its piece.
    const auto until = std::chrono::steady_clock::now() + beat_;
    for (;;) {
      auto look = [&source = shared_.parts.jobs, job = job_] {
        return source.find(job);
      };
      const auto found = co_await run_on(shared_.parts.readers, std::move(look));
      if (!found)
        co_return found.error();
      if (found->view.version != seen_)
        co_return std::optional{told(found->view)};
      if (shared_.parts.is_draining && shared_.parts.is_draining())
        co_return std::nullopt;
      if (std::chrono::steady_clock::now() >= until)
        co_return std::optional{std::string{": nothing new\n\n"}};
      co_await pause_for(look_at_job);
    }
  }

private:
  std::string told(const ingestion::view& view) {
    seen_ = view.version;
    is_over_ = view.ended_at.has_value();
    json_writer out{1'024};
    write_job(out, job_, view, shared_.now());
    return "id: " + std::to_string(view.version) + "\nevent: " + (is_over_ ? "end" : "progress")
           + "\ndata: " + out.take() + "\n\n";
  }

  shared_parts& shared_;
  const entity_id job_;
  const milliseconds beat_;
  std::uint64_t seen_ = 0;
  bool is_over_ = false;
};

awaitable<result<response>> stream_job(shared_parts& shared, request& r, body_reader&) {
  if (auto known = check_query(r, {}); !known)
    co_return known.error();
  const auto found = co_await find_visible_job(shared, r);
  if (!found)
    co_return found.error();
  response answer;
  answer.fields.emplace_back("Content-Type", "text/event-stream");
  answer.fields.emplace_back("Cache-Control", "no-store");
  answer.stream = std::make_shared<job_stream>(shared, found->id);
  co_return answer;
}

} // namespace

void add_job_stream_routes(route_table& table) {
  table.add(verb::get, "/api/jobs/{id}/stream", body_kind::none, access::key, "streamJob",
            stream_job);
}

} // namespace dossier
