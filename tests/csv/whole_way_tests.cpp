// SPDX-License-Identifier: Apache-2.0
// A file from its first byte to its last row, by all pieces in their order.
#include "protocol/csv/file_plan.hpp"
#include "tests/csv/chunk_reader.hpp"

#include <boost/test/unit_test.hpp>

namespace dossier::csv {

namespace whole_way_tests {

schema calls() {
  schema s;
  s.name = "calls";
  s.columns.resize(3);
  s.columns[0].name = "reference";
  s.columns[0].is_required = true;
  s.columns[1].name = "call_date";
  s.columns[1].type = value_type::date;
  s.columns[1].format = *moment_format::parse(moment_format::kind::date, "dd/mm/yyyy");
  s.columns[2].name = "cost";
  s.columns[2].type = value_type::decimal;
  s.columns[2].scale = 3;
  return s;
}

std::string utf16(std::string_view ascii) {
  std::string bytes = "\xff\xfe";
  for (const char c : ascii) {
    bytes += c;
    bytes += '\0';
  }
  return bytes;
}

} // namespace whole_way_tests

BOOST_AUTO_TEST_SUITE(whole_way_tests)

BOOST_AUTO_TEST_CASE(a_utf16_file_with_semicolons_becomes_rows_and_a_reject) {
  const std::string stored = utf16("cost;call_date;notes;reference\r\n"
                                   "1.5;01/01/1970;\"two\r\nlines\";A1\r\n"
                                   "free;02/01/1970;;A2\r\n"
                                   "\r\n"
                                   "0.001;03/01/1970;\"a;b\";\"A\"\"3\"");
  const schema s = calls();
  const auto plan = plan_file(stored, s, {}, 1'000);
  BOOST_REQUIRE(plan);
  const dialect& found = plan->found.dialect;
  BOOST_TEST((found == dialect{';', '"', true, text_encoding::utf16le}));
  chunk_reader reader(s, plan->mapping, plan->law, {best_instructions(), 50, 100, found.encoding});
  reader.read(stored, plan->data, stored.size());
  const std::vector<seen_row> rows{{2, 66, {"'A1", "=0", "=1500"}},
                                   {5, 176, {"'A\"3", "=2", "=1"}}};
  BOOST_TEST((reader.seen.rows == rows));
  BOOST_REQUIRE_EQUAL(reader.seen.rejects.size(), 1u);
  const seen_reject& r = reader.seen.rejects.front();
  BOOST_TEST((r.kind == reject_kind::cast));
  BOOST_TEST((r.record == record_start{130, 4, 3}));
  BOOST_TEST(r.column == "cost");
  BOOST_TEST(r.text == "free;02/01/1970;;A2");
  BOOST_TEST(reader.seen.empty_lines == 1u);
}

BOOST_AUTO_TEST_SUITE_END()

} // namespace dossier::csv
