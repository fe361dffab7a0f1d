// SPDX-License-Identifier: Apache-2.0
// The promises of a job's end: limits, cancellations, retries, repairs, and what readers see.
#include "tests/protocol/ingestion_life.hpp"

#include <optional>
#include <string>
#include <vector>

namespace dossier::ingestion {

using namespace testing;

namespace ingestion_ends {

chunk_view chunk_of(const life& l, std::uint32_t number) {
  return chunk_view_of(l.seen(), number).value();
}

/// A split job that may have so many rejects.
life limited_one(reject_limits limits) {
  life l;
  return l.does(accept{large_file(), limits}).does(start{}).does(its_split());
}

} // namespace ingestion_ends

BOOST_AUTO_TEST_SUITE(ingestion_ends)

BOOST_AUTO_TEST_CASE(a_limit_of_rejects_fails_the_job_as_soon_as_it_is_passed) {
  auto l = limited_one({2, 1'000'000}).finishes(1, 8, 2).runs(3);
  BOOST_TEST(l.status() == "Processing");
  l.runs(2);
  BOOST_TEST(
    l.says(report_chunk_finished{2, 1, 19, 1})
    == life::told({chunk_finished{2, 1, 19, 1},
                   failed{failure_cause::rejects, "it has 3 rejects, at most 2 are allowed"}}));
  BOOST_TEST(l.status() == "Failed");
  BOOST_TEST(l.seen().why == "it has 3 rejects, at most 2 are allowed");
  BOOST_TEST((chunk_of(l, 3).status == status::cancelled));
  BOOST_TEST(l.says(report_chunk_finished{3, 1, 5, 0}) == "");
  BOOST_TEST(l.says(retry_failed_chunks{})
             == "conflict: the job cannot be retried: it is Failed; it has 3 rejects, at most 2 "
                "are allowed; repair some or raise the limit");
  BOOST_TEST(l.says(retry_failed_chunks{reject_limits{3, 1'000'000}})
             == life::told({chunks_retried{reject_limits{3, 1'000'000}}}));
  l.finishes(3, 5, 0);
  BOOST_TEST(l.status() == "PartiallySucceeded");
}

BOOST_AUTO_TEST_CASE(the_ratio_is_of_all_records_whatever_chunk_comes_first) {
  // 35 records: a tenth of them is 3.
  auto l = limited_one({1'000, 100'000}).finishes(3, 2, 3);
  BOOST_TEST(l.status() == "Processing");
  l.runs(1);
  BOOST_TEST(
    l.says(report_chunk_finished{1, 1, 9, 1})
    == life::told({chunk_finished{1, 1, 9, 1},
                   failed{failure_cause::rejects_ratio,
                          "it has 4 rejects among 35 records, at most 100000 in a million are "
                          "allowed"}}));
  life whole;
  whole.does(accept{some_file(100), reject_limits{1'000, 499'999}}).does(start{}).finishes(1, 1, 1);
  BOOST_TEST(whole.status() == "Failed");
  BOOST_TEST((whole.seen().cause == failure_cause::rejects_ratio));
  // Once it is repaired, nothing is left to fail for.
  whole.repairs(1, {2});
  BOOST_TEST(whole.status() == "Succeeded");
}

BOOST_AUTO_TEST_CASE(of_two_limits_the_lower_one_is_named) {
  const auto cause_under = [](reject_limits limits) {
    auto l = limited_one(limits);
    return l.finishes(2, 0, 20).seen().cause.value();
  };
  // Of 35 records a tenth is 3.
  BOOST_TEST((cause_under({2, 100'000}) == failure_cause::rejects));
  BOOST_TEST((cause_under({3, 100'000}) == failure_cause::rejects));
  BOOST_TEST((cause_under({4, 100'000}) == failure_cause::rejects_ratio));
}

BOOST_AUTO_TEST_CASE(raising_the_limit_of_a_job_whose_chunks_are_done_ends_it_anew) {
  life l;
  l.does(accept{some_file(100), reject_limits{0, 0}}).does(start{}).finishes(1, 4, 1);
  BOOST_TEST(l.status() == "Failed");
  BOOST_TEST(l.says(retry_failed_chunks{reject_limits{1, 1'000'000}})
             == life::told({chunks_retried{reject_limits{1, 1'000'000}},
                            finished{status::partially_succeeded, 1, 0, 4, 1}}));
}

BOOST_AUTO_TEST_CASE(a_job_without_a_stored_chunk_has_failed) {
  auto l = single_one();
  l.runs(1);
  BOOST_TEST(l.says(report_chunk_failed{1, 1, "no", false})
             == life::told({chunk_failed{1, 1, "no"}, finished{status::failed, 0, 1, 0, 0}}));
  BOOST_TEST(!l.seen().cause);
}

BOOST_AUTO_TEST_CASE(a_cancelled_job_takes_nothing_and_can_be_gone_on_with) {
  auto l = split_one().finishes(1, 10, 0).runs(2).runs(3);
  l.does(report_chunk_failed{3, 1, "away", true});
  l.does(cancel{"wrong file"});
  BOOST_TEST(timers_of(l.now).empty());
  BOOST_TEST(l.seen().why == "wrong file");
  BOOST_TEST(l.says(report_chunk_finished{2, 1, 20, 0}) == "");
  BOOST_TEST((chunk_of(l, 1).status == status::succeeded));
  BOOST_TEST((chunk_of(l, 2).status == status::cancelled));
  l.does(retry_failed_chunks{});
  BOOST_TEST(l.status() == "Processing");
  // Late again: this attempt was overtaken.
  BOOST_TEST(l.says(report_chunk_finished{2, 1, 20, 0}) == "");
  l.finishes(2, 20, 0).finishes(3, 5, 0);
  BOOST_TEST(l.status() == "Succeeded");
  BOOST_TEST(l.seen().tally.rows == 35u);
}

BOOST_AUTO_TEST_CASE(a_reason_is_short_text) {
  auto l = split_one();
  const std::string refused = "invalid-argument at /reason: the job cannot be cancelled: say why "
                              "in at most 200 bytes of UTF-8";
  BOOST_TEST(l.says(cancel{std::string(201, 'x')}) == refused);
  BOOST_TEST(l.says(cancel{"\xff"}) == refused);
  l.does(cancel{""});
}

BOOST_AUTO_TEST_CASE(a_job_that_had_no_chunks_yet_is_retried_from_the_start) {
  auto l = chunking_one().does(report_split_failed{"no record ends"});
  l.does(retry_failed_chunks{});
  BOOST_TEST(l.status() == "Accepted");
  l.does(start{}).does(its_split());
  BOOST_TEST(l.status() == "ChunksQueued");
}

BOOST_AUTO_TEST_CASE(failed_chunks_are_retried_while_others_run) {
  auto l = split_one().fails(1, "no").runs(2);
  l.does(retry_failed_chunks{});
  BOOST_TEST((chunk_of(l, 2).chunk.phase == chunk_phase::running));
  BOOST_TEST(chunk_of(l, 1).trouble == "");
  BOOST_TEST(l.says(begin_chunk{1, 2}) == life::told({chunk_started{1, 2}}));
  BOOST_TEST(l.says(retry_failed_chunks{})
             == "conflict: the job cannot be retried: it is Processing; no chunk of it has failed");
}

// Repairs.

BOOST_AUTO_TEST_CASE(repairs_make_a_partial_success_whole) {
  auto l = split_one().finishes(1, 8, 2).finishes(2, 20, 0).finishes(3, 4, 1);
  BOOST_TEST(l.status() == "PartiallySucceeded");
  BOOST_TEST(l.says(retry_failed_chunks{})
             == "conflict: the job cannot be retried: it is PartiallySucceeded; no chunk of it has "
                "failed");
  const auto seen = static_cast<std::uint32_t>(l.version);
  const report_repaired first{1, seen, {4}};
  BOOST_TEST(l.says(first) == life::told({repaired{1, seen, {4}, 1, 1}}));
  BOOST_TEST(l.seen().tally.rows == 33u);
  BOOST_TEST(l.seen().chunks[0].revision == seen);
  // Made of what is no more.
  const std::string refused
    = "conflict: the job has changed since its rejects were looked at; look "
      "at what is left and repair that";
  BOOST_TEST(l.says(first) == refused);
  BOOST_TEST(l.says(report_repaired{1, seen, {5}}) == refused);
  l.repairs(1, {5});
  BOOST_TEST(l.status() == "PartiallySucceeded");
  const auto last = static_cast<std::uint32_t>(l.version);
  BOOST_TEST(
    l.says(report_repaired{3, last, {35}})
    == life::told({repaired{3, last, {35}, 1, 0}, finished{status::succeeded, 3, 0, 35, 0}}));
  BOOST_TEST(l.status() == "Succeeded");
}

BOOST_AUTO_TEST_CASE(with_a_failed_chunk_repairs_are_not_enough) {
  auto l = split_one().finishes(1, 9, 1).finishes(2, 20, 0).fails(3, "no");
  l.repairs(1, {1});
  BOOST_TEST(l.status() == "PartiallySucceeded");
  l.does(retry_failed_chunks{}).finishes(3, 5, 0);
  BOOST_TEST(l.status() == "Succeeded");
}

BOOST_AUTO_TEST_CASE(what_is_repaired_are_records_of_the_chunk) {
  auto l = split_one().finishes(2, 18, 2).finishes(1, 10, 0).finishes(3, 5, 0);
  const auto seen = static_cast<std::uint32_t>(l.version);
  const std::string refused = "invalid-argument at /records: the repair cannot be recorded: ";
  BOOST_TEST(l.says(report_repaired{2, seen, {}})
             == refused + "it names 0 records, 1 to 1000 are allowed");
  BOOST_TEST(l.says(report_repaired{2, seen, std::vector<std::uint64_t>(1'001, 11)})
             == refused + "it names 1001 records, 1 to 1000 are allowed");
  BOOST_TEST(l.says(report_repaired{2, seen, {12, 12}}) == refused + "its records do not ascend");
  const auto elsewhere = refused + "its records are not all in chunk 2";
  BOOST_TEST(l.says(report_repaired{2, seen, {10}}) == elsewhere);
  BOOST_TEST(l.says(report_repaired{2, seen, {30, 31}}) == elsewhere);
  BOOST_TEST(l.says(report_repaired{2, seen, {11, 12, 13}})
             == "conflict: the job has changed since its rejects were looked at; look at what is "
                "left and repair that");
  l.repairs(2, {11, 30});
}

// Keys.

BOOST_AUTO_TEST_CASE(a_job_with_unique_keys_ends_when_they_are_compared) {
  auto l = keyed_one().finishes(1, 10, 0).finishes(2, 20, 0);
  BOOST_TEST(!l.seen().wants_comparison);
  l.finishes(3, 5, 0);
  BOOST_TEST(l.status() == "Processing");
  BOOST_TEST(l.seen().wants_comparison);
  BOOST_TEST(timers_of(l.now).empty());
  const auto seen = static_cast<std::uint32_t>(l.version);
  BOOST_TEST(l.says(report_keys_compared{seen, {}})
             == life::told({keys_compared{}, finished{status::succeeded, 3, 0, 35, 0}}));
  BOOST_TEST(!l.seen().wants_comparison);
  // Again, from somebody who does not know.
  BOOST_TEST(l.says(report_keys_compared{seen, {}}) == "");
}

BOOST_AUTO_TEST_CASE(what_came_again_is_a_reject_and_can_be_repaired) {
  auto l = keyed_one().finishes(1, 10, 0).finishes(2, 20, 0).finishes(3, 5, 0);
  const auto seen = static_cast<std::uint32_t>(l.version);
  l.does(report_keys_compared{seen, {{1, seen, 1}, {3, seen, 2}}});
  BOOST_TEST(l.status() == "PartiallySucceeded");
  BOOST_TEST(l.seen().tally.rows == 32u);
  BOOST_TEST(l.seen().chunks[2].revision == seen);
  l.repairs(1, {4}).repairs(3, {31, 35});
  BOOST_TEST(l.status() == "Succeeded");
  BOOST_TEST(l.seen().tally.rows == 35u);
}

BOOST_AUTO_TEST_CASE(duplicates_count_for_the_limits) {
  auto file = large_file();
  file.has_unique_keys = true;
  life l;
  l.does(accept{file, reject_limits{2, 1'000'000}}).does(start{}).does(its_split());
  l.finishes(1, 9, 1).finishes(2, 20, 0).finishes(3, 5, 0);
  const auto seen = static_cast<std::uint32_t>(l.version);
  l.does(report_keys_compared{seen, {{2, seen, 2}}});
  BOOST_TEST(l.status() == "Failed");
  BOOST_TEST((l.seen().cause == failure_cause::rejects));
}

BOOST_AUTO_TEST_CASE(chunks_that_are_retried_are_compared_anew) {
  auto l = keyed_one().finishes(1, 10, 0).fails(2, "no").finishes(3, 5, 0);
  const auto seen = static_cast<std::uint32_t>(l.version);
  l.does(report_keys_compared{seen, {}});
  BOOST_TEST(l.status() == "PartiallySucceeded");
  l.does(retry_failed_chunks{}).finishes(2, 20, 0);
  BOOST_TEST(l.seen().wants_comparison);
  // A comparison from before the retry is of no use now.
  BOOST_TEST(l.says(report_keys_compared{seen, {}}) == "");
  BOOST_TEST(l.says(report_comparison_failed{seen, "no"}) == "");
  l.does(report_comparison_failed{l.version, "a file of rows is damaged"});
  BOOST_TEST(l.status() == "Failed");
  l.does(retry_failed_chunks{});
  BOOST_TEST(l.seen().wants_comparison);
}

BOOST_AUTO_TEST_CASE(what_is_corrected_are_rows_of_finished_chunks) {
  auto l = keyed_one().finishes(1, 10, 0).fails(2, "no").finishes(3, 5, 0);
  const auto v = static_cast<std::uint32_t>(l.version);
  const auto refused = [&](std::vector<correction> corrections) {
    const auto said = l.says(report_keys_compared{v, std::move(corrections)});
    BOOST_TEST(said.starts_with("invalid-argument at /corrections: the comparison cannot be "
                                "recorded: "),
               said);
  };
  refused({{0, v, 1}});
  refused({{4, v, 1}});
  refused({{3, v, 1}, {1, v, 1}});
  refused({{1, v, 0}});
  refused({{1, v, 11}});
  refused({{2, v, 1}});
  refused({{1, v - 1, 1}});
}

// Rows for readers.

BOOST_AUTO_TEST_CASE(a_job_stands_in_its_lists_and_holds_its_content) {
  const content_reference content{"acme", sha256_of("calls")};
  const std::vector<projection> open{content, list_entry{"jobs", t0}, list_entry{"jobs-open", t0}};
  const std::vector<projection> troubled{content, list_entry{"jobs", t0},
                                         list_entry{"jobs-troubled", t0}};
  BOOST_TEST(projections_of(state{}).empty());
  auto l = split_one();
  BOOST_TEST((projections_of(l.now) == open));
  l.finishes(1, 9, 1).finishes(2, 20, 0).finishes(3, 5, 0);
  BOOST_TEST((projections_of(l.now) == troubled));
  l.repairs(1, {1});
  BOOST_TEST((projections_of(l.now) == std::vector<projection>{list_entry{"jobs", t0}}));
  auto kept = some_file(10);
  kept.is_kept = true;
  life k;
  k.does(accept{kept, {}}).does(start{}).finishes(1, 1, 0);
  BOOST_TEST((projections_of(k.now) == std::vector<projection>{content, list_entry{"jobs", t0}}));
}

BOOST_AUTO_TEST_CASE(pace_is_measured_from_the_first_chunk_since_the_last_retry) {
  auto l = split_one();
  BOOST_TEST(!l.seen().pace);
  l.at = t0 + seconds{5};
  l.finishes(1, 10, 0).fails(2, "no").fails(3, "no");
  BOOST_TEST((l.seen().pace == pace{t0 + seconds{5}, 0, 0}));
  l.does(retry_failed_chunks{});
  BOOST_TEST(!l.seen().pace);
  l.at = t0 + seconds{50};
  l.runs(2);
  BOOST_TEST((l.seen().pace == pace{t0 + seconds{50}, 400, 10}));
}

BOOST_AUTO_TEST_SUITE_END()

} // namespace dossier::ingestion
