// SPDX-License-Identifier: Apache-2.0
// What `dossier ingest` makes of servers that answer, refuse, or fall silent at any step.
#include "gateway/ingest_client.hpp"

#include "gateway/figures.hpp"
#include "tests/gateway/receiver.hpp"
#include "tests/support/scratch_directory.hpp"

#include <boost/test/unit_test.hpp>

#include <atomic>
#include <filesystem>
#include <fstream>
#include <future>
#include <sstream>

using namespace dossier;
using namespace dossier::test;

namespace ingest_client_tests {

/// More than the buffers of both sockets take.
constexpr std::uintmax_t large_bytes = 64U << 20;

struct fixture {
  scratch_directory directory;
  std::ostringstream out;
  std::ostringstream errors;

  int ingest_to(const receiver& there, std::uintmax_t file_bytes = 100) {
    const auto file = directory / "calls.csv";
    std::ofstream{file}.close();
    std::filesystem::resize_file(file, file_bytes);
    ingest_request wanted;
    wanted.file = file;
    wanted.server = "http://127.0.0.1:" + std::to_string(there.port());
    wanted.key = "k";
    wanted.patience = {milliseconds{2'000}, milliseconds{1'000}};
    return ingest(wanted, out, errors);
  }
};

std::string answer(const std::string& status, const std::string& body) {
  return "HTTP/1.1 " + status + "\r\nContent-Length: " + std::to_string(body.size()) + "\r\n\r\n"
         + body;
}

} // namespace ingest_client_tests

BOOST_FIXTURE_TEST_SUITE(ingest_client_tests, ingest_client_tests::fixture)

BOOST_AUTO_TEST_CASE(what_came_of_a_file_is_said_and_returned) {
  for (const auto& [status, wanted] :
       {std::pair{"Succeeded", 0}, std::pair{"PartiallySucceeded", 1}, std::pair{"Failed", 2}}) {
    std::string sent;
    receiver there([&, status = std::string(status)](receiver::connection& c) {
      // Why no check here: Boost.Test's are for one thread. Without an answer the client's fails.
      const auto r = c.read();
      if (!r)
        return;
      if (r->line.starts_with("POST /api/cdr/upload-large?schema=cdr&fileName=calls.csv ")) {
        sent = r->body;
        c.send(answer("202 Accepted", R"({"correlationId":"j1"})"));
      } else {
        c.send(
          answer("200 OK", R"({"correlationId":"j1","endedAt":"2026-01-01T00:00:00Z","status":")"
                             + status + R"(","processedRecordsCount":1234567,"progress":{}})"));
      }
    });
    BOOST_TEST(ingest_to(there) == wanted);
    BOOST_TEST(sent.size() == 100u);
    BOOST_TEST(out.str().find("rows      1,234,567\n") != std::string::npos, out.str());
    BOOST_TEST(errors.str().empty(), errors.str());
  }
}

BOOST_AUTO_TEST_CASE(a_refusal_is_told_also_when_it_comes_before_the_file_has_gone) {
  receiver there([](receiver::connection& c) {
    c.send(answer("401 Unauthorized", R"({"detail":"This key is nobody's."})"));
    c.read();
  });
  BOOST_TEST(ingest_to(there) == 2);
  BOOST_TEST(errors.str() == "dossier: the server answered 401: This key is nobody's.\n");
}

BOOST_AUTO_TEST_CASE(a_server_that_takes_nothing_more_is_given_up) {
  std::promise<void> over;
  receiver there([until = over.get_future().share()](receiver::connection&) { until.wait(); });
  BOOST_TEST(ingest_to(there, large_bytes) == 2);
  BOOST_TEST(errors.str().find("neither taken nor said anything for 1 s") != std::string::npos,
             errors.str());
  over.set_value();
}

BOOST_AUTO_TEST_CASE(a_server_that_does_not_answer_is_given_up) {
  receiver there([](receiver::connection& c) { c.stall(); });
  BOOST_TEST(ingest_to(there) == 2);
  BOOST_TEST(errors.str().find("neither taken nor said anything for 1 s") != std::string::npos,
             errors.str());
}

BOOST_AUTO_TEST_CASE(a_server_that_falls_silent_while_the_job_goes_on_is_given_up) {
  std::atomic<bool> is_asked{false};
  receiver there([&](receiver::connection& c) {
    const auto r = c.read();
    if (r && r->line.starts_with("POST ")) {
      c.send(answer("202 Accepted", R"({"correlationId":"j1"})"));
      return;
    }
    is_asked = r && r->line.starts_with("GET /api/jobstatus/j1 ");
    c.stall();
  });
  BOOST_TEST(ingest_to(there) == 2);
  // Else it was the sending that nobody took.
  BOOST_TEST(is_asked);
  BOOST_TEST(errors.str().find("neither taken nor said anything for 1 s") != std::string::npos,
             errors.str());
}

BOOST_AUTO_TEST_CASE(large_numbers_are_grouped_by_thousands) {
  for (const auto& [number, text] : {std::pair<std::uint64_t, const char*>{0, "0"},
                                     {999, "999"},
                                     {1'000, "1,000"},
                                     {1'234'567, "1,234,567"},
                                     {UINT64_MAX, "18,446,744,073,709,551,615"}})
    BOOST_TEST(grouped(number) == text);
}

BOOST_AUTO_TEST_SUITE_END()
