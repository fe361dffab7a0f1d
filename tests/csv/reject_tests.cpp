// SPDX-License-Identifier: Apache-2.0
// Each kind of reject in the words that people read, with the places that they look at.
#include "protocol/csv/row_parser.hpp"
#include "tests/csv/reference.hpp"

#include <boost/test/unit_test.hpp>

namespace dossier::csv {

namespace reject_tests {

schema every_rule() {
  schema s;
  s.name = "calls";
  s.columns.resize(7);
  auto& c = s.columns;
  c[0].name = "id";
  c[0].is_required = true;
  c[0].pattern = *text_pattern::compile("[A-Z]\\d+");
  c[1].name = "when";
  c[1].type = value_type::date;
  c[1].format = *moment_format::parse(moment_format::kind::date, "dd/mm/yyyy");
  c[1].min = 0;
  c[2].name = "seconds";
  c[2].type = value_type::integer;
  c[2].min = 0;
  c[2].max = 86'400;
  c[3].name = "cost";
  c[3].type = value_type::decimal;
  c[3].scale = 3;
  c[4].name = "currency";
  c[4].length_min = 3;
  c[4].length_max = 3;
  c[5].name = "way";
  c[5].type = value_type::enumeration;
  c[5].choices = {"in", "out"};
  c[6].name = "paid";
  c[6].type = value_type::boolean;
  return s;
}

struct seen {
  std::string kind;
  std::string message;
  std::string column;
  std::uint64_t error_offset = 0;
};

constexpr std::string_view good_line = "A1,01/02/2024,60,1.250,EUR,in,yes\n";

/// The record between two good ones, which nothing may happen to.
seen reject_of(const std::string& line) {
  const schema s = every_rule();
  row_parser parser(s, map_by_position(s), small_law, {});
  row_block rows(s, 10, 1'000);
  std::vector<seen> rejects;
  const std::string file = std::string(good_line) + line + std::string(good_line);
  const auto progress = parser.parse(file, true, rows, [&](const reject& r) {
    rejects.push_back(
      {std::string(to_string(r.kind)), r.message, r.column, r.error_offset - good_line.size()});
    BOOST_TEST(r.record.offset == good_line.size());
    BOOST_TEST(r.record.line == 2u);
    BOOST_TEST(r.record.number == 2u);
    BOOST_TEST(r.record_bytes == line.size());
    if (r.kind != reject_kind::line_too_long)
      BOOST_TEST(std::string(r.text) == line.substr(0, line.size() - 1));
    else
      BOOST_TEST(std::string(r.text) == line.substr(0, small_law.record_bytes_max));
  });
  BOOST_TEST(progress.consumed == file.size());
  BOOST_TEST(parser.counts().rows == 2u);
  BOOST_TEST(parser.counts().rejects == 1u);
  BOOST_REQUIRE_EQUAL(rejects.size(), 1u);
  return rejects.front();
}

void check(const std::string& line, const seen& expected) {
  BOOST_TEST_CONTEXT(line) {
    const seen got = reject_of(line);
    BOOST_TEST(got.kind == expected.kind);
    BOOST_TEST(got.message == expected.message);
    BOOST_TEST(got.column == expected.column);
    BOOST_TEST(got.error_offset == expected.error_offset);
  }
}

} // namespace reject_tests

BOOST_AUTO_TEST_SUITE(reject_tests)

BOOST_AUTO_TEST_CASE(texts_that_are_no_values) {
  check("A1,2024-02-01,60,1.250,EUR,in,yes\n",
        {"cast", "when: \"2024-02-01\" is no date of the form dd/mm/yyyy", "when", 3});
  check("A1,30/02/2024,60,1.250,EUR,in,yes\n",
        {"cast", "when: \"30/02/2024\" is no day of the calendar", "when", 3});
  check("A1,01/02/2024,1m,1.250,EUR,in,yes\n",
        {"cast", "seconds: \"1m\" is no whole number", "seconds", 14});
  check("A1,01/02/2024,99999999999999999999,1,EUR,in,yes\n",
        {"cast", "seconds: \"99999999999999999999\" does not fit into 64 bits", "seconds", 14});
  check("A1,01/02/2024,60,1.2505,EUR,in,yes\n",
        {"cast", "cost: \"1.2505\" has more than 3 decimals", "cost", 17});
  check("A1,01/02/2024,60,\"1,25\",EUR,in,yes\n",
        {"cast", "cost: \"1,25\" is no decimal number", "cost", 17});
  check("A1,01/02/2024,60,1.250,EUR,up,yes\n",
        {"cast", "way: \"up\" is none of in, out", "way", 27});
  check("A1,01/02/2024,60,1.250,EUR,in,maybe\n",
        {"cast", "paid: \"maybe\" is no boolean", "paid", 30});
  check(
    "A1,01/02/2024,1\tm" + std::string(80, 'x') + ",1.250,EUR,in,y\n",
    {"cast", "seconds: \"1?m" + std::string(77, 'x') + "…\" is no whole number", "seconds", 14});
}

BOOST_AUTO_TEST_CASE(values_outside_the_rules) {
  check("A1,01/02/1969,60,1.250,EUR,in,yes\n",
        {"bound", "when: \"01/02/1969\" is below 1970-01-01", "when", 3});
  check("A1,01/02/2024,86401,1.250,EUR,in,yes\n",
        {"bound", "seconds: \"86401\" is above 86400", "seconds", 14});
  check("A1,01/02/2024,60,1.250,EU,in,yes\n",
        {"bound", "currency: \"EU\" has 2 characters, at least 3 are needed", "currency", 23});
  check("A1,01/02/2024,60,1.250,EURO,in,yes\n",
        {"bound", "currency: \"EURO\" has 4 characters, at most 3 are allowed", "currency", 23});
  check("a1,01/02/2024,60,1.250,EUR,in,yes\n",
        {"pattern", "id: \"a1\" does not match [A-Z]\\d+", "id", 0});
  check(",01/02/2024,60,1.250,EUR,in,yes\n", {"required", "id: a value is required", "id", 0});
}

BOOST_AUTO_TEST_CASE(records_of_another_shape) {
  check("A1,01/02/2024\n",
        {"missing-columns", "the record has 2 fields instead of 7", "seconds", 13});
  check("A1\n", {"missing-columns", "the record has 1 field instead of 7", "when", 2});
  check("A1,01/02/2024,60,1.250,EUR,in,yes,more\n",
        {"too-many-columns", "the record has 8 fields instead of 7", "", 34});
  check("A1,01/02/2024,60,1.250,EUR,in," + std::string(140, 'y') + "\n",
        {"line-too-long", "the record has more than 128 bytes", "", 128});
}

BOOST_AUTO_TEST_CASE(quotes_that_make_no_sense) {
  check("A1,01/02/2024,60,1.250,E\"R,in,yes\n",
        {"quotes", "a quote stands inside a field that began without one", "currency", 24});
  check("A1,01/02/2024,60,1.250,\"EU\"R,in,yes\n",
        {"quotes", "the field goes on behind its closing quote", "currency", 27});
}

BOOST_AUTO_TEST_CASE(bytes_that_are_no_text) {
  check("A1,01/02/2024,60,1.250,E\xffR,in,yes\n",
        {"encoding", "these bytes are not UTF-8", "currency", 24});
  check(std::string("A1,01/02/2024,60,1.250,E\0R,in,yes\n", 34),
        {"encoding", "a NUL byte is no text", "currency", 24});
}

BOOST_AUTO_TEST_CASE(a_quote_that_is_never_closed_takes_the_rest_of_the_file) {
  const schema s = every_rule();
  row_parser parser(s, map_by_position(s), small_law, {});
  row_block rows(s, 10, 1'000);
  std::string message, text;
  const std::string tail = "A2,\"01\n02,\n";
  parser.parse(std::string(good_line) + tail, true, rows, [&](const reject& r) {
    message = r.message;
    text = r.text;
  });
  BOOST_TEST(message == "the quote is never closed");
  BOOST_TEST(text == tail);
  BOOST_TEST(parser.counts().rows == 1u);
}

BOOST_AUTO_TEST_CASE(every_kind_has_a_name_of_its_own) {
  for (int kind = 1; kind <= 10; ++kind)
    BOOST_TEST(to_string(static_cast<reject_kind>(kind)) != "unknown");
  BOOST_TEST(to_string(static_cast<reject_kind>(11)) == "unknown");
}

BOOST_AUTO_TEST_SUITE_END()

} // namespace dossier::csv
