// SPDX-License-Identifier: Apache-2.0
// Schemas of rows from TOML: what ships is good, and every problem is named with its line.
#include "config/row_schemas.hpp"

#include <boost/test/unit_test.hpp>

#include <fstream>
#include <utility>

namespace dossier {

namespace row_schemas_tests {

using problem = std::pair<std::string, std::string>;

std::vector<problem> problems_of(const std::string& text) {
  std::vector<problem> problems;
  for (const auto& p : parse_row_schema(text, "s.toml").problems)
    problems.emplace_back(p.where, p.what);
  return problems;
}

void check(const std::string& text, const std::vector<problem>& expected) {
  BOOST_TEST_CONTEXT(text) {
    const auto problems = problems_of(text);
    BOOST_TEST(problems.size() == expected.size());
    for (std::size_t i = 0; i < std::min(problems.size(), expected.size()); ++i) {
      BOOST_TEST(problems[i].first == expected[i].first);
      BOOST_TEST(problems[i].second == expected[i].second);
    }
  }
}

} // namespace row_schemas_tests

BOOST_AUTO_TEST_SUITE(row_schemas_tests)

BOOST_AUTO_TEST_CASE(the_schema_of_call_records_ships) {
  const auto loaded = load_row_schema(DOSSIER_SOURCE_DIR "/config/schemas/cdr.toml");
  for (const auto& p : loaded.problems)
    BOOST_ERROR(p.where + ": " + p.what);
  const auto& s = loaded.schema;
  BOOST_TEST(s.name == "cdr");
  BOOST_TEST(s.version == 1u);
  const std::vector<std::pair<std::string, csv::value_type>> expected{
    {"caller_id", csv::value_type::text},   {"recipient", csv::value_type::text},
    {"call_date", csv::value_type::date},   {"end_time", csv::value_type::time},
    {"duration", csv::value_type::integer}, {"cost", csv::value_type::decimal},
    {"reference", csv::value_type::text},   {"currency", csv::value_type::text}};
  BOOST_REQUIRE_EQUAL(s.columns.size(), expected.size());
  for (std::size_t i = 0; i < expected.size(); ++i) {
    BOOST_TEST(s.columns[i].name == expected[i].first);
    BOOST_TEST((s.columns[i].type == expected[i].second));
  }
  BOOST_TEST(s.key.value_or(99) == 6u);
  BOOST_TEST(s.columns[2].format->text() == "dd/mm/yyyy");
  BOOST_TEST(s.columns[5].scale == 3);
  BOOST_TEST(s.columns[7].pattern->matches("GBP"));
}

BOOST_AUTO_TEST_CASE(bounds_are_read_as_rows_are) {
  const auto loaded = parse_row_schema(R"(
name = "s"
[[columns]]
name = "d"
type = "date"
format = "dd/mm/yyyy"
min = "02/01/1970"
[[columns]]
name = "c"
type = "decimal"
scale = 2
max = "9.99"
[[columns]]
name = "e"
type = "enum"
values = ["a", "b"]
)",
                                       "s.toml");
  BOOST_REQUIRE(loaded.problems.empty());
  BOOST_TEST(loaded.schema.columns[0].min.value_or(0) == 1);
  BOOST_TEST(loaded.schema.columns[1].max.value_or(0) == 999);
  BOOST_TEST(loaded.schema.columns[2].choices.size() == 2u);
}

BOOST_AUTO_TEST_CASE(every_problem_is_named_with_its_line) {
  check(R"(name = 1
version = 0
color = "red"
[[columns]]
name = "a"
type = "number"
[[columns]]
name = "b"
type = "date"
format = "dd/mm"
min = "x"
pattern = "("
required = "yes"
width = 3
)",
        {{"s.toml:1", "name is a text"},
         {"s.toml:2", "version is a whole number from 1 to 4294967295"},
         {"s.toml:3", "a schema has no color; it has name, version, key, duplicates and "
                      "columns"},
         {"s.toml:6", "there is no type number; there are text, integer, decimal, date, time, "
                      "timestamp, boolean and enum"},
         {"s.toml:10", "the format dd/mm lacks yyyy"},
         {"s.toml:11", "min is no value of the column: x"},
         {"s.toml:12", "the pattern has a group or an alternative, which is not supported, at "
                       "character 1"},
         {"s.toml:13", "required is true or false"},
         {"s.toml:14", "a column has no width"}});
}

BOOST_AUTO_TEST_CASE(what_makes_no_sense_is_named_with_its_column) {
  check(R"(name = "s"
key = "a"
[[columns]]
name = "a"
type = "text"
[[columns]]
name = "a"
type = "integer"
min = 2
max = 1
length_max = 3
)",
        {{"s.toml:3", "a: the key must be required, or rows without it could not be told apart"},
         {"s.toml:6", "a: there are two columns called a"},
         {"s.toml:6", "a: min may not be above max"},
         {"s.toml:6", "a: lengths and patterns are for texts"}});
  check("name = \"s\"\n", {{"s.toml:1", "a schema has from 1 to 1024 columns"}});
  check("name = \"s\"\nkey = \"z\"\n[[columns]]\nname = \"a\"\ntype = \"text\"\n",
        {{"s.toml:2", "the key z is none of the columns"}});
}

BOOST_AUTO_TEST_CASE(files_that_are_none_are_problems) {
  check("name = = 1\n", {{"s.toml:1", "this is not TOML"}});
  BOOST_TEST(load_row_schema("/").problems.size() == 1u);
  BOOST_TEST(load_row_schema("/there/is/none").problems.size() == 1u);
}

BOOST_AUTO_TEST_SUITE_END()

} // namespace dossier
