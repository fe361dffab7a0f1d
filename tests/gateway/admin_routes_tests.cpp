// SPDX-License-Identifier: Apache-2.0
// What operators, load balancers and Prometheus are told.
#include "tests/gateway/edge_world.hpp"

#include "gateway/routes/description.hpp"

#include <nlohmann/json.hpp>

#include <cstdio>
#include <fstream>
#include <set>
#include <thread>

using namespace dossier;
using namespace dossier::test;

namespace admin_routes_tests {

struct fixture : edge_world {
  nlohmann::json get(const std::string& target) {
    const auto answer = send({verb::get, target});
    BOOST_REQUIRE_MESSAGE(answer.status == 200u, answer.body);
    return json_of(answer);
  }

  unsigned status(const std::string& target) { return send({verb::get, target}).status; }

  std::string with_life(seconds life) {
    return create(R"({"documentType":"t","fileName":"f","expiryDate":")"
                  + to_rfc3339(time.now() + life) + "\"}")
      .id;
  }
};

} // namespace admin_routes_tests

BOOST_FIXTURE_TEST_SUITE(admin_routes_tests, admin_routes_tests::fixture)

BOOST_AUTO_TEST_CASE(every_admin_route_wants_an_admin_key) {
  std::size_t seen = 0;
  for (const auto& each : table->routes()) {
    if (!each.pattern.starts_with("/admin/"))
      continue;
    ++seen;
    BOOST_TEST((each.access == access::admin), each.pattern);
  }
  BOOST_TEST(seen == 16u);
}

BOOST_AUTO_TEST_CASE(live_actors_are_listed_page_by_page) {
  std::set<std::string> made;
  for (int i = 0; i < 3; ++i)
    made.insert(create().id);
  const auto first = get("/admin/api/actors?limit=2");
  BOOST_REQUIRE(first["items"].size() == 2u);
  const auto second = get("/admin/api/actors?limit=2&after=" + first["next"].get<std::string>());
  BOOST_REQUIRE(second["items"].size() == 1u);
  BOOST_TEST(second["next"].is_null());
  std::set<std::string> seen{first["items"][0]["id"], first["items"][1]["id"],
                             second["items"][0]["id"]};
  BOOST_TEST(seen == made, boost::test_tools::per_element());
  const auto& actor = first["items"][0];
  BOOST_TEST(actor["kind"] == "document");
  BOOST_TEST(actor["activity"] == "active");
  BOOST_TEST(actor["version"] == 1);
  BOOST_TEST(actor["mailboxDepth"] == 0);
  BOOST_TEST(actor["restarts"] == 0);
  BOOST_TEST(actor["trouble"].is_null());
}

BOOST_AUTO_TEST_CASE(actors_are_listed_by_their_activity) {
  create();
  BOOST_TEST(get("/admin/api/actors?activity=active&kind=document")["items"].size() == 1u);
  BOOST_TEST(get("/admin/api/actors?activity=quarantined")["items"].empty());
  for (const auto* query :
       {"activity=asleep", "kind=share", "after=x", "limit=0", "limit=1001", "x=1"})
    BOOST_TEST(status("/admin/api/actors?" + std::string{query}) == 400u, query);
}

BOOST_AUTO_TEST_CASE(an_entity_is_described_in_full) {
  const auto id = with_life(seconds{3600});
  const auto info = get("/admin/api/actors/document/" + id);
  BOOST_TEST(info["id"] == id);
  BOOST_TEST(info["version"] == 1);
  BOOST_TEST(info["actor"]["activity"] == "active");
  BOOST_TEST(info["state"].is_object());
  BOOST_TEST(info["timers"].size() == 2u);
  const auto unknown = documents.next_id("acme").text();
  BOOST_TEST(status("/admin/api/actors/document/" + unknown) == 404u);
  BOOST_TEST(status("/admin/api/actors/share/" + id) == 404u);
  BOOST_TEST(status("/admin/api/actors/document/x") == 404u);
}

BOOST_AUTO_TEST_CASE(a_restarted_actor_has_lost_nothing) {
  const auto id = create().id;
  const auto restarted = send({verb::post, "/admin/api/actors/document/" + id + "/restart"});
  BOOST_TEST(restarted.status == 202u);
  BOOST_TEST(json_of(restarted)["id"] == id);
  for (int tries_left = 1'000; core.admin().stats().restarts == 0; --tries_left) {
    BOOST_REQUIRE_MESSAGE(tries_left > 0, "nothing was restarted");
    std::this_thread::sleep_for(milliseconds{10});
  }
  const auto info = get("/admin/api/actors/document/" + id);
  BOOST_TEST(info["version"] == 1);
  BOOST_TEST(status("/api/documents/" + id) == 200u);
  for (const auto& target : {"share/" + id, std::string{"document/x"}})
    BOOST_TEST(send({verb::post, "/admin/api/actors/" + target + "/restart"}).status == 404u);
}

BOOST_AUTO_TEST_CASE(pending_timers_are_listed_by_their_time) {
  const auto later = with_life(seconds{7200});
  const auto sooner = with_life(seconds{3600});
  const auto all = get("/admin/api/timers")["items"];
  BOOST_REQUIRE(all.size() == 4u);
  BOOST_TEST(all[0]["id"] == sooner);
  BOOST_TEST(all[0]["name"] == "expiring:60");
  BOOST_TEST(all[1]["name"] == "expired");
  BOOST_TEST(all[1]["due"] == to_rfc3339(time.now() + seconds{3600}));
  BOOST_TEST(all[3]["id"] == later);
  const auto page = get("/admin/api/timers?limit=2");
  const auto rest = get("/admin/api/timers?from=" + page["nextFrom"].get<std::string>());
  BOOST_TEST(rest["items"][0] == page["items"][1]);
  BOOST_TEST(rest["items"].size() == 3u);
  BOOST_TEST(status("/admin/api/timers?from=soon") == 400u);
}

BOOST_AUTO_TEST_CASE(unpublished_rows_are_listed) {
  const auto id = create().id;
  const auto rows = get("/admin/api/outbox")["items"];
  BOOST_REQUIRE(rows.size() == 1u);
  BOOST_TEST(rows[0]["id"] == id);
  BOOST_TEST(rows[0]["sequence"] == 1);
  const auto shard = rows[0]["shard"].get<int>();
  BOOST_TEST(get("/admin/api/outbox?shard=" + std::to_string(shard))["items"].size() == 1u);
  BOOST_TEST(get("/admin/api/outbox?shard=" + std::to_string((shard + 1) % 4))["items"].empty());
  BOOST_TEST(status("/admin/api/outbox?shard=4") == 400u);
}

BOOST_AUTO_TEST_CASE(health_names_what_fails) {
  BOOST_TEST(get("/health")["status"] == "ok");
  BOOST_TEST(status("/health/ready") == 200u);
  journal_health = fail(errc::unavailable, "the disk is full");
  const auto failing = send({verb::get, "/health"});
  BOOST_TEST(failing.status == 503u);
  const auto told = json_of(failing);
  BOOST_TEST(told["status"] == "failing");
  BOOST_TEST(told["checks"][0]["name"] == "journal");
  BOOST_TEST(told["checks"][0]["why"] == "the disk is full");
  BOOST_TEST(status("/health/ready") == 503u);
  BOOST_TEST(status("/health/live") == 200u);
}

BOOST_AUTO_TEST_CASE(a_server_that_stops_is_alive_and_not_ready) {
  parts.is_draining = [] {
    return true;
  };
  BOOST_TEST(status("/health/ready") == 503u);
  BOOST_TEST(status("/health/live") == 200u);
}

BOOST_AUTO_TEST_CASE(metrics_tell_what_was_done) {
  create();
  status("/api/documents/nonsense");
  const auto text = send({verb::get, "/metrics"}).body;
  for (const auto* line :
       {"dossier_build_info{version=\"0.0.1\"} 1",
        "dossier_http_requests_total{operation=\"createDocument\",status_class=\"2xx\"} 1",
        "dossier_http_requests_total{operation=\"readDocument\",status_class=\"4xx\"} 1",
        "dossier_http_request_duration_seconds_count{operation=\"createDocument\"} 1",
        "dossier_http_request_duration_seconds_bucket{operation=\"createDocument\",le=\"+Inf\"} 1",
        "dossier_actors_active 1", "dossier_commands_total 1", "dossier_blob_uploads_total 0",
        "dossier_timer_lateness_seconds_count 0"})
    BOOST_TEST(text.find(line + std::string{"\n"}) != std::string::npos, line << "\nis not in\n"
                                                                              << text);
}

BOOST_AUTO_TEST_CASE(promtool_accepts_the_metrics) {
  if (std::system("command -v promtool >/dev/null 2>&1") != 0) {
    BOOST_TEST_MESSAGE("promtool is not installed; the check is skipped");
    return;
  }
  http_stats http;
  parts.http = [&] {
    return &http;
  };
  parts.more_metrics = [] {
    return std::vector<metric>{
      {"dossier_commit_groups_total", "Groups.", metric::kind_type::counter, 3}};
  };
  table = std::make_unique<router>(make_routes(parts));
  upload("content");
  const auto path = directory / "metrics";
  std::ofstream{path} << send({verb::get, "/metrics"}).body;
  BOOST_TEST(std::system(("promtool check metrics < " + path + " > " + path + ".out 2>&1").c_str())
             == 0);
  std::ifstream told{path + ".out"};
  const std::string complaints{std::istreambuf_iterator<char>{told}, {}};
  BOOST_TEST(complaints == "");
}

BOOST_AUTO_TEST_CASE(every_type_of_problem_has_a_page) {
  for (const auto code : all_problems()) {
    const auto page = send({verb::get, "/problems/" + std::string{to_string(code)}});
    BOOST_TEST(page.status == 200u);
    BOOST_TEST(page.body.starts_with(std::string{to_string(code)} + " (HTTP "));
    BOOST_TEST(page.body.size() > 60u);
  }
  BOOST_TEST(status("/problems/nonsense") == 404u);
}

BOOST_AUTO_TEST_SUITE_END()
