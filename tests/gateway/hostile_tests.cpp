// SPDX-License-Identifier: Apache-2.0
// Requests that two HTTP implementations could read differently, each followed by a request that
// must never be executed: all are refused and the connection ends.
#include "tests/gateway/client.hpp"
#include "tests/gateway/loopback.hpp"

#include <boost/test/unit_test.hpp>

#include <vector>

using namespace dossier;
using namespace dossier::test;
using namespace std::string_literals;

namespace hostile_tests {

struct hostile_case {
  std::string name;
  std::string bytes;
  unsigned status = 400;
};

std::string head(const std::string& line, const std::string& fields = "") {
  return line + "\r\nHost: test\r\n" + fields + "\r\n";
}

std::string put(const std::string& fields, const std::string& body = "hello") {
  return head("PUT /content HTTP/1.1", fields) + body;
}

std::string chunks(const std::string& body) {
  return put("Transfer-Encoding: chunked\r\n", body);
}

std::vector<hostile_case> request_lines() {
  return {
    {"http 0.9", "GET /canary\r\n"},
    {"http 0.9 with fields", "GET /canary\r\nHost: a\r\n\r\n"},
    {"version 0.9", head("GET / HTTP/0.9"), 505},
    {"version 1.2", head("GET / HTTP/1.2"), 505},
    {"version 2.0", head("GET / HTTP/2.0"), 505},
    {"http2 preface", "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", 505},
    {"version without minor", head("GET / HTTP/1")},
    {"version with long minor", head("GET / HTTP/1.10")},
    {"version with leading zero", head("GET / HTTP/01.1")},
    {"version in lower case", head("GET / http/1.1")},
    {"version of another name", head("GET / HTTPS/1.1")},
    {"version with a comma", head("GET / HTTP/1,1")},
    {"version with a plus", head("GET / HTTP/+1.1")},
    {"trailing space", head("GET / HTTP/1.1 ")},
    {"two spaces", head("GET  / HTTP/1.1")},
    {"two spaces before the version", head("GET /  HTTP/1.1")},
    {"tab as separator", head("GET\t/ HTTP/1.1")},
    {"vertical tab as separator", head("GET\x0b/ HTTP/1.1")},
    {"leading space", head(" GET / HTTP/1.1")},
    {"leading empty line", "\r\n" + head("GET / HTTP/1.1")},
    {"leading line feed", "\n" + head("GET / HTTP/1.1")},
    {"no method", head("/ HTTP/1.1")},
    {"empty method", head(" / HTTP/1.1")},
    {"method with a colon", head("GET: / HTTP/1.1")},
    {"method with a slash", head("GE/T / HTTP/1.1")},
    {"method in lower case", head("get / HTTP/1.1"), 501},
    {"method in mixed case", head("Get / HTTP/1.1"), 501},
    {"unknown method", head("BREW / HTTP/1.1"), 501},
    {"connect", head("CONNECT test:80 HTTP/1.1"), 501},
    {"trace", head("TRACE / HTTP/1.1"), 501},
    {"space in the target", head("GET /a b HTTP/1.1")},
    {"absolute form", head("GET http://test/canary HTTP/1.1")},
    {"authority form", head("GET test:80 HTTP/1.1")},
    {"asterisk of a get", head("GET * HTTP/1.1")},
    {"target without slash", head("GET canary HTTP/1.1")},
    {"fragment", head("GET /canary#x HTTP/1.1")},
    {"backslash", head("GET /a\\canary HTTP/1.1")},
    {"quote in the target", head("GET /\"canary HTTP/1.1")},
    {"control in the target", head("GET /\x01 HTTP/1.1")},
    {"nul in the target", head("GET /\0 HTTP/1.1"s)},
    {"del in the target", head("GET /\x7f HTTP/1.1")},
    {"non-ascii target", head("GET /\xc3\xa4 HTTP/1.1")},
    {"target too long", head("GET /" + std::string(8'192, 'a') + " HTTP/1.1"), 414},
    {"request line too long", "GET /" + std::string(20'000, 'a'), 414},
    {"bare line feeds", "GET / HTTP/1.1\nHost: test\n\n"},
    {"bare carriage return", "GET / HTTP/1.1\rHost: test\r\n\r\n"},
    {"carriage return twice", "GET / HTTP/1.1\r\r\nHost: test\r\n\r\n"},
    {"tls hello", "\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03"s},
    {"encoded nul in the path", head("GET /things/%00 HTTP/1.1", "Connection: close\r\n")},
    {"encoded slash in the path", head("GET /things/a%2fb HTTP/1.1", "Connection: close\r\n")},
    {"dot segments", head("GET /things/../canary HTTP/1.1", "Connection: close\r\n")},
    {"encoded dot segments", head("GET /things/%2e%2e HTTP/1.1", "Connection: close\r\n")},
    {"overlong utf-8", head("GET /things/%c0%ae HTTP/1.1", "Connection: close\r\n")},
    {"half an escape in the query", head("GET /hello?a=%4 HTTP/1.1", "Connection: close\r\n")},
  };
}

std::vector<hostile_case> field_lines() {
  std::string many;
  for (int i = 0; i < 101; ++i)
    many += "X-" + std::to_string(i) + ": y\r\n";
  return {
    {"no host", "GET /canary HTTP/1.1\r\n\r\n"},
    {"host twice", head("GET / HTTP/1.1", "Host: test\r\n")},
    {"host twice in other cases", head("GET / HTTP/1.1", "HOST: other\r\n")},
    {"host with a user", "GET / HTTP/1.1\r\nHost: a@test\r\n\r\n"},
    {"host with a path", "GET / HTTP/1.1\r\nHost: test/canary\r\n\r\n"},
    {"host with a space", "GET / HTTP/1.1\r\nHost: a test\r\n\r\n"},
    {"list of hosts", "GET / HTTP/1.1\r\nHost: a,test\r\n\r\n"},
    {"host with a bad port", "GET / HTTP/1.1\r\nHost: test:80a\r\n\r\n"},
    {"host with a long port", "GET / HTTP/1.1\r\nHost: test:123456\r\n\r\n"},
    {"host with two ports", "GET / HTTP/1.1\r\nHost: test:80:80\r\n\r\n"},
    {"host beyond ascii", "GET / HTTP/1.1\r\nHost: t\xc3\xa4st\r\n\r\n"},
    {"host with an open bracket", "GET / HTTP/1.1\r\nHost: [::1\r\n\r\n"},
    {"port without a host", "GET / HTTP/1.1\r\nHost: :80\r\n\r\n"},
    {"space before the colon", head("GET / HTTP/1.1", "X-A : b\r\n")},
    {"tab before the colon", head("GET / HTTP/1.1", "X-A\t: b\r\n")},
    {"space before a name", head("GET / HTTP/1.1", " X-A: b\r\n")},
    {"folded line", head("GET / HTTP/1.1", "X-A: b\r\n c\r\n")},
    {"folded by a tab", head("GET / HTTP/1.1", "X-A: b\r\n\tc\r\n")},
    {"folded first line", "GET / HTTP/1.1\r\n Host: test\r\n\r\n"},
    {"folded to nothing", head("GET / HTTP/1.1", "X-A: b\r\n \r\n")},
    {"empty name", head("GET / HTTP/1.1", ": b\r\n")},
    {"no colon", head("GET / HTTP/1.1", "X-A\r\n")},
    {"name with a space", head("GET / HTTP/1.1", "X A: b\r\n")},
    {"name with a parenthesis", head("GET / HTTP/1.1", "X(A): b\r\n")},
    {"name with a nul", head("GET / HTTP/1.1", "X\0A: b\r\n"s)},
    {"name beyond ascii", head("GET / HTTP/1.1", "X\xc3\xa4: b\r\n")},
    {"nul in a value", head("GET / HTTP/1.1", "X-A: b\0c\r\n"s)},
    {"control in a value", head("GET / HTTP/1.1", "X-A: b\x08\r\n")},
    {"del in a value", head("GET / HTTP/1.1", "X-A: b\x7f\r\n")},
    {"bare line feed in a value", head("GET / HTTP/1.1", "X-A: b\nX-B: c\r\n")},
    {"bare carriage return in a value", head("GET / HTTP/1.1", "X-A: b\rX-B: c\r\n")},
    {"end by line feeds", "GET / HTTP/1.1\r\nHost: test\n\n"},
    {"end by a bare carriage return", "GET / HTTP/1.1\r\nHost: test\r\n\rX"},
    {"too many fields", head("GET / HTTP/1.1", many), 431},
    {"field too large", head("GET / HTTP/1.1", "X-A: " + std::string(20'000, 'b') + "\r\n"), 431},
    {"unknown expectation", put("Content-Length: 5\r\nExpect: 200-ok\r\n"), 417},
    {"authorization twice", head("GET / HTTP/1.1", "Authorization: a\r\nAuthorization: b\r\n")},
    {"key twice", head("GET / HTTP/1.1", "x-functions-key: a\r\nX-Functions-Key: b\r\n")},
    {"content type twice", put("Content-Length: 5\r\nContent-Type: a\r\nContent-Type: b\r\n")},
    {"range twice", head("GET / HTTP/1.1", "Range: bytes=0-1\r\nRange: bytes=1-2\r\n")},
    {"if-match twice", head("GET / HTTP/1.1", "If-Match: \"1\"\r\nIf-Match: \"2\"\r\n")},
    {"idempotency key twice",
     put("Content-Length: 5\r\nIdempotency-Key: a\r\nIdempotency-Key: b\r\n")},
    {"expect twice", put("Content-Length: 5\r\nExpect: 100-continue\r\nExpect: 100-continue\r\n")},
    {"connection option that is no word", head("GET / HTTP/1.1", "Connection: a b\r\n")},
  };
}

std::vector<hostile_case> chunked_bodies() {
  const auto last = "0\r\n\r\n"s;
  return {
    {"chunk extension", chunks("5;a=b\r\nhello\r\n" + last)},
    {"chunk extension in quotes", chunks("5;a=\"\r\n\"\r\nhello\r\n" + last)},
    {"extension of the last chunk", chunks("5\r\nhello\r\n0;a\r\n\r\n")},
    {"chunk size in 0x form", chunks("0x5\r\nhello\r\n" + last)},
    {"signed chunk size", chunks("+5\r\nhello\r\n" + last)},
    {"negative chunk size", chunks("-5\r\nhello\r\n" + last)},
    {"space before the chunk size", chunks(" 5\r\nhello\r\n" + last)},
    {"space after the chunk size", chunks("5 \r\nhello\r\n" + last)},
    {"tab after the chunk size", chunks("5\t\r\nhello\r\n" + last)},
    {"no chunk size", chunks("\r\nhello\r\n" + last)},
    {"chunk size of letters", chunks("xyz\r\nhello\r\n" + last)},
    {"chunk size with a nul", chunks("5\0\r\nhello\r\n"s + last)},
    {"chunk size that overflows", chunks("10000000000000005\r\nhello\r\n" + last)},
    {"chunk size that overflows to negative", chunks("ffffffffffffffff\r\nhello\r\n" + last)},
    {"chunk size line ends in a line feed", chunks("5\nhello\r\n" + last)},
    {"chunk size line ends in a carriage return", chunks("5\rhello\r\n" + last)},
    {"no line end after the data", chunks("5\r\nhello" + last)},
    {"line feed after the data", chunks("5\r\nhello\n" + last)},
    {"data longer than its size", chunks("5\r\nhello!\r\n" + last)},
    {"data shorter than its size", chunks("6\r\nhello\r\n" + last)},
    {"trailer", chunks("5\r\nhello\r\n0\r\nX-A: b\r\n\r\n")},
    {"framing in a trailer", chunks("0\r\nContent-Length: 5\r\n\r\nhello")},
    {"last chunk ends in a line feed", chunks("5\r\nhello\r\n0\n\n")},
    {"chunk after the last", chunks("0\r\n5\r\nhello\r\n")},
    {"chunk larger than allowed", chunks("7fffffff\r\nhello"), 413},
    {"chunks to a route without a body",
     head("GET /hello HTTP/1.1", "Transfer-Encoding: chunked\r\n") + "0\r\n\r\n"},
    {"length to a route without a body",
     head("GET /hello HTTP/1.1", "Content-Length: 5\r\n") + "hello"},
    {"length beyond the route's limit", put("Content-Length: 1048577\r\n"), 413},
  };
}

// Values by which a body's end has been hidden from one of two readers.
std::vector<hostile_case> framing_values() {
  std::vector<hostile_case> out;
  for (const auto& value : {"5, 5"s,
                            "5,5"s,
                            "5, 6"s,
                            "+5"s,
                            "-5"s,
                            "-0"s,
                            "0x5"s,
                            "5 5"s,
                            "5;"s,
                            "5.0"s,
                            "5e0"s,
                            ""s,
                            " "s,
                            "05"s,
                            "00"s,
                            "\t5"s,
                            "5\t"s,
                            " 5"s,
                            "5 "s,
                            "'5'"s,
                            "\"5\""s,
                            "five"s,
                            "5a"s,
                            "\xd9\xa5"s,
                            "99999999999999999999"s,
                            "18446744073709551621"s,
                            "9223372036854775808"s,
                            "5\x0b"s,
                            "5\x0c"s})
    out.push_back({"Content-Length '" + value + "'", put("Content-Length: " + value + "\r\n")});
  for (const auto& value : {"gzip"s,
                            "gzip, chunked"s,
                            "chunked, gzip"s,
                            "chunked, chunked"s,
                            "chunked,"s,
                            ",chunked"s,
                            "identity"s,
                            "identity, chunked"s,
                            "chunked, identity"s,
                            "xchunked"s,
                            "chunkedx"s,
                            "chunk"s,
                            "\tchunked"s,
                            " chunked"s,
                            "chunked "s,
                            "chunked\t"s,
                            "\"chunked\""s,
                            "'chunked'"s,
                            "chunked;q=1"s,
                            "Chunked"s,
                            "CHUNKED"s,
                            "\x0b"
                            "chunked"s,
                            "\x0c"
                            "chunked"s,
                            "chunked\x0b"s,
                            "chunked\0"s,
                            "\0chunked"s,
                            ""s,
                            "compress"s,
                            "cow"s,
                            "chunked\xa0"s,
                            "chu\xefnked"s})
    for (const auto& body : {"0\r\n\r\n"s, "5\r\nhello\r\n0\r\n\r\n"s})
      out.push_back(
        {"Transfer-Encoding '" + value + "'", put("Transfer-Encoding: " + value + "\r\n", body)});
  return out;
}

// Combinations and spellings that do the same.
std::vector<hostile_case> framing_fields() {
  std::vector<hostile_case> out;
  const auto te = "Transfer-Encoding: chunked\r\n"s;
  const auto cl = "Content-Length: 5\r\n"s;
  for (const auto& fields : {te + cl,
                             cl + te,
                             te + "Content-Length: 0\r\n",
                             "Content-Length: 0\r\n" + te,
                             cl + cl,
                             cl + "Content-Length: 6\r\n",
                             cl + "content-length: 5\r\n",
                             te + te,
                             te + "Transfer-Encoding: identity\r\n",
                             "Transfer-Encoding: identity\r\n" + te,
                             "Transfer-Encoding: gzip\r\n" + cl,
                             cl + "Transfer-Encoding: gzip\r\n",
                             "Transfer-Encoding : chunked\r\n"s,
                             "Transfer-Encoding\t: chunked\r\n"s,
                             " Transfer-Encoding: chunked\r\n"s,
                             "X: y\r\n Transfer-Encoding: chunked\r\n"s,
                             "Transfer-Encoding:\r\n chunked\r\n"s,
                             "Transfer-Encoding: chunked\r\n ,x\r\n"s,
                             "Transfer-Encoding\0: chunked\r\n"s,
                             "\0Transfer-Encoding: chunked\r\n"s,
                             "X: y\nTransfer-Encoding: chunked\r\n"s,
                             "X: y\rTransfer-Encoding: chunked\r\n"s,
                             "X: y\r\r\nTransfer-Encoding: chunked\r\n"s,
                             "Transfer-Encoding: chunked\n"s,
                             "Content-Length : 5\r\n"s,
                             "Content-Length\t: 5\r\n"s,
                             "Content-Length\x0b: 5\r\n"s,
                             "Content-Length:\r\n 5\r\n"s,
                             "Content-Length: 5\r\n 6\r\n"s,
                             "Content-Length: 5\n"s,
                             "Content Length: 5\r\n"s,
                             "Content-Length 5\r\n"s,
                             "Content-Length\r\n: 5\r\n"s})
    out.push_back({"fields " + fields, put(fields, "0\r\n\r\n")});
  out.push_back({"chunked on 1.0", head("PUT /content HTTP/1.0", te) + "0\r\n\r\n"});
  out.push_back({"chunked and length on 1.0", head("PUT /content HTTP/1.0", te + cl) + "hello"});
  return out;
}

std::vector<hostile_case> all_cases() {
  std::vector<hostile_case> out;
  for (const auto& part :
       {request_lines(), field_lines(), chunked_bodies(), framing_values(), framing_fields()})
    out.insert(out.end(), part.begin(), part.end());
  return out;
}

} // namespace hostile_tests

BOOST_AUTO_TEST_SUITE(hostile_tests)

BOOST_AUTO_TEST_CASE(what_can_be_read_in_two_ways_is_refused_and_ends_the_connection) {
  served s;
  const auto cases = all_cases();
  BOOST_TEST(cases.size() >= 200u);
  for (const auto& c : cases)
    BOOST_TEST_CONTEXT(c.name) {
      client peer(s.port());
      peer.send(c.bytes + get("/canary"));
      const auto reply = peer.receive();
      BOOST_TEST(reply.status == c.status);
      BOOST_TEST(reply.field("content-type") == "application/problem+json");
      BOOST_TEST(reply.field("connection") == "close");
      BOOST_TEST(peer.is_ended());
    }
  BOOST_TEST(s.canaries() == 0);
}

BOOST_AUTO_TEST_CASE(the_same_holds_when_every_byte_comes_alone) {
  auto settings = quick_settings();
  settings.http.header_deadline_ms = 10'000;
  settings.http.rate_grace_ms = 10'000;
  served s(settings);
  for (const auto& part : {chunked_bodies(), field_lines()})
    for (const auto& c : part)
      BOOST_TEST_CONTEXT(c.name) {
        if (c.bytes.size() > 500)
          continue;
        client peer(s.port());
        for (const char byte : c.bytes + get("/canary"))
          if (!peer.send({&byte, 1}))
            break;
        BOOST_TEST(peer.receive().status == c.status);
        BOOST_TEST(peer.is_ended());
      }
  BOOST_TEST(s.canaries() == 0);
}

BOOST_AUTO_TEST_CASE(what_is_good_is_served_and_the_canary_with_it) {
  served s;
  const std::vector<std::string> good{
    get("/hello"),
    get("/hello", "Accept: a\r\nAccept: b\r\nX-Utf8: \xc3\xa4\r\nX-Empty:\r\nX-Tab:\tx\t\r\n"),
    "GET /hello HTTP/1.1\r\nhOST:test:8080\r\n\r\n",
    "GET /hello HTTP/1.1\r\nHost: [::1]:8080\r\n\r\n",
    "GET /hello HTTP/1.1\r\nHost:\r\n\r\n",
    "GET /hello HTTP/1.0\r\nConnection: keep-alive\r\n\r\n",
    get("/hello", "Content-Length: 0\r\n"),
    get("/things/%C3%A4?q=%2F+"),
    put("Content-Length: 5\r\n"),
    put("content-length:5\r\n"),
    put("Content-Length: 5\r\nContent-Encoding: identity\r\n"),
    chunks("5\r\nhello\r\n0\r\n\r\n"),
    chunks("0\r\n\r\n"),
    chunks("0000000000000005\r\nhello\r\n000\r\n\r\n"),
    head("PUT /content HTTP/1.1", "Transfer-Encoding:chunked\r\n") + "0\r\n\r\n",
    head("POST /echo HTTP/1.1",
         "Content-Type: application/json; charset=UTF-8\r\nContent-Length: 2\r\n")
      + "{}",
    head("POST /echo HTTP/1.1", "Content-Type: application/a+json\r\nContent-Length: 2\r\n") + "{}",
  };
  int expected = 0;
  for (const auto& bytes : good)
    BOOST_TEST_CONTEXT(bytes) {
      client peer(s.port());
      peer.send(bytes + get("/canary"));
      BOOST_TEST(peer.receive().status == 200u);
      BOOST_TEST(peer.receive().body == std::to_string(++expected));
    }
}

BOOST_AUTO_TEST_SUITE_END()
