// SPDX-License-Identifier: Apache-2.0
#include "gateway/csv_check.hpp"

#include "tests/csv/stored_text.hpp"
#include "tests/support/scratch_directory.hpp"

#include <boost/test/unit_test.hpp>

#include <fstream>
#include <sstream>
#include <string>
#include <vector>

using namespace dossier;

namespace csv_check_tests {

const std::string header
  = "caller_id,recipient,call_date,end_time,duration,cost,reference,currency\n";
const std::string good = "a,b,21/11/2026,10:00:00,12,0.125,ref-1,EUR\n";

struct told {
  int exit = 0;
  std::string out;
  std::string errors;

  /// All but the last line, which says how long it took.
  std::string findings() const {
    const auto last = out.rfind("\ntime ");
    return last == std::string::npos ? out : out.substr(0, last);
  }
  bool has(std::string_view text) const { return out.find(text) != std::string::npos; }
};

struct fixture {
  scratch_directory directory;
  csv_check_request wanted{.file = directory / "calls.csv",
                           .schema_file = DOSSIER_SOURCE_DIR "/config/schemas/cdr.toml",
                           .wishes = {}};

  told check(const std::string& contents) {
    std::ofstream(wanted.file, std::ios::binary) << contents;
    return check();
  }
  told check() const {
    std::ostringstream out;
    std::ostringstream errors;
    const auto exit = check_csv(wanted, out, errors);
    return {exit, out.str(), errors.str()};
  }
};

} // namespace csv_check_tests

BOOST_FIXTURE_TEST_SUITE(csv_check_tests, csv_check_tests::fixture)

BOOST_AUTO_TEST_CASE(a_file_that_fits_is_good) {
  const auto said = check(header + good + good);
  BOOST_TEST(said.exit == 0);
  BOOST_TEST(said.errors == "");
  BOOST_TEST(said.has("dialect   a comma between fields, a header, UTF-8\n"), said.out);
  BOOST_TEST(said.has("schema    cdr version 1, 8 columns\n"), said.out);
  BOOST_TEST(said.has("rows      2\n"), said.out);
  BOOST_TEST(said.has("rejects   0\n"), said.out);
}

BOOST_AUTO_TEST_CASE(rejects_are_counted_by_cause_and_the_first_are_shown) {
  wanted.rejects_shown = 2;
  const auto said = check(header + good + "a,b,21/11/2026,10:00:00,12,0.1255,ref-2,EUR\n" + good
                          + "a,b\n" + "a,b,31/02/2026,10:00:00,12,1,ref-3,EUR\n");
  BOOST_TEST(said.exit == 1);
  BOOST_TEST(said.has("rows      2\n"), said.out);
  BOOST_TEST(said.has("rejects   3\n"), said.out);
  BOOST_TEST(said.has("cast            1 in call_date\n"), said.out);
  BOOST_TEST(said.has("cast            1 in cost\n"), said.out);
  BOOST_TEST(said.has("missing-columns 1"), said.out);
  BOOST_TEST(said.has("the first 2 of them:\n  line 3, byte "), said.out);
  BOOST_TEST(said.has("\n    a,b,21/11/2026,10:00:00,12,0.1255,ref-2,EUR\n  line 5, byte "),
             said.out);
  BOOST_TEST(!said.has("ref-3"), said.out);
}

BOOST_AUTO_TEST_CASE(what_is_shown_cannot_steer_a_terminal) {
  const auto said = check(header + "a,\x1b[2J,21/11/2026,10:00:00,x,0.125,ref-1,EUR\n");
  BOOST_TEST(said.exit == 1);
  BOOST_TEST(said.out.find('\x1b') == std::string::npos);
  BOOST_TEST(said.has("\\x1b[2J"), said.out);
}

BOOST_AUTO_TEST_CASE(a_large_file_gives_the_same_on_any_number_of_threads) {
  std::string contents = header;
  std::uint64_t rows = 0;
  std::uint64_t rejects = 0;
  // Several ranges, with line ends in quotes and a record in each that spans the ends of windows.
  while (contents.size() < 9'000'000) {
    contents += good;
    contents
      += "\"x\n" + std::string(rows % 59, 'y') + "\",b,21/11/2026,10:00:00,12,0.125,ref,EUR\r\n";
    rows += 2;
    if (rows % 1'000 == 0) {
      contents += "a,b,21/11/2026,10:00:00,-1,0.125,ref,EUR\n";
      ++rejects;
    }
  }
  wanted.threads = 1;
  const auto first = check(contents);
  BOOST_TEST(first.exit == 1);
  BOOST_TEST(first.has("bound"), first.out);
  std::string counted = std::to_string(rows);
  counted.insert(counted.size() - 3, 1, ',');
  BOOST_TEST(first.has("rows      " + counted + "\n"), first.out);
  BOOST_TEST(first.has("rejects   " + std::to_string(rejects) + "\n"), first.out);
  for (const auto threads : {2U, 5U}) {
    wanted.threads = threads;
    BOOST_TEST(check().findings() == first.findings());
  }
}

BOOST_AUTO_TEST_CASE(a_dry_run_reads_the_first_rows_only) {
  wanted.rows_max = 3;
  std::string contents = header;
  for (int i = 0; i < 10; ++i)
    contents += good;
  const auto said = check(contents + "damaged\n");
  BOOST_TEST(said.exit == 0);
  BOOST_TEST(said.has("rows      3\n"), said.out);
}

BOOST_AUTO_TEST_CASE(what_cannot_be_read_is_told_and_ends_with_2) {
  auto said = check();
  BOOST_TEST(said.exit == 2);
  BOOST_TEST(said.errors.find("No such file") != std::string::npos, said.errors);
  said = check("caller_id,recipient\na,b\n");
  BOOST_TEST(said.exit == 2);
  BOOST_TEST(said.errors.find("call_date") != std::string::npos, said.errors);
  wanted.file = directory.path();
  BOOST_TEST(check().errors.find("it is not a regular file") != std::string::npos);
  wanted.schema_file = directory / "no.toml";
  BOOST_TEST(check().exit == 2);
}

BOOST_AUTO_TEST_CASE(a_file_in_another_encoding_is_checked_where_it_lies) {
  // A reject on its third line, and enough for several pieces.
  std::string text = std::string(csv::utf8_bom) + header + good + "\xe2\x82\xac,b\n";
  while (text.size() < 5'000'000)
    text += "\xf0\x9f\x98\x80" + good;
  const csv::stored_text file(csv::text_encoding::utf16be, text);
  auto said = check(file.bytes);
  BOOST_TEST(said.exit == 1);
  BOOST_TEST(said.has("a header, UTF-16BE\n"), said.out);
  BOOST_TEST(said.has("rejects   1\n"), said.out);
  const auto behind_b = 2 + 2 * (header.size() + good.size() + 3);
  BOOST_TEST(said.has("  line 3, byte " + std::to_string(behind_b) + ": "), said.out);
  BOOST_TEST(said.has("\n    \xe2\x82\xac,b\n"), said.out);
  const auto all = said.findings();
  wanted.threads = 5;
  BOOST_TEST(check().findings() == all);

  wanted.wishes.encoding = csv::text_encoding::latin1;
  said = check(header + "caf\xe9" + good);
  BOOST_TEST(said.exit == 0);
  BOOST_TEST(said.has("the encoding is Latin-1, as was said\n"), said.out);
}

BOOST_AUTO_TEST_CASE(an_empty_file_has_no_header_no_rows_and_no_rejects) {
  const auto said = check("");
  BOOST_TEST(said.exit == 0);
  BOOST_TEST(said.errors == "");
  BOOST_TEST(said.has("dialect   a comma between fields, no header, UTF-8\n"), said.out);
  BOOST_TEST(said.findings().ends_with("\nrows      0\nrejects   0"), said.out);
}

BOOST_AUTO_TEST_SUITE_END()
