// SPDX-License-Identifier: Apache-2.0
#include "protocol/envelope.hpp"

#include <boost/test/unit_test.hpp>
#include <rapidcheck/boost_test.h>

#include <fstream>
#include <iterator>
#include <string>

namespace dossier {

namespace {

envelope some_envelope() {
  return {"CustomerDocumentCreatedEvent", 1, from_ms(1'795'240'430'123),
          cause{"create", "key:acme \"1\"", "req-1",
                "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"},
          R"({"customerId":"acme","leadsSeconds":[3600,60],"a":{"b":null}})"};
}

bool is_equal(const envelope& a, const envelope& b) {
  return a.type == b.type && a.version == b.version && a.at == b.at && a.cause == b.cause
         && a.data == b.data;
}

void is_corrupt(std::string_view bytes) {
  const auto read = decode_envelope(bytes);
  BOOST_REQUIRE_MESSAGE(!read, bytes << " was read");
  BOOST_TEST(to_string(read.error().code) == to_string(errc::corrupt));
  BOOST_TEST(read.error().where == "envelope");
}

/// A written envelope with one piece replaced.
std::string with(std::string_view piece, std::string_view other) {
  std::string bytes = encode(some_envelope());
  const auto at = bytes.find(piece);
  BOOST_REQUIRE_MESSAGE(at != std::string::npos, piece << " is not in " << bytes);
  return bytes.replace(at, piece.size(), other);
}

} // namespace

BOOST_AUTO_TEST_SUITE(envelope_tests)

BOOST_AUTO_TEST_CASE(an_envelope_reads_back_with_its_data_byte_for_byte) {
  const auto read = decode_envelope(encode(some_envelope()));
  BOOST_REQUIRE_MESSAGE(read, read.error().why);
  BOOST_TEST(is_equal(*read, some_envelope()));
}

BOOST_AUTO_TEST_CASE(causes_need_not_be_whole) {
  envelope e = some_envelope();
  e.cause = {"timer expired", "timer", "", ""};
  e.data = "{}";
  const std::string bytes = encode(e);
  BOOST_TEST(bytes
             == R"({"type":"CustomerDocumentCreatedEvent","v":1,"at":1795240430123,)"
                R"("cause":{"command":"timer expired","by":"timer"},"data":{}})");
  const auto read = decode_envelope(bytes);
  BOOST_REQUIRE(read);
  BOOST_TEST(is_equal(*read, e));
  e.cause = {};
  const auto bare = decode_envelope(encode(e));
  BOOST_REQUIRE(bare);
  BOOST_TEST(is_equal(*bare, e));
}

BOOST_AUTO_TEST_CASE(the_golden_envelope_is_written_and_read_for_ever) {
  std::ifstream file(DOSSIER_SOURCE_DIR "/tests/golden/envelope.json", std::ios::binary);
  std::string golden{std::istreambuf_iterator<char>(file), {}};
  BOOST_REQUIRE(golden.ends_with('\n'));
  golden.pop_back();
  BOOST_TEST(encode(some_envelope()) == golden);
  const auto read = decode_envelope(golden);
  BOOST_REQUIRE(read);
  BOOST_TEST(is_equal(*read, some_envelope()));
}

BOOST_AUTO_TEST_CASE(every_truncation_is_corrupt) {
  const std::string bytes = encode(some_envelope());
  for (std::size_t size = 0; size < bytes.size(); ++size)
    is_corrupt(std::string_view(bytes).substr(0, size));
  is_corrupt(bytes + "x");
  is_corrupt(bytes + bytes);
}

BOOST_AUTO_TEST_CASE(members_of_another_kind_are_corrupt) {
  is_corrupt(with(R"("type":"CustomerDocumentCreatedEvent")", R"("type":7)"));
  is_corrupt(with(R"("type":"CustomerDocumentCreatedEvent")", R"("type":"")"));
  is_corrupt(with(R"("type")", R"("typo")"));
  is_corrupt(with(R"("v":1)", R"("v":0)"));
  is_corrupt(with(R"("v":1)", R"("v":-1)"));
  is_corrupt(with(R"("v":1)", R"("v":1.0)"));
  is_corrupt(with(R"("v":1)", R"("v":4294967296)"));
  is_corrupt(with(R"("v":1)", R"("v":"1")"));
  is_corrupt(with("1795240430123", "-1"));
  is_corrupt(with("1795240430123", "253402300800000"));
  is_corrupt(with("1795240430123", "1e3"));
  is_corrupt(with("1795240430123", "null"));
  is_corrupt(with(R"("by":"key:acme \"1\"")", R"("by":1)"));
  is_corrupt(with(R"("by")", R"("on behalf of")"));
  is_corrupt(with(R"("requestId":"req-1")", R"("requestId":"")"));
  is_corrupt(with(R"("cause":{)", R"("cause":[{)"));
  is_corrupt(with(R"("data":{)", R"("more":1,"data":{)"));
  is_corrupt(with(R"("data":)", R"("date":)"));
}

BOOST_AUTO_TEST_CASE(data_that_is_no_object_is_corrupt) {
  for (const char* data : {"[]", "1", "null", "\"x\""}) {
    envelope e = some_envelope();
    e.data = data;
    is_corrupt(encode(e));
  }
  is_corrupt("[]");
  is_corrupt("null");
  is_corrupt("\"x\"");
}

BOOST_AUTO_TEST_CASE(text_that_is_not_utf_8_is_corrupt) {
  for (const char* bad :
       {"\xff", "\xc3", "\xc0\xaf", "\xed\xa0\x80", "\xf5\x80\x80\x80", "\x01", "\\ud800", "\\x"})
    is_corrupt(with("acme", bad));
}

BOOST_AUTO_TEST_CASE(endless_nesting_is_corrupt_and_harmless) {
  for (const std::size_t depth : {std::size_t{100}, std::size_t{300'000}}) {
    envelope e = some_envelope();
    e.data = R"({"a":)" + std::string(depth, '[') + std::string(depth, ']') + "}";
    is_corrupt(encode(e));
  }
}

RC_BOOST_PROP(changed_bytes_are_read_or_refused_but_never_break, ()) {
  std::string bytes = encode(some_envelope());
  const auto at = *rc::gen::inRange<std::size_t>(0, bytes.size());
  bytes[at] = *rc::gen::arbitrary<char>();
  const auto read = decode_envelope(bytes);
  if (read)
    RC_ASSERT(is_equal(*decode_envelope(encode(*read)), *read));
  else
    RC_ASSERT(read.error().code == errc::corrupt);
}

BOOST_AUTO_TEST_SUITE_END()

} // namespace dossier
