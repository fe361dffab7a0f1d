// SPDX-License-Identifier: Apache-2.0
// Commands that start jobs, in virtual time: each starts its job once, whatever happens between,
// and what HTTP refuses a message is refused for, too.
#include "tests/actors/inbox_world.hpp"

#include <boost/test/unit_test.hpp>

#include <array>

using namespace dossier;
using namespace dossier::test;
using namespace std::chrono_literals;

namespace inbox_jobs_tests {

constexpr std::string_view three_calls
  = "caller_id,recipient,call_date,end_time,duration,cost,reference,currency\n"
    "441,442,16/08/2016,14:21:33,43,0.350,C1,GBP\n"
    "441,443,16/08/2016,14:21:34,43,0.350,C2,GBP\n"
    "441,444,16/08/2016,14:21:35,43,0.350,C3,GBP\n";

const std::string start_job = "dossier.ingestion.start";

std::string of(const entity_id& id, const std::string& more = {}) {
  return R"({"documentId":")" + id.text() + '"' + more + "}";
}

struct jobs_world : inbox_world {
  using inbox_world::inbox_world;

  failure refusal_of(const std::string& id, const std::string& data) {
    send(id, start_job, data);
    settle();
    BOOST_TEST(letters(letter::status::dead).size() == ++refused);
    for (const auto& each : replies())
      if (each.command_id == id)
        return std::get<failure>(each.outcome);
    BOOST_FAIL("nobody is told of " << id);
    return {};
  }
  std::size_t refused = 0;
};

} // namespace inbox_jobs_tests

BOOST_AUTO_TEST_SUITE(inbox_jobs_tests)

BOOST_AUTO_TEST_CASE(a_command_starts_the_job_of_an_uploaded_document_and_says_which_it_is) {
  jobs_world g;
  const auto document = g.upload(three_calls);
  g.send("1", start_job,
         of(document, R"(,"schema":"cdr","options":{"delimiter":",","rejectsMax":5})"));
  g.settle();
  const auto jobs = g.jobs();
  BOOST_REQUIRE(jobs.size() == 1u);
  const auto& made_of = jobs.front().view.submission;
  BOOST_TEST(made_of.customer == "acme");
  BOOST_TEST(made_of.container_name == "documents");
  BOOST_TEST(made_of.original_file_name == "calls.csv");
  BOOST_TEST(made_of.options == "delimiter=44");
  BOOST_TEST(made_of.bytes == three_calls.size());
  BOOST_TEST((made_of.sha256 == sha256_of(three_calls)));
  BOOST_TEST(jobs.front().view.limits.rejects_max == 5u);
  const auto told = g.replies().back();
  BOOST_TEST(told.command_id == "1");
  BOOST_TEST(told.customer == "acme");
  const auto& taken = std::get<job_taken>(told.outcome);
  BOOST_TEST((taken.job == jobs.front().id));
  BOOST_TEST(taken.version == 1u);
  BOOST_TEST((taken.status == ingestion::status::accepted));
  BOOST_TEST(g.source.noted[g.partition()] == 103u);
  const auto history = g.world.core->jobs().history(taken.job, 1, 10).value();
  BOOST_REQUIRE(history.size() == 1u);
  BOOST_TEST(history.front().event.cause.request_id == "1");
}

BOOST_AUTO_TEST_CASE(a_repeated_command_is_answered_as_the_first_and_another_one_finds_its_job) {
  jobs_world g;
  const auto document = g.upload(three_calls);
  g.send("1", start_job, of(document));
  g.settle();
  const auto job = g.jobs().front().id;
  g.world.core->jobs().submit(
    job, ingestion::cancel{"the test says so"}, {},
    std::make_shared<reply<ingestion::view>>(
      [](const result<answer<ingestion::view>>& got) { BOOST_REQUIRE(got); }));
  g.settle();
  g.send("1", start_job, of(document));
  g.send("2", start_job, of(document));
  g.send("1", start_job, of(document, R"(,"schema":"cdr")"));
  g.settle();
  BOOST_TEST(g.jobs().size() == 1u);
  BOOST_TEST(g.world.core->jobs().history(job, 1, 10).value().size() == 2u);
  std::map<std::string, std::vector<ingestion::status>> told;
  for (const auto& each : g.replies())
    if (const auto* taken = std::get_if<job_taken>(&each.outcome)) {
      BOOST_TEST((taken->job == job));
      told[each.command_id].push_back(taken->status);
    }
  using enum ingestion::status;
  BOOST_TEST((told["1"] == std::vector{accepted, accepted}));
  BOOST_TEST((told["2"] == std::vector{cancelled}));
  // The same id with other words.
  const auto dead = g.letters(letter::status::dead);
  BOOST_REQUIRE(dead.size() == 1u);
  BOOST_TEST((dead.front().view.last.code == errc::unprocessable));
}

BOOST_AUTO_TEST_CASE(it_stands_behind_the_confirmation_and_before_the_deletion_of_its_document) {
  jobs_world g;
  g.send("create", "create", create_data("calls.csv"));
  g.settle();
  const auto id = g.documents().front().id;
  auto arriving = g.blobs->begin("acme", false).value();
  BOOST_REQUIRE(arriving->append(std::as_bytes(std::span(three_calls))));
  auto content = arriving->finish({}).value();
  g.world.core->documents().submit(
    id, document::store_content{content.sha256, content.size_bytes}, {},
    std::make_shared<reply<document::view>>([](const auto& got) { BOOST_REQUIRE(got); }));
  g.settle();
  content.pin = {};
  g.send("1", "confirm-upload", of_document(id));
  g.send("2", start_job, of(id));
  g.send("3", "delete", of_document(id));
  g.settle();
  BOOST_TEST(g.documents().empty());
  BOOST_TEST(g.jobs().size() == 1u);
  BOOST_TEST(g.letters(letter::status::dead).empty());
  // The job holds the content now.
  BOOST_TEST(!g.blobs->collect({"acme", sha256_of(three_calls)}).value());
}

BOOST_AUTO_TEST_CASE(content_is_kept_while_the_job_is_being_accepted) {
  jobs_world g;
  const auto id = g.upload(three_calls);
  const content_key key{"acme", sha256_of(three_calls)};
  g.send("1", start_job, of(id));
  g.box->turn(0ms);
  // The inbox has read the document; its job waits to be looked for on the disk. Meanwhile the
  // document goes.
  g.world.core->documents().submit(
    id, document::remove{}, {},
    std::make_shared<reply<document::view>>([](const auto& got) { BOOST_REQUIRE(got); }));
  while (g.world.step_actor(0)) {
  }
  BOOST_REQUIRE(g.world.loaders.waiting() == 1u);
  BOOST_REQUIRE(g.world.commits.waiting() == 1u);
  g.world.commits.write(1);
  BOOST_TEST(g.documents().empty());
  BOOST_TEST(g.jobs().empty());
  BOOST_TEST(!g.blobs->collect(key).value());
  g.settle();
  BOOST_TEST(g.jobs().size() == 1u);
  BOOST_TEST(!g.blobs->collect(key).value());
  BOOST_TEST(g.blobs->has(key));
}

BOOST_AUTO_TEST_CASE(what_http_refuses_is_a_dead_letter_with_the_same_reason) {
  jobs_world g;
  const auto id = g.upload(three_calls);
  const auto refused
    = [&](const std::string& name, const std::string& data, errc code, std::string_view where) {
        const auto why = g.refusal_of(name, data);
        BOOST_TEST((why.code == code), name << ": " << why.why);
        BOOST_TEST(why.where == where, name);
      };
  refused("a", "[]", errc::malformed, "");
  refused("b", "{}", errc::invalid_argument, "/documentId");
  refused("c", of(id, R"(,"surprise":1)"), errc::invalid_argument, "/surprise");
  refused("d", of(id, R"(,"options":{"delimiter":"ab"})"), errc::invalid_argument,
          "/options/delimiter");
  refused("e", of(id, R"(,"options":{"rejectsMax":1001})"), errc::invalid_argument,
          "/options/rejectsMax");
  refused("f", of(id, R"(,"options":{"dryRun":10})"), errc::invalid_argument, "/options/dryRun");
  refused("g", of(id, R"(,"schema":"none")"), errc::invalid_argument, "/schema");
  refused("h", of(id, R"(,"customerId":"other")"), errc::not_found, "/documentId");
  refused("i", R"({"documentId":"none"})", errc::not_found, "/documentId");
  refused("j", of(entity_id::make(g.world.time.now(), 1, {})), errc::not_found, "/documentId");
  g.send("later", "create", create_data("later.csv"));
  g.settle();
  const auto empty = g.documents().front().id;
  refused("k", of(empty), errc::conflict, "");
  g.send("gone", "delete", of_document(id));
  g.settle();
  refused("l", of(id), errc::gone, "");
  BOOST_TEST(g.jobs().empty());
}

BOOST_AUTO_TEST_CASE(a_document_whose_content_is_gone_starts_nothing) {
  jobs_world g;
  const auto id = g.upload(three_calls);
  std::filesystem::remove_all(g.directory / "blobs");
  BOOST_TEST((g.refusal_of("1", of(id)).code == errc::conflict));
  BOOST_TEST(g.jobs().empty());
}

BOOST_AUTO_TEST_CASE(wherever_the_process_ends_each_job_is_started_once_and_each_command_answered) {
  for (std::uint32_t seed = 1; seed <= 20; ++seed) {
    jobs_world g{seed};
    const auto id = g.upload(three_calls);
    std::mt19937 dice{seed};
    constexpr std::array delimiters{',', ';', '|'};
    for (const char delimiter : delimiters) {
      const auto data = of(id, R"(,"options":{"delimiter":")" + std::string(1, delimiter) + "\"}");
      g.send_twice_maybe(dice, std::string(1, delimiter), start_job, data);
      g.disturb(dice, 60);
    }
    g.calm_down();
    BOOST_TEST(g.jobs().size() == delimiters.size(), "seed " << seed);
    std::set<std::string> answered;
    for (const auto& each : g.replies())
      if (std::holds_alternative<job_taken>(each.outcome))
        answered.insert(each.command_id);
    BOOST_TEST(answered.size() == delimiters.size(), "seed " << seed);
    for (const auto& job : g.jobs())
      BOOST_TEST(g.world.core->jobs().history(job.id, 1, 10).value().size() == 1u);
    BOOST_TEST(g.letters(letter::status::retrying).empty());
    BOOST_TEST(g.letters(letter::status::dead).empty());
  }
}

BOOST_AUTO_TEST_SUITE_END()
