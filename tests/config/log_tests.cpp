// SPDX-License-Identifier: Apache-2.0
// What a line of the log looks like, whatever stands in its values.
#include "config/log.hpp"

#include "config/settings.hpp"

#include <boost/test/unit_test.hpp>

#include <nlohmann/json.hpp>

#include <stdio.h>
#include <unistd.h>

#include <regex>
#include <thread>
#include <vector>

namespace dossier {

namespace log_tests {

/// Stderr goes to a file while it is alive.
class captured_stderr {
public:
  captured_stderr()
    : file_(tmpfile())
    , before_(dup(STDERR_FILENO)) {
    BOOST_REQUIRE(file_ != nullptr);
    BOOST_REQUIRE_GE(dup2(fileno(file_), STDERR_FILENO), 0);
  }
  ~captured_stderr() {
    dup2(before_, STDERR_FILENO);
    close(before_);
    fclose(file_);
  }

  std::vector<std::string> lines() const {
    std::vector<std::string> lines;
    std::string line;
    char byte = 0;
    for (off_t at = 0; pread(fileno(file_), &byte, 1, at) == 1; ++at) {
      if (byte != '\n') {
        line += byte;
        continue;
      }
      lines.push_back(std::move(line));
      line.clear();
    }
    BOOST_CHECK(line.empty());
    return lines;
  }

private:
  FILE* file_;
  int before_;
};

/// The one line that this call writes.
template <class Call>
std::string line_of(const log_settings& settings, Call call) {
  const captured_stderr captured;
  start_log(settings);
  call();
  const auto lines = captured.lines();
  BOOST_REQUIRE_EQUAL(lines.size(), 1u);
  return lines[0];
}

const log_settings as_text{"debug", "text"};
const log_settings as_json{"debug", "json"};

constexpr std::size_t time_and_space = sizeof "2026-11-21T05:53:50.123Z " - 1;

} // namespace log_tests

BOOST_AUTO_TEST_SUITE(log_tests)

BOOST_AUTO_TEST_CASE(a_text_line_is_time_level_event_and_fields) {
  const auto line = line_of(as_text, [] {
    log(log_level::info, "actor restarted",
        {{"entity", "document/0c5"}, {"restarts", "3"}, {"why", "the disk is full"}});
  });
  const std::regex form(R"(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z INFO actor restarted )"
                        R"(entity=document/0c5 restarts=3 why="the disk is full")");
  BOOST_CHECK_MESSAGE(std::regex_match(line, form), line);
}

BOOST_AUTO_TEST_CASE(values_stay_on_their_line_and_between_their_quotes) {
  const auto line = line_of(as_text, [] {
    log(log_level::warn, "odd", {{"a", "x\ny\"z\\\x1b[2J"}, {"b", ""}, {"c", "k=v"}, {"d", "ü€"}});
  });
  BOOST_CHECK_EQUAL(line.substr(time_and_space),
                    R"(WARN odd a="x\ny\"z\\\u001b[2J" b="" c="k=v" d="ü€")");
}

BOOST_AUTO_TEST_CASE(control_characters_beyond_ascii_do_not_reach_a_terminal) {
  const auto line = line_of(as_text, [] {
    log(log_level::error, "odd",
        {{"a", "\xc2\x9b"
               "2J\x7f\xc2\xa0"}});
  });
  BOOST_CHECK_EQUAL(line.substr(time_and_space), "ERROR odd a=\"\\u009b2J\\u007f\xc2\xa0\"");
}

BOOST_AUTO_TEST_CASE(a_json_line_is_one_object) {
  const auto line = line_of(as_json, [] {
    log(log_level::error, "store closed", {{"why", "a \"quoted\"\n\tthing\x01 ü"}, {"n", "5"}});
  });
  const auto object = nlohmann::json::parse(line);
  BOOST_CHECK_EQUAL(object.size(), 5u);
  BOOST_CHECK_EQUAL(object["level"], "error");
  BOOST_CHECK_EQUAL(object["event"], "store closed");
  BOOST_CHECK_EQUAL(object["why"], "a \"quoted\"\n\tthing\x01 ü");
  BOOST_CHECK_EQUAL(object["n"], "5");
  const std::regex time(R"(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z)");
  BOOST_CHECK(std::regex_match(object["time"].get<std::string>(), time));
}

BOOST_AUTO_TEST_CASE(bytes_that_are_no_utf8_are_replaced) {
  for (const std::string bad : {"\xff", "\xc0\xaf", "\xe2\x82", "\xed\xa0\x80", "\xf5\x80\x80\x80",
                                "\x80", "\xf0\x80\x80\x80", "\xe0\x80\x80"}) {
    const auto line = line_of(as_json, [&] { log(log_level::info, "odd", {{"a", bad + "b"}}); });
    const auto object = nlohmann::json::parse(line, nullptr, false);
    BOOST_REQUIRE(!object.is_discarded());
    std::string wanted;
    for (std::size_t i = 0; i < bad.size(); ++i)
      wanted += "\xef\xbf\xbd";
    BOOST_CHECK_EQUAL(object["a"], wanted + "b");
  }
}

BOOST_AUTO_TEST_CASE(long_values_are_cut_between_characters) {
  for (const std::string piece : {"x", "ü", "€", "\xff"}) {
    std::string value;
    while (value.size() < 100'000)
      value += piece;
    const auto line = line_of(as_json, [&] { log(log_level::info, "long", {{"a", value}}); });
    BOOST_CHECK_LT(line.size(), 13'000u);
    const auto object = nlohmann::json::parse(line, nullptr, false);
    BOOST_REQUIRE(!object.is_discarded());
    BOOST_CHECK(object["a"].get<std::string>().ends_with("…"));
  }
}

BOOST_AUTO_TEST_CASE(what_is_below_the_level_is_not_written) {
  const captured_stderr captured;
  start_log({"warn", "text"});
  log(log_level::debug, "one");
  log(log_level::info, "two");
  log(log_level::warn, "three");
  log(log_level::error, "four");
  const auto lines = captured.lines();
  BOOST_REQUIRE_EQUAL(lines.size(), 2u);
  BOOST_CHECK(lines[0].ends_with(" WARN three"));
  BOOST_CHECK(lines[1].ends_with(" ERROR four"));
}

BOOST_AUTO_TEST_CASE(lines_of_several_threads_stay_whole) {
  const captured_stderr captured;
  start_log(as_json);
  {
    std::vector<std::jthread> threads;
    for (int t = 0; t < 4; ++t)
      threads.emplace_back([] {
        for (int i = 0; i < 100; ++i)
          log(log_level::info, "busy", {{"why", "because of many words"}});
      });
  }
  const auto lines = captured.lines();
  BOOST_CHECK_EQUAL(lines.size(), 400u);
  for (const auto& line : lines)
    BOOST_CHECK(!nlohmann::json::parse(line, nullptr, false).is_discarded());
}

BOOST_AUTO_TEST_SUITE_END()

} // namespace dossier
