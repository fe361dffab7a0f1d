// SPDX-License-Identifier: Apache-2.0
// What each command comes to in each status of a job, by hand.
#include "tests/protocol/ingestion_life.hpp"

#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace dossier::ingestion {

using namespace testing;

namespace ingestion_rules {

/// One job in each status, and some that differ within one.
std::vector<std::pair<std::string, life>> one_in_each_status() {
  auto processing = split_one().finishes(1, 9, 1).runs(2).fails(3, "bad bytes");
  auto partially = split_one().finishes(1, 9, 1).finishes(2, 20, 0).fails(3, "bad bytes");
  auto cancelled = split_one().finishes(1, 9, 1).runs(2).does(cancel{"wrong file"});
  return {
    {"absent", life{}},
    {"Accepted", accepted_one()},
    {"Chunking", chunking_one()},
    {"ChunksQueued", split_one()},
    {"QueuedForProcessing", single_one()},
    {"Processing", std::move(processing)},
    {"Processing, keys", keyed_one().finishes(1, 9, 1).finishes(2, 20, 0).finishes(3, 5, 0)},
    {"Succeeded", split_one().finishes(1, 10, 0).finishes(2, 20, 0).finishes(3, 5, 0)},
    {"PartiallySucceeded", std::move(partially)},
    {"Failed, split", chunking_one().does(report_split_failed{"no record ends"})},
    {"Failed, chunks",
     split_one().fails(1, "bad bytes").fails(2, "bad bytes").fails(3, "bad bytes")},
    {"Cancelled", std::move(cancelled)},
  };
}

std::vector<std::pair<std::string, command>> each_command() {
  auto other = large_file();
  other.options = "other";
  return {
    {"accept again", accept{large_file(), {}}},
    {"accept other", accept{other, {}}},
    {"start", start{}},
    {"report split", its_split()},
    {"report split failed", report_split_failed{"no"}},
    {"begin chunk 2", begin_chunk{2, 1}},
    {"report chunk 2 finished", report_chunk_finished{2, 1, 18, 2}},
    {"report chunk 2 failed", report_chunk_failed{2, 1, "no", true}},
    {"cancel", cancel{"why not"}},
    {"retry", retry_failed_chunks{}},
    {"keys compared", report_keys_compared{0, {{1, 0, 2}}}},
    {"comparison failed", report_comparison_failed{0, "no"}},
    {"repair chunk 1", report_repaired{1, 0, {3}}},
    {"timer", fire_timer{"retry", t0}},
  };
}

/// The same command from somebody who has looked at this job.
command as_of(const life& l, command c) {
  const auto version = static_cast<std::uint32_t>(l.version);
  if (auto* r = std::get_if<report_repaired>(&c))
    r->revision = version;
  if (auto* r = std::get_if<report_comparison_failed>(&c))
    r->version = version;
  if (auto* r = std::get_if<report_keys_compared>(&c)) {
    r->version = version;
    r->corrections[0].revision = version;
  }
  return c;
}

std::string told(const std::vector<event>& events) {
  return life::told(events);
}

const std::string nothing;
const std::string no_job = "not-found: there is no job of this id; look at the list of jobs";
const std::string another = "conflict: there is a job of this id already, and it is made of "
                            "something else; submit it under a new id";
const std::string split_first = "conflict: the job cannot be split: it is Accepted; start it first";
const std::string accepted_has_none = "conflict: the job is Accepted and has no chunks";
const std::string chunking_has_none = "conflict: the job is Chunking and has no chunks";
const std::string only_one = "not-found: the job has no chunk 2; it has 1, numbered from 1";
const std::string has_changed = "conflict: the job has changed since its rejects were looked at; "
                                "look at what is left and repair that";
std::string not_ended(const std::string& status) {
  return "conflict: the job cannot be repaired: it is " + status + "; do it when it has ended";
}
const std::string not_begun = "conflict: attempt 1 of chunk 2 was never begun";

struct line {
  std::string status;
  std::vector<std::optional<std::string>> outcomes; ///< In the order of each_command().
};

/// For each status what each command comes to: the events, or the refusal. nullopt: told elsewhere.
const std::vector<line> each_outcome{
  {"absent",
   {std::nullopt, std::nullopt, no_job, no_job, no_job, no_job, no_job, no_job, no_job, no_job,
    no_job, no_job, no_job, nothing}},
  {"Accepted",
   {nothing, another, told({started{}}), split_first, split_first, accepted_has_none,
    accepted_has_none, accepted_has_none, told({cancelled{"why not"}}),
    "conflict: the job cannot be retried: it is Accepted; no chunk of it has failed", nothing,
    nothing, accepted_has_none, nothing}},
  {"Chunking",
   {nothing, another, nothing, told({chunked{20, 2, its_split().pieces}}),
    told({failed{failure_cause::split, "no"}}), chunking_has_none, chunking_has_none,
    chunking_has_none, told({cancelled{"why not"}}),
    "conflict: the job cannot be retried: it is Chunking; no chunk of it has failed", nothing,
    nothing, chunking_has_none, nothing}},
  {"ChunksQueued",
   {nothing, another, nothing, nothing, nothing, told({chunk_started{2, 1}}), not_begun, not_begun,
    told({cancelled{"why not"}}),
    "conflict: the job cannot be retried: it is ChunksQueued; no chunk of it has failed", nothing,
    nothing, not_ended("ChunksQueued"), nothing}},
  {"QueuedForProcessing",
   {nothing, another, nothing, nothing, nothing, only_one, only_one, only_one,
    told({cancelled{"why not"}}),
    "conflict: the job cannot be retried: it is QueuedForProcessing; no chunk of it has failed",
    nothing, nothing, not_ended("QueuedForProcessing"), nothing}},
  {"Processing",
   {nothing, another, nothing, nothing, nothing, nothing,
    told({chunk_finished{2, 1, 18, 2}, finished{status::partially_succeeded, 2, 1, 27, 3}}),
    told({chunk_retry_scheduled{2, 1, t0 + seconds{1}, "no"}}), told({cancelled{"why not"}}),
    told({chunks_retried{}}), nothing, nothing, not_ended("Processing"), nothing}},
  {"Processing, keys",
   {nothing, another, nothing, nothing, nothing, "conflict: chunk 2 cannot begin: it is finished",
    nothing, nothing, told({cancelled{"why not"}}),
    "conflict: the job cannot be retried: it is Processing; no chunk of it has failed",
    told({keys_compared{{{1, 9, 2}}}, finished{status::partially_succeeded, 3, 0, 32, 3}}),
    told({failed{failure_cause::keys, "no"}}), not_ended("Processing"), nothing}},
  {"Succeeded",
   {nothing, another, nothing, nothing, nothing,
    "conflict: chunk 2 cannot begin: the job is Succeeded", nothing, nothing,
    "conflict: the job cannot be cancelled: it is Succeeded; only jobs that are under way can be",
    "conflict: the job cannot be retried: it is Succeeded; no chunk of it has failed", nothing,
    nothing, has_changed, nothing}},
  {"PartiallySucceeded",
   {nothing, another, nothing, nothing, nothing,
    "conflict: chunk 2 cannot begin: the job is PartiallySucceeded", nothing, nothing,
    "conflict: the job cannot be cancelled: it is PartiallySucceeded; only jobs that are under way "
    "can be",
    told({chunks_retried{}}), nothing, nothing, told({repaired{1, 10, {3}, 1, 0}}), nothing}},
  {"Failed, split",
   {nothing, another, nothing, nothing, nothing,
    "conflict: chunk 2 cannot begin: the job is Failed", nothing, nothing,
    "conflict: the job cannot be cancelled: it is Failed; only jobs that are under way can be",
    told({chunks_retried{}}), nothing, nothing, "conflict: the job is Failed and has no chunks",
    nothing}},
  {"Failed, chunks",
   {nothing, another, nothing, nothing, nothing,
    "conflict: chunk 2 cannot begin: the job is Failed", nothing, nothing,
    "conflict: the job cannot be cancelled: it is Failed; only jobs that are under way can be",
    told({chunks_retried{}}), nothing, nothing,
    "conflict: chunk 1 cannot be repaired: it is failed, not finished", nothing}},
  {"Cancelled",
   {nothing, another, nothing, nothing, nothing,
    "conflict: chunk 2 cannot begin: the job is Cancelled", nothing, nothing, nothing,
    told({chunks_retried{}}), nothing, nothing, told({repaired{1, 7, {3}, 1, 0}}), nothing}},
};

} // namespace ingestion_rules

BOOST_AUTO_TEST_SUITE(ingestion_rules)

BOOST_AUTO_TEST_CASE(each_command_is_answered_in_each_status) {
  const auto jobs = one_in_each_status();
  const auto commands = each_command();
  const auto& expected = each_outcome;
  BOOST_REQUIRE(expected.size() == jobs.size());
  for (std::size_t j = 0; j < jobs.size(); ++j) {
    const auto& [status, job] = jobs[j];
    BOOST_REQUIRE(expected[j].status == status);
    BOOST_REQUIRE(expected[j].outcomes.size() == commands.size());
    for (std::size_t c = 0; c < commands.size(); ++c) {
      auto l = job;
      const auto& wanted = expected[j].outcomes[c];
      if (wanted)
        BOOST_TEST(l.says(as_of(l, commands[c].second)) == *wanted,
                   status << ", " << commands[c].first);
    }
  }
}

BOOST_AUTO_TEST_CASE(each_status_is_what_it_says) {
  for (const auto& [status, job] : one_in_each_status())
    if (status != "absent")
      BOOST_TEST(job.status() == status.substr(0, status.find(',')));
}

BOOST_AUTO_TEST_SUITE_END()

} // namespace dossier::ingestion
