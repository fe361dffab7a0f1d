// SPDX-License-Identifier: Apache-2.0
#include "protocol/json_text.hpp"

#include "protocol/assert.hpp"

#include <boost/test/unit_test.hpp>
#include <nlohmann/json.hpp>
#include <rapidcheck/boost_test.h>

#include <cstdint>
#include <limits>
#include <optional>
#include <string>

namespace dossier {

namespace json_text_tests {

using nlohmann::json;

/// One character of UTF-8, of any length, often one that needs care.
rc::Gen<std::string> any_character() {
  const auto code_points = rc::gen::oneOf(
    rc::gen::inRange<char32_t>(0, 0x80), rc::gen::inRange<char32_t>(0x80, 0x800),
    rc::gen::inRange<char32_t>(0x800, 0xd800), rc::gen::inRange<char32_t>(0xe000, 0x110000),
    rc::gen::element<char32_t>('"', '\\', '/', 0x7f, 0x2028, 0xfeff, 0xffff));
  return rc::gen::map(code_points, [](char32_t c) {
    const auto part = [&](int shift) {
      return static_cast<char>(0x80 | (c >> shift & 0x3f));
    };
    if (c < 0x80)
      return std::string{static_cast<char>(c)};
    if (c < 0x800)
      return std::string{static_cast<char>(0xc0 | c >> 6), part(0)};
    if (c < 0x10000)
      return std::string{static_cast<char>(0xe0 | c >> 12), part(6), part(0)};
    return std::string{static_cast<char>(0xf0 | c >> 18), part(12), part(6), part(0)};
  });
}

rc::Gen<std::string> any_text() {
  return rc::gen::map(rc::gen::container<std::vector<std::string>>(any_character()),
                      [](const std::vector<std::string>& characters) {
                        std::string text;
                        for (const auto& c : characters)
                          text += c;
                        return text;
                      });
}

/// Writes any parsed value again, member by member.
void write(json_writer& w, const json& value) {
  if (value.is_object()) {
    w.begin_object();
    for (const auto& [name, member] : value.items()) {
      w.key(name);
      write(w, member);
    }
    w.end_object();
  } else if (value.is_array()) {
    w.begin_array();
    for (const auto& item : value)
      write(w, item);
    w.end_array();
  } else if (value.is_string()) {
    w.string(value.get_ref<const std::string&>());
  } else if (value.is_number_unsigned()) {
    w.number(value.get<std::uint64_t>());
  } else if (value.is_number_integer()) {
    w.number(value.get<std::int64_t>());
  } else if (value.is_boolean()) {
    w.boolean(value.get<bool>());
  } else {
    w.null();
  }
}

json any_value(int depth) {
  switch (*rc::gen::inRange(0, depth > 0 ? 8 : 6)) {
  case 0:
    return nullptr;
  case 1:
    return *rc::gen::arbitrary<bool>();
  case 2:
    return *rc::gen::arbitrary<std::int64_t>();
  case 3:
    return *rc::gen::arbitrary<std::uint64_t>();
  case 6: {
    json object = json::object();
    for (int i = *rc::gen::inRange(0, 4); i > 0; --i)
      object[*any_text()] = any_value(depth - 1);
    return object;
  }
  case 7: {
    json array = json::array();
    for (int i = *rc::gen::inRange(0, 4); i > 0; --i)
      array.push_back(any_value(depth - 1));
    return array;
  }
  default:
    return *any_text();
  }
}

} // namespace json_text_tests

BOOST_AUTO_TEST_SUITE(json_text_tests)

BOOST_AUTO_TEST_CASE(members_and_items_are_separated_in_the_order_of_the_calls) {
  json_writer w;
  w.begin_object();
  w.key("b").string("x").key("a").number(-1);
  w.key("list").begin_array().number(1U).boolean(true).boolean(false).null().begin_array();
  w.end_array().begin_object().end_object().end_array();
  w.key("at").time(from_ms(0)).key("raw").raw("{\"c\":[]}").key("last").string("");
  w.end_object();
  BOOST_TEST(w.take()
             == R"({"b":"x","a":-1,"list":[1,true,false,null,[],{}],)"
                R"("at":"1970-01-01T00:00:00.000Z","raw":{"c":[]},"last":""})");
  BOOST_TEST(w.begin_array().end_array().take() == "[]", "a writer is empty after take");
}

BOOST_AUTO_TEST_CASE(what_there_is_not_is_null) {
  json_writer w;
  w.begin_array().string_or_null("").string_or_null("x");
  w.time_or_null(std::nullopt).time_or_null(from_ms(0)).end_array();
  BOOST_TEST(w.take() == R"([null,"x",null,"1970-01-01T00:00:00.000Z"])");
}

BOOST_AUTO_TEST_CASE(whole_numbers_keep_every_digit) {
  json_writer w;
  w.begin_array();
  w.number(std::numeric_limits<std::int64_t>::min());
  w.number(std::numeric_limits<std::uint64_t>::max());
  w.number(std::uint8_t{7}).end_array();
  BOOST_TEST(w.take() == "[-9223372036854775808,18446744073709551615,7]");
}

BOOST_AUTO_TEST_CASE(only_what_must_be_escaped_is) {
  json_writer w;
  w.string(std::string_view("a\"b\\c/\b\f\n\r\t\0\x1f\x7f\xc3\xa9\xe2\x80\xa8", 19));
  BOOST_TEST(w.take() == "\"a\\\"b\\\\c/\\b\\f\\n\\r\\t\\u0000\\u001f\x7f\xc3\xa9\xe2\x80\xa8\"");
}

BOOST_AUTO_TEST_CASE(a_character_is_escaped_alike_wherever_it_stands) {
  for (std::size_t at = 0; at < 20; ++at)
    for (int c = 0; c < 0x80; ++c) {
      std::string text(20, 'x');
      text[at] = static_cast<char>(c);
      if (at > 0)
        text.replace(at - 1, 1, "\xc3\xa9");
      json_writer w;
      w.string(text);
      BOOST_REQUIRE_EQUAL(w.take(), json(text).dump());
    }
}

BOOST_AUTO_TEST_CASE(unbalanced_brackets_are_bugs) {
  json_writer open;
  open.begin_object();
  BOOST_CHECK_THROW(open.take(), broken_invariant);
  json_writer closed;
  BOOST_CHECK_THROW(closed.end_array(), broken_invariant);
}

RC_BOOST_PROP(any_text_reads_back_as_itself, ()) {
  const std::string text = *any_text();
  json_writer w;
  w.string(text);
  const std::string written = w.take();
  const json read = json::parse(written, nullptr, false);
  RC_ASSERT(read.is_string());
  RC_ASSERT(read.get<std::string>() == text);
  RC_ASSERT(json(text).dump() == written);
}

RC_BOOST_PROP(any_value_reads_back_as_itself, ()) {
  const json value = any_value(3);
  json_writer w;
  write(w, value);
  const std::string written = w.take();
  RC_ASSERT(json::parse(written, nullptr, false) == value);
  RC_ASSERT(value.dump() == written);
}

BOOST_AUTO_TEST_SUITE_END()

} // namespace dossier
