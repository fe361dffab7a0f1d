// SPDX-License-Identifier: Apache-2.0
// Keys that came again become rejects, whatever the chunks, the jobs and the ends of the process;
// and rejects become rows by repairs.
#include "tests/actors/ingestion_world.hpp"

#include "actors/verify.hpp"

#include <set>

using namespace dossier;
using namespace dossier::test;
using ingestion::status;

namespace ingested_keys_tests {

const std::string header
  = "caller_id,recipient,call_date,end_time,duration,cost,reference,currency\n";

std::string record(const std::string& reference) {
  return "a,b,01/02/2024,10:00:00,1,1," + reference + ",GBP\n";
}

/// Records whose keys are those of so many, drawn by chance; now and then one is wrong.
struct keyed_file {
  keyed_file(std::uint64_t seed, std::size_t records, std::size_t keys) {
    std::mt19937_64 dice(seed);
    std::set<std::string> seen;
    for (std::size_t i = 1; i <= records; ++i) {
      const auto key = "R" + std::to_string(dice() % keys);
      if (dice() % 9 == 0) {
        text += "too,few\n";
      } else {
        text += record(key);
        (seen.insert(key).second ? firsts : again).insert(i);
      }
    }
  }
  std::string text = header;
  std::set<std::uint64_t> firsts; ///< Numbers of records.
  std::set<std::uint64_t> again;
};

std::set<std::uint64_t> numbers_of(const std::map<std::uint64_t, std::string>& of,
                                   std::string_view part = {}) {
  std::set<std::uint64_t> numbers;
  for (const auto& [number, text] : of)
    if (text.find(part) != std::string::npos)
      numbers.insert(number);
  return numbers;
}

void check_whole(ingestion_world& w) {
  const verify_options options{true, w.rows.get()};
  BOOST_REQUIRE(verify(*w.world.store, *w.blobs, options,
                       [&](const std::string& sentence) { BOOST_ERROR(sentence); }));
}

} // namespace ingested_keys_tests

BOOST_AUTO_TEST_SUITE(ingested_keys_tests)

BOOST_AUTO_TEST_CASE(the_first_row_of_each_key_stays_in_whatever_chunk_it_is) {
  for (std::uint64_t seed = 1; seed <= 20; ++seed) {
    ingestion_world w(seed);
    const keyed_file file(seed, 200, 150);
    const auto id = w.submit(file.text);
    w.run();
    const auto view = w.view_of(id);
    const auto seen = w.read(id);
    BOOST_TEST_CONTEXT("seed " << seed) {
      BOOST_TEST((view.status == status::partially_succeeded));
      BOOST_TEST((numbers_of(seen.rows) == file.firsts));
      BOOST_TEST((numbers_of(seen.rejects, "|duplicate-key|reference|") == file.again));
      BOOST_TEST(view.tally.rows == seen.rows.size());
      BOOST_TEST(view.tally.rejects == seen.rejects.size());
      check_whole(w);
    }
  }
}

BOOST_AUTO_TEST_CASE(a_duplicate_has_its_whole_text_its_line_and_where_the_key_was) {
  ingestion_world w;
  const auto other = w.submit(header + record("X"));
  w.run();
  const auto id
    = w.submit(header + "\"a\nb\",c,01/02/2024,10:00:00,1,1,K,GBP\n" + record("X") + record("K"));
  w.run();
  const auto seen = w.read(id);
  BOOST_TEST(seen.rows.size() == 1u);
  BOOST_TEST(seen.rejects.at(2)
             == "4|110|duplicate-key|reference|row 1 of the job " + other.text()
                  + " has this key already|a,b,01/02/2024,10:00:00,1,1,X,GBP");
  BOOST_TEST(seen.rejects.at(3)
             == "5|144|duplicate-key|reference|row 1 has this key already|"
                "a,b,01/02/2024,10:00:00,1,1,K,GBP");
}

BOOST_AUTO_TEST_CASE(of_two_jobs_at_the_same_time_one_has_each_key) {
  for (std::uint64_t seed = 1; seed <= 15; ++seed) {
    ingestion_world w(seed);
    const keyed_file one(seed, 100, 100'000);
    std::vector<entity_id> jobs;
    // Another file with the same keys: an empty line more.
    for (const auto& text : {one.text, one.text + "\n", one.text + "\n\n"}) {
      const auto made_of = w.submission_of(w.store(text));
      jobs.push_back(w.world.core->jobs().id_of(made_of));
      w.tell(jobs.back(), ingestion::accept{made_of, std::nullopt});
    }
    w.run();
    std::multiset<std::uint64_t> rows;
    for (const auto& id : jobs)
      for (const auto number : numbers_of(w.read(id).rows))
        rows.insert(number);
    BOOST_TEST((rows == std::multiset(one.firsts.begin(), one.firsts.end())), "seed " << seed);
  }
}

BOOST_AUTO_TEST_CASE(killed_anywhere_the_same_rows_are_duplicates) {
  for (std::uint64_t seed = 1; seed <= 30; ++seed) {
    ingestion_world w(seed);
    const keyed_file file(seed, 300, 200);
    const auto id = w.submit(file.text);
    int kills = 0;
    for (; kills < 15 && !w.view_of(id).ended_at; ++kills) {
      const auto steps = 1 + w.dice() % (w.view_of(id).wants_comparison ? 6 : 120);
      for (auto left = steps; left > 0 && w.step(); --left) {
      }
      w.world.kill_and_restart();
    }
    w.run();
    BOOST_TEST_CONTEXT("seed " << seed << ", " << kills << " kills") {
      BOOST_TEST(kills >= 3);
      const auto seen = w.read(id);
      BOOST_TEST((numbers_of(seen.rows) == file.firsts));
      BOOST_TEST((numbers_of(seen.rejects, "|duplicate-key|") == file.again));
      check_whole(w);
    }
  }
}

BOOST_AUTO_TEST_CASE(cancelled_while_keys_are_compared_and_taken_up_again) {
  for (std::uint64_t seed = 1; seed <= 30; ++seed) {
    ingestion_world w(seed);
    const keyed_file file(seed, 200, 150);
    const auto id = w.submit(file.text);
    while (!w.view_of(id).wants_comparison)
      BOOST_REQUIRE(w.step());
    for (auto left = w.dice() % 8; left > 0 && w.step(); --left) {
    }
    w.tell(id, ingestion::cancel{"a slip"});
    for (auto left = w.dice() % 8; left > 0 && w.step(); --left) {
    }
    w.tell(id, ingestion::retry_failed_chunks{});
    // Another one has its turn meanwhile or behind it.
    const auto other = w.submit(header + record("Z"));
    w.run();
    BOOST_TEST_CONTEXT("seed " << seed) {
      BOOST_TEST((w.view_of(id).status == status::partially_succeeded));
      BOOST_TEST((w.view_of(other).status == status::succeeded));
      BOOST_TEST((numbers_of(w.read(id).rows) == file.firsts));
    }
  }
}

BOOST_AUTO_TEST_CASE(more_duplicates_than_rejects_are_allowed_fail_the_job) {
  auto s = ingestion_world::small_settings();
  s.ingestion.rejects_max = 3;
  ingestion_world w(1, s);
  std::string text = header;
  for (int i = 0; i < 100; ++i)
    text += record("K");
  const auto id = w.submit(text);
  w.run();
  const auto view = w.view_of(id);
  BOOST_TEST((view.status == status::failed));
  BOOST_TEST((view.cause == ingestion::failure_cause::keys));
  BOOST_TEST(view.why == "more than 3 of its rows have keys that were there before");
}

BOOST_AUTO_TEST_CASE(a_file_of_rows_that_is_damaged_fails_the_comparison_and_a_retry_goes_on) {
  ingestion_world w;
  const auto other = w.submit(header + record("X"));
  w.run();
  const auto path = w.directory / ("rows/" + other.text() + "/1-1.rows");
  std::filesystem::rename(path, path + ".away");
  const auto id = w.submit(header + record("Y"));
  w.run();
  BOOST_TEST((w.view_of(id).cause == ingestion::failure_cause::keys));
  std::filesystem::rename(path + ".away", path);
  w.tell(id, ingestion::retry_failed_chunks{});
  w.run();
  BOOST_TEST((w.view_of(id).status == status::succeeded));
}

// Repairs.

BOOST_AUTO_TEST_CASE(rejects_that_are_repaired_are_rows_and_the_job_succeeds) {
  ingestion_world w;
  const auto id = w.submit(header + record("A") + "too,few\n" + record("A") + record("B"));
  w.run();
  BOOST_TEST((w.view_of(id).status == status::partially_succeeded));
  const auto first = w.repair(id, {{2, "x,y,01/02/2024,10:00:00,1,1,C,GBP"}});
  BOOST_TEST(first.empty());
  BOOST_TEST((w.view_of(id).status == status::partially_succeeded));
  w.repair(id, {{3, record("D")}});
  BOOST_TEST((w.view_of(id).status == status::succeeded));
  const auto seen = w.read(id);
  BOOST_TEST(seen.rejects.empty());
  BOOST_TEST(seen.rows.at(2) == "106|x|y|19754|36000|1|1000|C|GBP");
  BOOST_TEST(seen.rows.at(3) == "114|a|b|19754|36000|1|1000|D|GBP");
  check_whole(w);
}

BOOST_AUTO_TEST_CASE(a_repair_right_after_the_end_is_not_cleaned_away) {
  ingestion_world w;
  const auto id = w.submit(header + record("A") + record("A") + record("A"));
  while (!w.view_of(id).ended_at)
    BOOST_REQUIRE(w.step());
  // The ingester has still to remove what was before its own correction.
  w.repair(id, {{2, record("B")}});
  w.run();
  BOOST_TEST((numbers_of(w.read(id).rows) == std::set<std::uint64_t>{1, 2}));
  BOOST_TEST((numbers_of(w.read(id).rejects) == std::set<std::uint64_t>{3}));
  check_whole(w);
}

BOOST_AUTO_TEST_CASE(what_is_still_wrong_stays_a_reject_and_is_told) {
  ingestion_world w;
  const auto id
    = w.submit(header + record("A") + "too,few\n" + "too,few\n" + "too,few\n" + "too,few\n");
  w.run();
  const auto made = w.repair(id, {{1, record("Z")},
                                  {2, "still,too,few"},
                                  {3, record("A")},
                                  {4, record("B") + record("C")},
                                  {5, record("B")}});
  BOOST_REQUIRE(made.size() == 4u);
  BOOST_TEST(made[0].kind == "no-reject");
  BOOST_TEST(made[1].kind == "missing-columns");
  BOOST_TEST(made[2].why == "row 1 has this key already");
  BOOST_TEST(made[3].kind == "record-count");
  BOOST_TEST((numbers_of(w.read(id).rows) == std::set<std::uint64_t>{1, 5}));
  BOOST_TEST((numbers_of(w.read(id).rejects) == std::set<std::uint64_t>{2, 3, 4}));
}

BOOST_AUTO_TEST_CASE(two_records_of_one_repair_cannot_have_one_key) {
  ingestion_world w;
  const auto id = w.submit(header + "too,few\n" + "too,few\n" + record("A"));
  w.run();
  const auto made = w.repair(id, {{1, record("K")}, {2, record("K")}});
  BOOST_REQUIRE(made.size() == 1u);
  BOOST_TEST(made[0].number == 2u);
  BOOST_TEST(made[0].kind == "duplicate-key");
}

BOOST_AUTO_TEST_CASE(a_repair_of_several_chunks_looks_for_all_its_keys) {
  ingestion_world w;
  std::string text = header;
  for (int i = 0; i < 300; ++i)
    text += i % 3 == 0 ? "too,few\n" : record("K" + std::to_string(i));
  const auto id = w.submit(text);
  w.run();
  BOOST_REQUIRE(w.view_of(id).chunks.size() > 1u);
  std::vector<corrected_record> records;
  for (std::uint64_t number = 1; number <= 300; number += 3)
    records.push_back({number, record("K" + std::to_string(number + number % 2))});
  // Each has the key of one of the two rows behind it.
  const auto refused = w.repair(id, records);
  BOOST_REQUIRE(refused.size() == 100u);
  for (const auto& r : refused) {
    BOOST_TEST(r.kind == "duplicate-key");
    BOOST_TEST(r.why
               == "row " + std::to_string(r.number + 1 + r.number % 2) + " has this key already");
  }
  for (auto& r : records)
    r.text = record("N" + std::to_string(r.number));
  BOOST_TEST(w.repair(id, records).empty());
  BOOST_TEST((w.view_of(id).status == status::succeeded));
  BOOST_TEST(w.read(id).rows.size() == 300u);
}

BOOST_AUTO_TEST_CASE(who_writes_a_repair_has_the_turn) {
  ingestion_world w;
  const auto id = w.submit(header + "too,few\n" + record("A"));
  w.run();
  auto repair = w.start_repair(id, {{1, record("B")}}).value();
  BOOST_TEST(!w.turn.take());
  auto turn = repair->turn();
  repair.reset();
  BOOST_TEST(!w.turn.take());
  turn.reset();
  BOOST_TEST(w.turn.take());
}

BOOST_AUTO_TEST_CASE(a_repair_has_a_most_of_records) {
  ingestion_world w;
  const auto id = w.submit(header + "too,few\n");
  w.run();
  const std::vector<corrected_record> many(repair_records_max + 1, {1, "x"});
  const auto refused = w.start_repair(id, many);
  BOOST_REQUIRE(!refused);
  BOOST_TEST((refused.error().code == errc::too_large));
}

BOOST_AUTO_TEST_CASE(repairs_of_any_order_and_size_come_to_the_same_whatever_is_killed) {
  for (std::uint64_t seed = 1; seed <= 15; ++seed) {
    ingestion_world w(seed);
    const keyed_file file(seed, 200, 150);
    const auto id = w.submit(file.text);
    w.run();
    auto left = numbers_of(w.read(id).rejects);
    while (!left.empty()) {
      const auto view = w.view_of(id);
      std::vector<corrected_record> some;
      for (const auto number : left)
        if (some.empty() || w.dice() % 4 == 0)
          some.push_back({number, record("new" + std::to_string(number))});
      const auto version = view.version;
      if (w.dice() % 3 == 0) {
        // The file is written, and the process ends before its event.
        BOOST_REQUIRE(w.start_repair(id, some).value()->write_next(view).value());
        w.world.kill_and_restart();
        BOOST_TEST(w.view_of(id).version == version);
        BOOST_TEST((numbers_of(w.read(id).rejects) == left));
        continue;
      }
      BOOST_TEST(w.repair(id, some).empty());
      for (const auto& r : some)
        left.erase(r.number);
      BOOST_TEST((numbers_of(w.read(id).rejects) == left));
    }
    BOOST_TEST((w.view_of(id).status == status::succeeded));
    BOOST_TEST(w.read(id).rows.size() == 200u);
    check_whole(w);
  }
}

BOOST_AUTO_TEST_SUITE_END()
