// SPDX-License-Identifier: Apache-2.0
#include "gateway/body_decoder.hpp"

#include <boost/test/unit_test.hpp>

#include <algorithm>
#include <string>

using namespace dossier;
using namespace std::string_literals;

namespace body_decoder_tests {

guard_verdict framed(framing how, std::uint64_t length = 0) {
  guard_verdict out;
  out.framing = how;
  out.content_length = length;
  return out;
}

struct decoded {
  std::string content;
  std::string rest;
  std::string_view outcome = "incomplete";
};

// Decodes bytes that arrive `step` at a time, taking at most `take` bytes of content at once.
decoded decode(const guard_verdict& head, const std::string& bytes, std::size_t step = 1'000,
               std::size_t take = 1'000, std::uint64_t bytes_max = 1'000) {
  body_decoder decoder(head, bytes_max);
  decoded out;
  std::size_t arrived = 0;
  for (;;) {
    const auto next = decoder.next(out.rest);
    if (!next) {
      out.outcome = to_string(next.error().code);
      return out;
    }
    const auto content = std::min(next->content_bytes, take);
    out.content += out.rest.substr(next->framing_bytes, content);
    out.rest.erase(0, next->framing_bytes + content);
    decoder.took(content);
    if (content == 0 && decoder.is_done())
      break;
    if (content == 0 && arrived == bytes.size())
      return out;
    if (content == 0) {
      out.rest += bytes.substr(arrived, step);
      arrived = std::min(bytes.size(), arrived + step);
    }
  }
  out.rest += bytes.substr(arrived);
  out.outcome = "done";
  return out;
}

} // namespace body_decoder_tests

BOOST_AUTO_TEST_SUITE(body_decoder_tests)

BOOST_AUTO_TEST_CASE(no_body_takes_nothing) {
  BOOST_TEST(decode(framed(framing::none), "GET /").rest == "GET /");
  BOOST_TEST(decode(framed(framing::length, 0), "GET /").rest == "GET /");
}

BOOST_AUTO_TEST_CASE(a_length_takes_exactly_its_bytes) {
  for (const std::size_t step : {1, 2, 100}) {
    const auto out = decode(framed(framing::length, 5), "helloGET /", step);
    BOOST_TEST(out.content == "hello");
    BOOST_TEST(out.rest == "GET /");
    BOOST_TEST(out.outcome == "done");
  }
  BOOST_TEST(decode(framed(framing::length, 5), "hell").outcome == "incomplete");
}

BOOST_AUTO_TEST_CASE(chunks_are_joined_in_pieces_of_any_size) {
  const auto bytes = "5\r\nhello\r\n01\r\n,\r\nA\r\n0123456789\r\n0\r\n\r\nGET /"s;
  for (std::size_t step = 1; step <= bytes.size(); ++step)
    for (const std::size_t take : {1, 3, 100}) {
      const auto out = decode(framed(framing::chunked), bytes, step, take);
      BOOST_TEST(out.outcome == "done");
      BOOST_TEST(out.content == "hello,0123456789");
      BOOST_TEST(out.rest == "GET /");
    }
}

BOOST_AUTO_TEST_CASE(every_prefix_of_chunks_is_incomplete) {
  const auto bytes = "5\r\nhello\r\n0\r\n\r\n"s;
  for (std::size_t size = 0; size < bytes.size(); ++size)
    BOOST_TEST(decode(framed(framing::chunked), bytes.substr(0, size)).outcome == "incomplete");
}

BOOST_AUTO_TEST_CASE(broken_chunks_are_refused) {
  for (const auto& bytes :
       {"5\r\nhelloX\r\n0\r\n\r\n"s, "5\r\nhello\n0\r\n\r\n"s, "5\r\nhello0\r\n\r\n"s,
        "5\r\nhello\r\r\n0\r\n\r\n"s, "0\r\nX: y\r\n\r\n"s, "0\r\nContent-Length: 5\r\n\r\n"s,
        "0\r\n\n"s, "0\r\n0\r\n\r\n"s, "5;a\r\nhello\r\n0\r\n\r\n"s, "5\r\nhello\r\nx\r\n"s})
    BOOST_TEST(decode(framed(framing::chunked), bytes).outcome == "malformed", bytes);
}

BOOST_AUTO_TEST_CASE(a_body_beyond_its_limit_is_refused_when_it_is_announced) {
  BOOST_TEST(decode(framed(framing::length, 10), "", 9, 9, 10).outcome == "incomplete");
  BOOST_TEST(decode(framed(framing::length, 11), "", 9, 9, 10).outcome == "too-large");
  BOOST_TEST(decode(framed(framing::chunked), "a\r\n", 9, 9, 10).outcome == "incomplete");
  BOOST_TEST(decode(framed(framing::chunked), "b\r\n", 9, 9, 10).outcome == "too-large");
  BOOST_TEST(decode(framed(framing::chunked), "9\r\n012345678\r\n2\r\n", 9, 9, 10).outcome
             == "too-large");
  BOOST_TEST(decode(framed(framing::chunked), "7fffffffffffffff\r\n", 9, 9, 10).outcome
             == "too-large");
}

BOOST_AUTO_TEST_CASE(what_is_still_to_come_is_known_for_lengths_only) {
  body_decoder length(framed(framing::length, 9), 100);
  BOOST_TEST(length.rest_bytes().value() == 9u);
  BOOST_TEST(length.certain_bytes() == 9u);
  length.took(9);
  BOOST_TEST(length.rest_bytes().value() == 0u);
  body_decoder chunked(framed(framing::chunked), 100);
  BOOST_TEST(!chunked.rest_bytes().has_value());
  BOOST_TEST(chunked.certain_bytes() == 0u);
}

BOOST_AUTO_TEST_SUITE_END()
