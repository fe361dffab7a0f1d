// SPDX-License-Identifier: Apache-2.0
#include "protocol/envelope.hpp"

#include "protocol/json_text.hpp"
#include "protocol/utf8.hpp"

#include <boost/test/unit_test.hpp>
#include <rapidcheck/boost_test.h>

#include <fstream>
#include <iterator>
#include <string>

namespace dossier {

namespace envelope_tests {

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

/// Texts of all that can be written, most often of what is written in a way of its own.
rc::Gen<std::string> some_text() {
  const auto piece = rc::gen::weightedOneOf<std::string>(
    {{3, rc::gen::string<std::string>()},
     {4, rc::gen::element<std::string>("\"", "\\", "/", "\n", "\t", "\b", "\f", "\r", "u00")},
     {2, rc::gen::map(rc::gen::inRange(0, 0x20), [](int c) { return std::string(1, char(c)); })},
     {2, rc::gen::element<std::string>("\x7f", "\u00e9", "\u2028", "\U0001d11e")}});
  return rc::gen::suchThat(rc::gen::map(rc::gen::container<std::vector<std::string>>(piece),
                                        [](const std::vector<std::string>& pieces) {
                                          std::string text;
                                          for (const auto& p : pieces)
                                            text += p;
                                          return text;
                                        }),
                           is_utf8);
}

void write_some_value(json_writer& w, int levels);

/// Members of different names.
void write_some_object(json_writer& w, int levels) {
  w.begin_object();
  for (int members = *rc::gen::inRange(0, 4); members > 0; --members) {
    w.key(*some_text() + std::to_string(members));
    write_some_value(w, levels - 1);
  }
  w.end_object();
}

void write_some_value(json_writer& w, int levels) {
  switch (*rc::gen::inRange(0, levels > 0 ? 7 : 5)) {
  case 0:
    w.string(*some_text());
    return;
  case 1:
    w.number(*rc::gen::arbitrary<std::int64_t>());
    return;
  case 2:
    w.number(*rc::gen::element<std::uint64_t>(0, 1, 1u << 31, ~std::uint64_t{0}));
    return;
  case 3:
    w.boolean(*rc::gen::arbitrary<bool>());
    return;
  case 4:
    w.null();
    return;
  case 5:
    write_some_object(w, levels);
    return;
  default:
    w.begin_array();
    for (int size = *rc::gen::inRange(0, 3); size > 0; --size)
      write_some_value(w, levels - 1);
    w.end_array();
  }
}

envelope any_envelope() {
  json_writer data;
  write_some_object(data, 3);
  return {*some_text() + "Event", *rc::gen::inRange<std::uint32_t>(1, 1000),
          from_ms(*rc::gen::inRange<std::int64_t>(0, to_ms(timestamp_max))),
          cause{*some_text(), *some_text(), *some_text(), *some_text()}, data.take()};
}

/// What the tree says: nothing of ours begins with a space, and JSON may.
result<envelope> decode_by_tree(const std::string& bytes) {
  const auto spaced = " " + bytes;
  envelope unused;
  BOOST_REQUIRE(!read_as_written(spaced, unused));
  return decode_envelope(spaced);
}

/// Read or refused alike, whichever way.
bool is_read_alike(const std::string& bytes) {
  const auto one = decode_envelope(bytes);
  const auto other = decode_by_tree(bytes);
  return one && other ? is_equal(*one, *other)
                      : !one && !other && one.error().why == other.error().why;
}

} // namespace envelope_tests

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

BOOST_AUTO_TEST_CASE(what_no_writer_of_ours_writes_is_read_by_the_tree) {
  // As long as the value that it replaces, or not: each is JSON, and most would not be written so.
  for (const char* value : {"0",
                            "-1",
                            "18446744073709551615",
                            "-9223372036854775808",
                            "18446744073709551616",
                            "-9223372036854775809",
                            "-0",
                            "1.0",
                            "1.50",
                            "1e3",
                            "1E-2",
                            R"("\/")",
                            R"("\u0041")",
                            R"("\u00e9")",
                            R"("\u000a")",
                            R"("\u001F")",
                            R"("\u001f")",
                            R"("\ud834\udd1e")",
                            "[1, 2]",
                            "{ }",
                            R"({"x":1,"x":2})",
                            R"({"x":1,"y":2,"\u0078":3})",
                            "01",
                            "-",
                            "+1",
                            ".5",
                            "1.",
                            "tru",
                            "nullx",
                            "[1,]",
                            "[,1]",
                            R"({"x":1,})",
                            R"({"x"})",
                            R"({1:1})",
                            R"("\u00")",
                            R"("\u00g0")",
                            R"("\)",
                            "",
                            "[",
                            "]",
                            "{]",
                            "[}",
                            "\x01",
                            "\"\x01\"",
                            "\"\x80\"",
                            "\"\xed\xa0\x80\""})
    BOOST_TEST(is_read_alike(with(R"([3600,60])", value)), value);
  for (const char* at : {"0", "00", "01", "-0", "253402300799999", "253402300800000", "1.0"})
    BOOST_TEST(is_read_alike(with("1795240430123", at)), at);
  for (const char* cause : {R"({})", R"({"by":"x"})", R"({"by":"x","command":"y"})", R"({"by":""})",
                            R"({,"by":"x"})", R"({"by":"x",})", R"({"by":"x","by":"y"})"}) {
    envelope e = some_envelope();
    e.cause = {"c", "", "", ""};
    auto bytes = encode(e);
    const std::string written = R"({"command":"c"})";
    bytes.replace(bytes.find(written), written.size(), cause);
    BOOST_TEST(is_read_alike(bytes), cause);
  }
}

BOOST_AUTO_TEST_CASE(both_ways_know_the_same_depth) {
  for (std::size_t depth = 25; depth < 40; ++depth)
    for (const char* inside : {"", "1", R"({"x":1})"}) {
      envelope e = some_envelope();
      e.data = R"({"a":)" + std::string(depth, '[') + inside + std::string(depth, ']') + "}";
      BOOST_TEST(is_read_alike(encode(e)), depth << " levels around " << inside);
    }
  envelope unused;
  BOOST_TEST(
    !read_as_written(encode({"Event", 1, {}, {}, "[" + std::string(300'000, '[')}), unused));
}

BOOST_AUTO_TEST_CASE(objects_of_many_members_are_read_alike) {
  for (const std::size_t count : {1u, 63u, 64u, 65u, 200u}) {
    json_writer data;
    data.begin_object();
    for (std::size_t i = 0; i < count; ++i)
      data.key("member" + std::to_string(i)).number(i);
    data.end_object();
    envelope e = some_envelope();
    e.data = data.take();
    BOOST_TEST(is_read_alike(encode(e)));
    BOOST_TEST(is_equal(decode_envelope(encode(e)).value(), e));
  }
}

RC_BOOST_PROP(what_is_written_is_read_without_a_tree_and_as_the_tree_reads_it, ()) {
  const auto e = any_envelope();
  const auto bytes = encode(e);
  auto quick = any_envelope(); // Of which nothing stays.
  RC_ASSERT(read_as_written(bytes, quick));
  RC_ASSERT(is_equal(quick, e));
  RC_ASSERT(is_equal(*decode_by_tree(bytes), e));
}

RC_BOOST_PROP(damaged_bytes_are_read_or_refused_alike, ()) {
  auto bytes = encode(any_envelope());
  const auto at = *rc::gen::inRange<std::size_t>(0, bytes.size());
  const auto piece = *rc::gen::oneOf(
    rc::gen::element<std::string>("{", "}", "[", "]", "\"", ",", ":", "\\", "\\/", "\\u0041", " ",
                                  "0", "-", ".", "e", "1", "\xc3", "\xff", "null"),
    rc::gen::string<std::string>());
  bytes.replace(at, *rc::gen::inRange<std::size_t>(0, 3), piece);
  RC_ASSERT(is_read_alike(bytes));
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
