// SPDX-License-Identifier: Apache-2.0
#include "gateway/request_guard.hpp"

#include "gateway/head_parser.hpp"

#include <boost/test/unit_test.hpp>

#include <string>
#include <vector>

using namespace dossier;
using namespace std::string_literals;

namespace request_guard_tests {

std::string head(const std::string& fields, const std::string& line = "GET / HTTP/1.1") {
  return line + "\r\nHost: a\r\n" + fields + "\r\n";
}

guard_verdict accepted(const std::string& bytes, const guard_limits& limits = {}) {
  const auto verdict = check_head(bytes, limits);
  BOOST_REQUIRE_MESSAGE(verdict.has_value(), bytes);
  BOOST_REQUIRE_MESSAGE(verdict->has_value(), bytes);
  return **verdict;
}

// The refusal's name, "incomplete" or "accepted".
std::string_view outcome(const std::string& bytes, const guard_limits& limits = {}) {
  const auto verdict = check_head(bytes, limits);
  if (!verdict)
    return to_string(verdict.error().code);
  return verdict->has_value() ? "accepted" : "incomplete";
}

std::string_view outcome_byte_by_byte(const std::string& bytes, const guard_limits& limits = {}) {
  head_guard guard(limits);
  for (std::size_t size = 1; size <= bytes.size(); ++size) {
    const auto verdict = guard.feed(std::string_view(bytes).substr(0, size));
    if (!verdict)
      return to_string(verdict.error().code);
    if (verdict->has_value())
      return "accepted";
  }
  return "incomplete";
}

std::string_view chunk_outcome(const std::string& bytes) {
  const auto verdict = check_chunk_head(bytes);
  if (!verdict)
    return to_string(verdict.error().code);
  return verdict->has_value() ? "accepted" : "incomplete";
}

} // namespace request_guard_tests

BOOST_AUTO_TEST_SUITE(request_guard_tests)

BOOST_AUTO_TEST_CASE(a_plain_request_is_accepted) {
  const auto bytes = head("Accept: */*\r\n");
  const auto verdict = accepted(bytes + "more");
  BOOST_TEST(verdict.head_bytes == bytes.size());
  BOOST_TEST((verdict.framing == framing::none));
  BOOST_TEST(!verdict.is_http_1_0);
  BOOST_TEST(verdict.keeps_alive);
  BOOST_TEST(!verdict.expects_continue);
}

BOOST_AUTO_TEST_CASE(the_body_is_framed_as_the_fields_say) {
  const auto with_length = accepted(head("Content-Length: 17\r\n", "POST / HTTP/1.1"));
  BOOST_TEST((with_length.framing == framing::length));
  BOOST_TEST(with_length.content_length == 17u);
  const auto largest = accepted(head("content-length:9223372036854775807\r\n", "PUT / HTTP/1.1"));
  BOOST_TEST(largest.content_length == 9'223'372'036'854'775'807u);
  const auto chunked = accepted(head("Transfer-Encoding: chunked\r\n", "POST / HTTP/1.1"));
  BOOST_TEST((chunked.framing == framing::chunked));
}

BOOST_AUTO_TEST_CASE(connection_and_version_decide_whether_it_stays) {
  BOOST_TEST(!accepted(head("Connection: close\r\n")).keeps_alive);
  BOOST_TEST(!accepted(head("Connection: Keep-Alive, CLOSE\r\n")).keeps_alive);
  BOOST_TEST(accepted(head("Connection: upgrade\r\nConnection: keep-alive\r\n")).keeps_alive);
  const auto old = "GET / HTTP/1.0";
  BOOST_TEST(!accepted(head("", old)).keeps_alive);
  BOOST_TEST(accepted(head("Connection: keep-alive\r\n", old)).keeps_alive);
  BOOST_TEST(!accepted(head("Connection: keep-alive\r\nConnection: close\r\n", old)).keeps_alive);
  BOOST_TEST(accepted("GET / HTTP/1.0\r\n\r\n").is_http_1_0);
}

BOOST_AUTO_TEST_CASE(an_expectation_is_continue_or_refused) {
  BOOST_TEST(accepted(head("Expect: 100-Continue\r\n")).expects_continue);
  BOOST_TEST(outcome(head("Expect: 200-ok\r\n")) == "expectation-failed");
  BOOST_TEST(outcome(head("Expect: 100-continue, x\r\n")) == "expectation-failed");
  BOOST_TEST(!accepted(head("Expect: x\r\n", "GET / HTTP/1.0")).expects_continue);
}

BOOST_AUTO_TEST_CASE(ordinary_requests_are_not_refused) {
  for (const auto& fields : {""s, "X-Empty:\r\n"s, "X-Tab:\tvalue\t\r\n"s, "X-Utf8: \xc3\xa4\r\n"s,
                             "!#$%&'*+-.^_`|~9: x\r\n"s, "Accept: a\r\nAccept: b\r\n"s,
                             "Connection: close,,\r\n"s, "Content-Length: 0\r\n"s})
    BOOST_TEST(outcome(head(fields)) == "accepted", fields);
  for (const auto& host :
       {"a"s, "a.b-c_d~e:8080"s, "127.0.0.1:1"s, "[::1]"s, "[fe80::1]:443"s, ""s, " a "s, "a:"s})
    BOOST_TEST(outcome("GET / HTTP/1.1\r\nHost:" + host + "\r\n\r\n") == "accepted", host);
  for (const auto& line : {"OPTIONS * HTTP/1.1"s, "HEAD /a?b=c&d HTTP/1.1"s, "PATCH /%zz HTTP/1.1"s,
                           "DELETE /a/b/../c;d=e:@!$'()*+, HTTP/1.1"s})
    BOOST_TEST(outcome(head("", line)) == "accepted", line);
}

BOOST_AUTO_TEST_CASE(every_prefix_of_a_good_head_is_incomplete) {
  const auto bytes = head("Content-Length: 3\r\nX: y\r\n", "POST /a HTTP/1.1");
  for (std::size_t size = 0; size < bytes.size(); ++size)
    BOOST_TEST(outcome(bytes.substr(0, size)) == "incomplete", size);
}

BOOST_AUTO_TEST_CASE(pieces_of_any_size_lead_to_one_verdict) {
  const guard_limits small{64, 3, 20};
  for (const auto& bytes :
       {head("Content-Length: 3\r\n"), head("A: b\r\nA: b\r\nA: b\r\n"), head("X: \0\r\n"s),
        head("X: "s + std::string(80, 'y') + "\r\n"), "GET /"s + std::string(80, 'y'),
        "GET /aaaaaaaaaaaaaaaaaaaaaaaaa HTTP/1.1\r\n\r\n"s, "GET / HTTP/1.1\nHost: a\n\n"s,
        "GET / HTTP/1.1\r\nHost: a\rX\r\n\r\n"s, "GET / HTTP/1.1\r\n\r\n"s,
        "\r\nGET / HTTP/1.1\r\n"s, "G\0T"s, std::string(63, 'A') + "\r\n"s,
        std::string(62, 'A') + "\r\n"s})
    BOOST_TEST(outcome(bytes, small) == outcome_byte_by_byte(bytes, small), bytes);
}

BOOST_AUTO_TEST_CASE(what_is_wrong_is_refused_before_the_head_is_complete) {
  BOOST_TEST(outcome("GET /\0"s) == "malformed");
  BOOST_TEST(outcome("\x16\x03\x01") == "malformed");
  BOOST_TEST(outcome("GET / HTTP/1.1\n") == "malformed");
  BOOST_TEST(outcome("GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n") == "malformed");
  BOOST_TEST(outcome("GET / HTTP/1.1\r\nA B: c\r\n") == "malformed");
}

BOOST_AUTO_TEST_CASE(limits_are_held_to_the_byte) {
  const auto bytes = head("");
  BOOST_TEST(outcome(bytes, {bytes.size(), 100, 100}) == "accepted");
  BOOST_TEST(outcome(bytes + "next request", {bytes.size(), 100, 100}) == "accepted");
  BOOST_TEST(outcome(bytes, {bytes.size() - 1, 100, 100}) == "header-too-large");
  BOOST_TEST(outcome(head("A: b\r\n"), {1'000, 2, 100}) == "accepted");
  BOOST_TEST(outcome(head("A: b\r\n"), {1'000, 1, 100}) == "header-too-large");
  BOOST_TEST(outcome(head("", "GET /234 HTTP/1.1"), {1'000, 9, 4}) == "accepted");
  BOOST_TEST(outcome(head("", "GET /2345 HTTP/1.1"), {1'000, 9, 4}) == "uri-too-long");
  BOOST_TEST(outcome("GET /" + std::string(100, 'a'), {50, 9, 4}) == "uri-too-long");
}

BOOST_AUTO_TEST_CASE(other_methods_and_versions_are_named_as_such) {
  for (const auto& line :
       {"CONNECT a:1 HTTP/1.1"s, "TRACE / HTTP/1.1"s, "get / HTTP/1.1"s, "BREW /pot HTTP/1.1"s})
    BOOST_TEST(outcome(head("", line)) == "not-implemented", line);
  for (const auto& line :
       {"GET / HTTP/1.2"s, "GET / HTTP/2.0"s, "GET / HTTP/0.9"s, "PRI * HTTP/2.0"s})
    BOOST_TEST(outcome(head("", line)) == "version-not-supported", line);
}

BOOST_AUTO_TEST_CASE(a_refusal_quotes_only_what_is_printable_and_short) {
  const auto verdict = check_head("GET \"" + std::string(500, 'a') + " HTTP/1.1\r\n", {});
  BOOST_REQUIRE(!verdict.has_value());
  BOOST_TEST(verdict.error().why.size() < 200u);
  const auto control = check_head("GET /\x01", {});
  BOOST_REQUIRE(!control.has_value());
  BOOST_TEST(control.error().why.find("\\x01") != std::string::npos);
  BOOST_TEST(control.error().where == "request line");
}

BOOST_AUTO_TEST_CASE(both_readings_of_a_head_agree) {
  const auto bytes = head("X-A: \t b c \t\r\nContent-Length: 5\r\n", "PUT /a/b?c=d HTTP/1.1");
  request r;
  const auto parsed = parse_head(bytes, accepted(bytes), r);
  BOOST_REQUIRE(parsed.has_value());
  BOOST_TEST((r.verb == verb::put));
  BOOST_TEST(r.target == "/a/b?c=d");
  BOOST_TEST(r.path == "/a/b");
  BOOST_TEST(r.fields.size() == 3u);
  BOOST_TEST(r.field("x-a") == "b c");
}

BOOST_AUTO_TEST_CASE(a_head_that_beast_reads_differently_is_refused) {
  const auto bytes = head("Content-Length: 5\r\n", "PUT / HTTP/1.1");
  const auto good = accepted(bytes);
  request r;
  auto other_length = good;
  other_length.content_length = 6;
  BOOST_TEST(!parse_head(bytes, other_length, r).has_value());
  auto other_framing = good;
  other_framing.framing = framing::chunked;
  BOOST_TEST(!parse_head(bytes, other_framing, r).has_value());
  auto other_version = good;
  other_version.is_http_1_0 = true;
  BOOST_TEST(!parse_head(bytes, other_version, r).has_value());
  BOOST_TEST(!parse_head(bytes + "x", good, r).has_value());
  BOOST_TEST(!parse_head(bytes.substr(0, bytes.size() - 1), good, r).has_value());
}

BOOST_AUTO_TEST_CASE(a_chunk_size_is_hexadecimal_and_nothing_else) {
  const auto head = check_chunk_head("1aF\r\nrest");
  BOOST_REQUIRE((head.has_value() && head->has_value()));
  BOOST_TEST((*head)->line_bytes == 5u);
  BOOST_TEST((*head)->size_bytes == 0x1afu);
  for (const auto& bytes : {"0\r\n"s, "0000000000000000\r\n"s, "7fffffffffffffff\r\n"s})
    BOOST_TEST(chunk_outcome(bytes) == "accepted", bytes);
  for (const auto& bytes : {""s, "5"s, "5\r"s, "0123456789abcdef"s})
    BOOST_TEST(chunk_outcome(bytes) == "incomplete", bytes);
  for (const auto& bytes :
       {"\r\n"s, "\r"s, "5;"s, "5;a=b\r\n"s, "5 \r\n"s, " 5\r\n"s, "0x5\r\n"s, "-5\r\n"s, "+5\r\n"s,
        "5\n"s, "5\r5"s, "g"s, "5\0"s, "8000000000000000\r\n"s, "ffffffffffffffff\r\n"s,
        "00000000000000001\r\n"s, "5\t\r\n"s})
    BOOST_TEST(chunk_outcome(bytes) == "malformed", bytes);
}

BOOST_AUTO_TEST_SUITE_END()
