// SPDX-License-Identifier: Apache-2.0
#include "tests/gateway/job_world.hpp"

#include <nlohmann/json.hpp>

#include <chrono>
#include <thread>

namespace dossier::test {

std::string job_world::ingest(const std::string& text, const std::string& query) {
  const auto accepted = upload(text, query);
  BOOST_REQUIRE_MESSAGE(accepted.status == 202, accepted.body);
  const std::string id = json_of(accepted)["correlationId"];
  BOOST_TEST(field_of(accepted, "Location") == "/api/jobstatus/" + id);
  wait_for(id);
  return id;
}

nlohmann::json job_world::wait_for(const std::string& id) {
  for (int looks = 0; looks < 2'000; ++looks) {
    auto job = json_of(ask("/api/jobstatus/" + id));
    if (!job["endedAt"].is_null())
      return job;
    std::this_thread::sleep_for(std::chrono::milliseconds(5));
  }
  BOOST_FAIL("the job does not end");
  return {};
}

std::string job_world::text_of(const response& r) {
  std::string all;
  for (;;) {
    const auto piece = coroutines.run(r.stream->next());
    BOOST_REQUIRE(piece);
    if (!*piece)
      return all;
    all += **piece;
  }
}

} // namespace dossier::test
