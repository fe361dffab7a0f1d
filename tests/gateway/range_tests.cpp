// SPDX-License-Identifier: Apache-2.0
// Which bytes a Range field asks for.
#include "gateway/range.hpp"

#include <boost/test/unit_test.hpp>

#include <random>

using namespace dossier;

namespace range_tests {

using parts = std::vector<byte_range>;

/// The parts; "whole" and refusals are failures of the test.
parts parts_of(std::string_view field, std::uint64_t size) {
  const auto read = ranges_of(field, size);
  BOOST_REQUIRE_MESSAGE(read.has_value() && read->has_value(), field);
  return **read;
}

bool is_whole(std::string_view field, std::uint64_t size) {
  const auto read = ranges_of(field, size);
  return read && !*read;
}

bool is_refused(std::string_view field, std::uint64_t size) {
  const auto read = ranges_of(field, size);
  return !read && read.error().code == errc::range_not_satisfiable && read.error().where == "Range";
}

} // namespace range_tests

BOOST_AUTO_TEST_SUITE(range_tests)

BOOST_AUTO_TEST_CASE(single_ranges_are_read_and_cut_to_the_content) {
  BOOST_TEST((parts_of("bytes=0-0", 10) == parts{{0, 0}}));
  BOOST_TEST((parts_of("bytes=2-4", 10) == parts{{2, 4}}));
  BOOST_TEST((parts_of("bytes=2-", 10) == parts{{2, 9}}));
  BOOST_TEST((parts_of("bytes=-3", 10) == parts{{7, 9}}));
  BOOST_TEST((parts_of("bytes=-30", 10) == parts{{0, 9}}));
  BOOST_TEST((parts_of("bytes=9-99999999999999999999999", 10) == parts{{9, 9}}));
  BOOST_TEST((parts_of("bytes=-99999999999999999999999", 10) == parts{{0, 9}}));
  BOOST_TEST((parts_of("BYTES=1-1", 10) == parts{{1, 1}}));
}

BOOST_AUTO_TEST_CASE(a_list_may_have_spaces_and_empty_elements) {
  BOOST_TEST((parts_of("bytes= ,0-1 ,\t, 4-5,,", 10) == parts{{0, 1}, {4, 5}}));
}

BOOST_AUTO_TEST_CASE(parts_keep_the_order_in_which_they_were_asked_for) {
  BOOST_TEST((parts_of("bytes=8-9,0-1,4-5", 10) == parts{{8, 9}, {0, 1}, {4, 5}}));
}

BOOST_AUTO_TEST_CASE(what_overlaps_or_touches_is_joined) {
  BOOST_TEST((parts_of("bytes=4-6,0-1,2-3", 10) == parts{{0, 6}}));
  BOOST_TEST((parts_of("bytes=5-9,0-0,0-9", 10) == parts{{0, 9}}));
  BOOST_TEST((parts_of("bytes=8-9,0-1,1-2", 10) == parts{{8, 9}, {0, 2}}));
  std::string many = "bytes=0-";
  for (int i = 0; i < 100; ++i)
    many += ",0-";
  BOOST_TEST((parts_of(many, 10) == parts{{0, 9}}));
}

BOOST_AUTO_TEST_CASE(what_lies_outside_is_dropped_or_refused) {
  BOOST_TEST((parts_of("bytes=20-30,1-2", 10) == parts{{1, 2}}));
  BOOST_TEST(is_refused("bytes=10-", 10));
  BOOST_TEST(is_refused("bytes=10-20,30-40", 10));
  BOOST_TEST(is_refused("bytes=-0", 10));
  BOOST_TEST(is_refused("bytes=0-", 0));
  BOOST_TEST(is_refused("bytes=0-0", 0));
}

BOOST_AUTO_TEST_CASE(what_breaks_the_grammar_is_refused) {
  for (const auto* field : {"bytes=", "bytes=,", "bytes=-", "bytes=a-b", "bytes=1", "bytes=1-2-3",
                            "bytes=--1", "bytes=+1-2", "bytes=1 -2", "bytes=0x1-2", "bytes=4-2",
                            "bytes=0-1,x", "bytes=1-2;3-4", "bytes==1-2"})
    BOOST_TEST(is_refused(field, 10), field);
}

BOOST_AUTO_TEST_CASE(other_units_and_no_field_mean_the_whole) {
  for (const auto* field : {"", "lines=0-1", "bytes", "byte=0-1", " bytes=0-1", "bytes =0-1"})
    BOOST_TEST(is_whole(field, 10), field);
}

BOOST_AUTO_TEST_CASE(the_last_bytes_of_nothing_are_the_whole) {
  BOOST_TEST(is_whole("bytes=-5", 0));
}

BOOST_AUTO_TEST_CASE(too_many_parts_mean_the_whole) {
  std::string field = "bytes=";
  for (std::size_t i = 0; i < range_parts_max; ++i)
    field += (i == 0 ? "" : ",") + std::to_string(i * 10) + "-" + std::to_string(i * 10);
  BOOST_TEST(parts_of(field, 1'000).size() == range_parts_max);
  BOOST_TEST(is_whole(field + ",900-901", 1'000));
  std::string far_too_many = "bytes=0-0";
  for (std::size_t i = 0; i < range_specs_max; ++i)
    far_too_many += ",0-0";
  BOOST_TEST(is_whole(far_too_many, 1'000));
}

BOOST_AUTO_TEST_CASE(content_range_says_which_bytes_of_how_many) {
  BOOST_TEST(content_range({2, 4}, 10) == "bytes 2-4/10");
  BOOST_TEST(unsatisfied_range(10) == "bytes */10");
}

BOOST_AUTO_TEST_CASE(parts_are_disjoint_and_cover_exactly_what_was_asked_for) {
  std::mt19937 dice{7};
  for (int round = 0; round < 2'000; ++round) {
    const std::uint64_t size = dice() % 40 + 1;
    std::vector<bool> wanted(size, false);
    std::string field = "bytes=";
    const auto count = dice() % 6 + 1;
    for (unsigned i = 0; i < count; ++i) {
      const auto first = dice() % size;
      const auto last = first + dice() % 10;
      field += (i == 0 ? "" : ",") + std::to_string(first) + "-" + std::to_string(last);
      for (auto at = first; at <= last && at < size; ++at)
        wanted[at] = true;
    }
    std::vector<bool> given(size, false);
    for (const auto& part : parts_of(field, size)) {
      for (auto at = part.first; at <= part.last; ++at) {
        BOOST_REQUIRE_MESSAGE(at < size && !given[at], field);
        given[at] = true;
      }
    }
    BOOST_REQUIRE_MESSAGE(given == wanted, field);
  }
}

BOOST_AUTO_TEST_SUITE_END()
