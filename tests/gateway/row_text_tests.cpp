// SPDX-License-Identifier: Apache-2.0
// Rejects as CSV: a spreadsheet takes none of them for a formula, and each text comes back as it
// was.
#include "gateway/routes/repaired_records.hpp"
#include "gateway/routes/row_text.hpp"

#include <boost/test/unit_test.hpp>

#include <string>
#include <vector>

using namespace dossier;

namespace row_text_tests {

std::string list_of(const std::vector<std::string>& texts) {
  std::string list;
  append_reject_csv_header(list);
  for (std::size_t i = 0; i < texts.size(); ++i) {
    stored_reject r;
    r.record.number = i + 1;
    r.message = "it is wrong";
    r.text = texts[i];
    append_reject_csv(list, r);
  }
  return list;
}

/// Every text of at most so many characters.
std::vector<std::string> all_texts(std::size_t length) {
  std::vector<std::string> texts{""};
  for (std::size_t begin = 0, round = 0; round < length; ++round)
    for (const auto end = texts.size(); begin < end; ++begin)
      for (const char c : std::string_view("'=+-@\t\r\n,\"a"))
        texts.push_back(texts[begin] + c);
  texts.erase(texts.begin());
  return texts;
}

} // namespace row_text_tests

BOOST_AUTO_TEST_SUITE(row_text_tests)

BOOST_AUTO_TEST_CASE(every_text_of_the_list_comes_back_as_it_was) {
  const auto texts = all_texts(4);
  const auto records = read_repaired_records(list_of(texts));
  BOOST_REQUIRE(records);
  BOOST_REQUIRE(records->size() == texts.size());
  for (std::size_t i = 0; i < texts.size(); ++i) {
    BOOST_TEST((*records)[i].number == i + 1);
    BOOST_TEST((*records)[i].text == texts[i]);
  }
}

BOOST_AUTO_TEST_CASE(no_field_of_the_list_begins_a_formula) {
  for (const char* start : {"=1+1", "+1", "-1", "@a", "\t=1", "\r=1"}) {
    const auto list = list_of({start});
    const auto field = list.rfind("it is wrong,") + std::string_view("it is wrong,").size();
    BOOST_TEST(list[field + (list[field] == '"' ? 1 : 0)] == '\'');
  }
}

BOOST_AUTO_TEST_SUITE_END()
