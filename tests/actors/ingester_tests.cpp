// SPDX-License-Identifier: Apache-2.0
// Files become rows and rejects, each record once, however they are cut and wherever the process
// ends.
#include "tests/actors/ingestion_world.hpp"

#include "actors/verify.hpp"

using namespace dossier;
using namespace dossier::test;
using ingestion::status;
using namespace std::chrono_literals;

namespace ingester_tests {

const std::string header
  = "caller_id,recipient,call_date,end_time,duration,cost,reference,currency\n";
const std::string good_row = "a,b,01/02/2024,10:00:00,1,1,R1,GBP\n";

/// What the job of this text came to: its status, and why it failed.
std::pair<status, std::string> verdict_on(const std::string& text,
                                          const settings& s = ingestion_world::small_settings()) {
  ingestion_world w(1, s);
  const auto id = w.submit(text);
  w.run();
  const auto view = w.view_of(id);
  return {view.status,
          view.why.empty() && !view.troubles.empty() ? view.troubles.front().second : view.why};
}

/// A file that is ingested while the process is killed about every `steps` steps, ten times before
/// the job has ended.
void survives(std::uint64_t seed, std::uint64_t steps) {
  ingestion_world w(seed);
  const auto text = made_file(seed, 600);
  const auto id = w.submit(text);
  int kills = 0;
  for (; kills < 10 && !w.view_of(id).ended_at; ++kills) {
    for (auto left = w.dice() % steps; left > 0 && w.step(); --left) {
    }
    if (w.world.commits.waiting() > 0 && w.dice() % 2 == 0)
      w.world.commits.write_unanswered(1 + w.dice() % w.world.commits.waiting());
    w.world.kill_and_restart();
  }
  w.run();
  const auto view = w.view_of(id);
  BOOST_TEST_CONTEXT("seed " << seed) {
    BOOST_TEST(kills == 10);
    BOOST_TEST((view.status == status::partially_succeeded));
    const auto seen = w.read(id);
    BOOST_TEST((seen == w.read_whole(text)));
    BOOST_TEST(view.tally.rows == seen.rows.size());
    BOOST_TEST(view.tally.rejects == seen.rejects.size());
  }
}

} // namespace ingester_tests

BOOST_AUTO_TEST_SUITE(ingester_tests)

BOOST_AUTO_TEST_CASE(a_small_file_is_one_chunk) {
  ingestion_world w;
  const auto text = header + good_row;
  const auto id = w.submit(text);
  w.run();
  const auto view = w.view_of(id);
  BOOST_TEST((view.status == status::succeeded));
  BOOST_TEST((view.type == ingestion::job_type::single_file));
  BOOST_TEST(view.tally.total == 1u);
  BOOST_TEST(w.read(id).rows.at(1) == "72|a|b|19754|36000|1|1000|R1|GBP");
}

BOOST_AUTO_TEST_CASE(a_large_file_is_many_chunks_and_the_same_rows) {
  for (std::uint64_t seed = 1; seed <= 20; ++seed) {
    ingestion_world w(seed);
    const auto text = made_file(seed, 200);
    const auto id = w.submit(text);
    w.run();
    const auto view = w.view_of(id);
    BOOST_TEST((view.type == ingestion::job_type::master));
    BOOST_TEST(view.tally.total > 5u);
    BOOST_TEST((view.status == status::partially_succeeded));
    BOOST_TEST((w.read(id) == w.read_whole(text)));
  }
}

BOOST_AUTO_TEST_CASE(killed_anywhere_each_record_counts_once) {
  for (std::uint64_t seed = 1; seed <= 40; ++seed)
    survives(seed, 20 + 10 * (seed % 10));
}

BOOST_AUTO_TEST_CASE(only_one_attempt_of_a_chunk_stays) {
  ingestion_world w(7);
  const auto id = w.submit(made_file(7, 120));
  for (int kills = 0; kills < 5; ++kills) {
    for (int steps = 0; steps < 60; ++steps)
      w.step();
    w.world.kill_and_restart();
  }
  w.run();
  std::size_t files = 0;
  BOOST_REQUIRE(w.rows->each([&](const row_file_key& key, std::uint64_t) {
    ++files;
    BOOST_TEST(key.attempt == w.view_of(id).chunks.at(key.chunk - 1).attempt);
    return true;
  }));
  BOOST_TEST(files == w.view_of(id).chunks.size());
}

BOOST_AUTO_TEST_CASE(the_same_file_again_is_the_same_job) {
  ingestion_world w;
  const auto text = made_file(3, 50);
  const auto id = w.submit(text);
  w.run();
  const auto version = w.view_of(id).version;
  BOOST_TEST((w.submit(text) == id));
  w.run();
  BOOST_TEST(w.view_of(id).version == version);
}

BOOST_AUTO_TEST_CASE(a_bad_file_gets_a_clear_verdict) {
  const auto is = [](const std::string& text, status expected, const std::string& why) {
    const auto [how, reason] = verdict_on(text);
    BOOST_TEST_CONTEXT(text.substr(0, 40)) {
      BOOST_TEST((how == expected));
      BOOST_TEST(reason == why);
    }
  };
  is("", status::failed, "the file is empty: it has neither a header nor a record");
  is(header, status::succeeded, "");
  is("a,b,c\n1,2,3\n", status::failed,
     "the header lacks caller_id, recipient, call_date, end_time, duration, cost, reference, "
     "currency");
  is(header + "\"never closed" + std::string(2'000, 'x') + '\n' + good_row,
     status::partially_succeeded, "");
  is(header + std::string(100, '\0') + '\n' + good_row, status::partially_succeeded, "");
}

BOOST_AUTO_TEST_CASE(rejects_beyond_the_limit_fail_the_job_by_its_name) {
  auto s = ingestion_world::small_settings();
  s.ingestion.rejects_max = 3;
  std::string text = header;
  for (int i = 0; i < 100; ++i)
    text += "too,few\n";
  const auto [how, why] = verdict_on(text, s);
  BOOST_TEST((how == status::failed));
  BOOST_TEST(why.find("3") != std::string::npos, why);
}

BOOST_AUTO_TEST_CASE(content_that_is_gone_fails_the_job_and_nothing_else) {
  ingestion_world w;
  auto made_of = w.submission_of(w.store(made_file(1, 100)));
  made_of.sha256[0] ^= 1;
  const auto id = w.world.core->jobs().id_of(made_of);
  w.tell(id, ingestion::accept{made_of, std::nullopt});
  const auto other = w.submit(header + good_row);
  w.run();
  BOOST_TEST((w.view_of(id).status == status::failed));
  BOOST_TEST(w.view_of(id).why.find("content") != std::string::npos, w.view_of(id).why);
  BOOST_TEST((w.view_of(other).status == status::succeeded));
}

BOOST_AUTO_TEST_CASE(verify_names_a_finished_chunk_without_its_rows) {
  ingestion_world w(3);
  const auto id = w.submit(made_file(3, 60));
  w.run();
  std::vector<std::string> told;
  const auto look = [&] {
    told.clear();
    const verify_options options{true, w.rows.get()};
    BOOST_REQUIRE(verify(*w.world.store, *w.blobs, options,
                         [&](const std::string& sentence) { told.push_back(sentence); }));
  };
  look();
  BOOST_TEST(told.empty());
  BOOST_REQUIRE(w.rows->remove({id, 2, 1}));
  look();
  BOOST_REQUIRE(told.size() == 1u);
  BOOST_TEST(told[0].starts_with("chunk 2 of job " + id.text()), told[0]);
}

BOOST_AUTO_TEST_CASE(a_cancelled_job_stops_and_can_be_taken_up_again) {
  ingestion_world w(5);
  const auto text = made_file(5, 200);
  const auto id = w.submit(text);
  while (w.view_of(id).tally.successful < 3)
    BOOST_REQUIRE(w.step());
  w.tell(id, ingestion::cancel{"enough"});
  w.run();
  BOOST_TEST((w.view_of(id).status == status::cancelled));
  const auto before = w.view_of(id).tally.successful;
  BOOST_TEST(before < w.view_of(id).tally.total);
  w.tell(id, ingestion::retry_failed_chunks{});
  w.run();
  BOOST_TEST((w.view_of(id).status == status::partially_succeeded));
  BOOST_TEST((w.read(id) == w.read_whole(text)));
}

BOOST_AUTO_TEST_CASE(taken_up_again_while_chunks_are_still_in_hand) {
  for (std::uint64_t seed = 1; seed <= 30; ++seed) {
    ingestion_world w(seed);
    const auto text = made_file(seed, 200);
    const auto id = w.submit(text);
    while (w.view_of(id).tally.successful < 3)
      BOOST_REQUIRE(w.step());
    w.tell(id, ingestion::cancel{"a slip"});
    for (auto left = w.dice() % 30; left > 0 && w.step(); --left) {
    }
    w.tell(id, ingestion::retry_failed_chunks{});
    w.run();
    BOOST_TEST_CONTEXT("seed " << seed) {
      BOOST_TEST((w.view_of(id).status == status::partially_succeeded));
      BOOST_TEST((w.read(id) == w.read_whole(text)));
    }
  }
}

BOOST_AUTO_TEST_CASE(a_job_that_refuses_its_next_step_is_left_alone) {
  ingestion_world w(5);
  const auto id = w.submit(made_file(5, 200));
  while (w.view_of(id).tally.successful < 3)
    BOOST_REQUIRE(w.step());
  // Its history cannot be read from now on, its state row can.
  w.world.store->replace_event({entity_kind::job, id}, 1, "not an envelope");
  w.world.core->admin().restart({entity_kind::job, id});
  int steps = 0;
  while (steps < 10'000 && w.step())
    ++steps;
  BOOST_TEST(steps < 10'000);
  const auto other = w.submit(header + good_row);
  w.run();
  BOOST_TEST((w.view_of(other).status == status::succeeded));
}

BOOST_AUTO_TEST_SUITE_END()
