// SPDX-License-Identifier: Apache-2.0
// Splitting against the reference: whatever the ranges, the summaries and the instructions.
#include "protocol/csv/split.hpp"

#include "tests/csv/files.hpp"
#include "tests/csv/reference.hpp"

#include <boost/test/unit_test.hpp>
#include <rapidcheck/boost_test.h>

#include <ostream>

namespace dossier::csv {

std::ostream& operator<<(std::ostream& out, const record_start& s) {
  return out << "offset " << s.offset << " line " << s.line << " record " << s.number;
}

namespace split_tests {

/// The first record that begins in each range.
std::vector<record_start> reference_starts(std::string_view file,
                                           const std::vector<std::size_t>& cuts,
                                           const record_law& law) {
  std::vector<record_start> starts;
  const auto records = reference_records(file, {}, law);
  for (std::size_t i = 0; i + 1 < cuts.size(); ++i)
    for (const auto& r : records)
      if (r.start.offset >= cuts[i] && r.start.offset < cuts[i + 1]) {
        starts.push_back(r.start);
        break;
      }
  return starts;
}

enum class by { summaries, bytes, either };

std::vector<record_start> split(std::string_view file, const std::vector<std::size_t>& cuts,
                                const record_law& law, instructions which, by how) {
  boundary_fold fold({}, law, which);
  for (std::size_t i = 0; i + 1 < cuts.size(); ++i) {
    const auto bytes = file.substr(cuts[i], cuts[i + 1] - cuts[i]);
    const bool tries = how == by::summaries || (how == by::either && i % 2 == 0);
    if (!tries || !fold.add(kernels(which).summarise(bytes, cuts[i], law)))
      fold.add(bytes);
  }
  return fold.starts();
}

std::vector<std::size_t> cuts_of(std::size_t size, std::size_t range_bytes) {
  std::vector<std::size_t> cuts;
  for (std::size_t at = 0; at < size; at += range_bytes)
    cuts.push_back(at);
  cuts.push_back(size);
  return cuts;
}

void check_all_ways(std::string_view file, const std::vector<std::size_t>& cuts,
                    const record_law& law) {
  const auto expected = reference_starts(file, cuts, law);
  for (const auto which : all_instructions())
    for (const auto how : {by::summaries, by::bytes, by::either})
      RC_ASSERT(split(file, cuts, law, which, how) == expected);
}

} // namespace split_tests

BOOST_AUTO_TEST_SUITE(split_tests)

RC_BOOST_PROP(any_ranges_of_any_file_split_as_the_reference_says, ()) {
  const auto file = *hostile_file();
  check_all_ways(file, any_cuts(file.size()), small_law);
}

RC_BOOST_PROP(ranges_of_one_byte_and_more_split_as_the_reference_says, ()) {
  const auto file = *hostile_file();
  check_all_ways(file, cuts_of(file.size(), *rc::gen::inRange<std::size_t>(1, 200)), small_law);
}

RC_BOOST_PROP(other_delimiters_and_quotes_split_as_the_reference_says, ()) {
  auto file = *hostile_file();
  for (auto& c : file)
    c = c == ',' ? ' ' : c == '"' ? '\'' : c;
  check_all_ways(file, any_cuts(file.size()), {' ', '\'', 128});
}

BOOST_AUTO_TEST_CASE(a_line_feed_in_quotes_begins_no_record) {
  const std::string_view file = "a,\"b\nc\"\nd,e\n";
  const std::vector<record_start> expected{{0, 1, 1}, {8, 3, 2}};
  for (const auto which : all_instructions())
    BOOST_TEST(split(file, cuts_of(file.size(), 5), small_law, which, by::summaries) == expected,
               boost::test_tools::per_element());
}

BOOST_AUTO_TEST_CASE(a_quote_inside_a_plain_field_opens_nothing) {
  const std::string_view file = "5\" pipe,1\n7\" pipe,2\n";
  const std::vector<record_start> expected{{0, 1, 1}, {10, 2, 2}};
  for (const auto which : all_instructions())
    BOOST_TEST(split(file, {0, 10, 20}, small_law, which, by::summaries) == expected,
               boost::test_tools::per_element());
}

BOOST_AUTO_TEST_CASE(a_quote_never_closed_costs_the_limit_and_the_rest_of_a_line) {
  std::string file = "\"";
  for (int i = 0; i < 100; ++i)
    file += "123456789\n";
  // The first line has 11 bytes, so the line that holds byte 128 ends at 131.
  const std::vector<record_start> expected{{0, 1, 1}, {131, 14, 2}};
  for (const auto which : all_instructions())
    for (const auto how : {by::summaries, by::bytes})
      BOOST_TEST(split(file, {0, 100, file.size()}, small_law, which, how) == expected,
                 boost::test_tools::per_element());
}

BOOST_AUTO_TEST_CASE(a_summary_that_meets_a_long_record_is_refused_and_changes_nothing) {
  const std::string file = std::string(200, 'x') + "\ny\n";
  boundary_fold fold({}, small_law);
  const scan_state before = fold.state();
  const auto summary = kernels(best_instructions()).summarise(file, 0, small_law);
  BOOST_TEST(!fold.add(summary));
  BOOST_TEST((fold.state() == before));
  BOOST_TEST(fold.starts().empty());
}

BOOST_AUTO_TEST_CASE(a_long_record_that_outlasts_the_doubt_about_quotes_is_seen) {
  // Both suppositions agree behind the closing quote, blocks before the record's line feed.
  const std::string file
    = "x\n\"" + std::string(130, 'q') + "\nrest\"," + std::string(150, 'y') + "\nnext\nlast\n";
  const std::vector<std::size_t> cuts{0, file.size() - 5, file.size()};
  const auto expected = reference_starts(file, cuts, small_law);
  BOOST_REQUIRE_EQUAL(expected.size(), 2u);
  for (const auto which : all_instructions())
    BOOST_TEST(split(file, cuts, small_law, which, by::summaries) == expected,
               boost::test_tools::per_element());
}

BOOST_AUTO_TEST_CASE(a_record_of_exactly_the_limit_is_not_too_long) {
  const std::string file = std::string(127, 'x') + "\n" + std::string(128, 'y') + "\nz\n";
  const auto records = reference_records(file, {}, small_law);
  BOOST_REQUIRE_EQUAL(records.size(), 3u);
  BOOST_TEST(!records[0].is_long);
  BOOST_TEST(records[1].is_long);
  for (const auto which : all_instructions())
    BOOST_TEST(split(file, cuts_of(file.size(), 1), small_law, which, by::bytes).size() == 3u);
}

BOOST_AUTO_TEST_SUITE_END()

} // namespace dossier::csv
