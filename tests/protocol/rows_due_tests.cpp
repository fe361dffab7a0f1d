// SPDX-License-Identifier: Apache-2.0
// At which events of a job which rows are to be published.
#include "actors/ingestion/rows_due.hpp"

#include <boost/test/unit_test.hpp>

using namespace dossier;
using namespace dossier::ingestion;

namespace rows_due_tests {

const chunk_due whole{true, {}};

struct job {
  explicit job(bool publishes = true) {
    accepted first;
    first.submission.publishes_rows = publishes;
    BOOST_TEST(due.take(first).empty());
  }
  due_chunks take(const event& e) { return due.take(e); }
  /// One that makes nothing due.
  void pass(const event& e) { BOOST_TEST(due.take(e).empty()); }

  rows_due due;
};

finished as(status s) {
  return {s, 1, 0, 1, 0};
}

} // namespace rows_due_tests

BOOST_AUTO_TEST_SUITE(rows_due_tests)

BOOST_AUTO_TEST_CASE(every_finished_chunk_is_due_when_the_job_ends_well) {
  for (const auto how : {status::succeeded, status::partially_succeeded}) {
    job j;
    j.pass(started{});
    j.pass(chunk_finished{2, 1, 5, 0});
    j.pass(chunk_failed{3, 1, "why"});
    j.pass(chunk_finished{1, 2, 5, 0});
    j.pass(keys_compared{{{1, 12, 3}}});
    BOOST_TEST((j.take(as(how)) == due_chunks{{1, whole}, {2, whole}}));
  }
}

BOOST_AUTO_TEST_CASE(nothing_is_due_of_a_job_that_does_not_want_it) {
  job j(false);
  j.pass(chunk_finished{1, 1, 5, 0});
  j.pass(as(status::succeeded));
  j.pass(repaired{1, 9, {4}, 1, 0});
}

BOOST_AUTO_TEST_CASE(all_rows_are_due_when_somebody_wants_them_of_a_job_that_has_ended_well) {
  job j(false);
  j.pass(chunk_finished{1, 1, 5, 3});
  j.pass(chunk_finished{2, 1, 5, 0});
  j.pass(as(status::partially_succeeded));
  j.pass(repaired{1, 9, {4}, 1, 2});
  BOOST_TEST((j.take(publication_requested{}) == due_chunks{{1, whole}, {2, whole}}));
  BOOST_TEST((j.take(repaired{1, 11, {2}, 1, 1}) == due_chunks{{1, {false, {2}}}}));
}

BOOST_AUTO_TEST_CASE(who_wants_rows_before_the_job_has_ended_has_them_then) {
  job j(false);
  j.pass(publication_requested{});
  j.pass(chunk_finished{1, 1, 5, 3});
  BOOST_TEST((j.take(as(status::succeeded)) == due_chunks{{1, whole}}));
  job failing(false);
  failing.pass(chunk_finished{1, 1, 5, 3});
  failing.pass(failed{failure_cause::rejects, "why"});
  failing.pass(publication_requested{});
  failing.pass(chunks_retried{});
  BOOST_TEST((failing.take(as(status::succeeded)) == due_chunks{{1, whole}}));
}

BOOST_AUTO_TEST_CASE(nothing_is_due_of_a_job_that_fails_or_is_cancelled) {
  for (const event& end : {event(failed{failure_cause::rejects, "why"}), event(cancelled{""}),
                           event(as(status::failed))}) {
    job j;
    j.pass(chunk_finished{1, 1, 5, 1});
    j.pass(end);
    j.pass(repaired{1, 9, {4}, 1, 0});
    j.pass(chunks_retried{});
    j.pass(chunk_finished{2, 1, 5, 0});
    // What came before the failure was never published.
    BOOST_TEST((j.take(as(status::succeeded)) == due_chunks{{1, whole}, {2, whole}}));
  }
}

BOOST_AUTO_TEST_CASE(repaired_rows_are_due_at_once_and_no_others) {
  job j;
  j.pass(chunk_finished{1, 1, 5, 3});
  BOOST_TEST(j.take(as(status::partially_succeeded)).size() == 1u);
  BOOST_TEST((j.take(repaired{1, 9, {4, 7}, 2, 1}) == due_chunks{{1, {false, {4, 7}}}}));
  BOOST_TEST((j.take(repaired{1, 10, {2}, 1, 0}) == due_chunks{{1, {false, {2}}}}));
  j.pass(as(status::succeeded)); // Because nothing is left to repair.
}

BOOST_AUTO_TEST_CASE(of_a_job_that_is_retried_what_is_new_is_due) {
  job j;
  j.pass(chunk_finished{1, 1, 5, 3});
  BOOST_TEST(j.take(as(status::partially_succeeded)).size() == 1u);
  j.pass(chunks_retried{});
  j.pass(chunk_finished{2, 3, 5, 1});
  j.pass(cancelled{""});
  j.pass(repaired{1, 9, {7}, 1, 0});
  j.pass(repaired{1, 10, {3}, 1, 0});
  j.pass(repaired{2, 11, {12}, 1, 0});
  j.pass(chunks_retried{});
  BOOST_TEST((j.take(as(status::succeeded)) == due_chunks{{1, {false, {3, 7}}}, {2, whole}}));
}

BOOST_AUTO_TEST_CASE(the_types_that_make_rows_due_are_those_of_the_events) {
  BOOST_TEST(rows_due::may_be_at(encode(as(status::succeeded)).type));
  BOOST_TEST(rows_due::may_be_at(encode(repaired{}).type));
  BOOST_TEST(rows_due::may_be_at(encode(publication_requested{}).type));
  BOOST_TEST(!rows_due::may_be_at(encode(chunk_finished{}).type));
  BOOST_TEST(!rows_due::may_be_at(encode(failed{}).type));
}

BOOST_AUTO_TEST_SUITE_END()
