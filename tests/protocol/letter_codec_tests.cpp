// SPDX-License-Identifier: Apache-2.0
// A letter's events in JSON. tests/golden holds each shape that was ever written: files are added,
// never edited.
#include "protocol/letter.hpp"

#include "tests/protocol/event_codec.hpp"

#include <boost/test/unit_test.hpp>
#include <nlohmann/json.hpp>
#include <rapidcheck/boost_test.h>

#include <string>
#include <vector>

namespace dossier::letter {

namespace letter_codec_tests {

constexpr dossier::testing::event_codec codec{decode_event};

constexpr timestamp t0 = from_ms(1'795'240'430'123);

const trouble refused{errc::invalid_argument, "the expiry \"soon\" is no date-time", "/expiryDate"};

/// One of each event, with every member set: what the golden files of version 1 hold.
std::vector<event> one_of_each() {
  return {
    received{{channel::commands, "dossier.commands.v1", 3, 17, t0 - seconds{1}},
             {"acme",
              {{"ce_id", "7"}, {"ce_id", std::string("\0\xff", 2)}, {"\xfe", ""}},
              std::string("{\"a\":\0\xff}", 8)},
             "CreateCustomerDocument",
             "document/r\u00e9sum\u00e9",
             refused,
             "0123456789abcdef"},
    retry_scheduled{2, t0 + seconds{1}, {errc::unavailable, "the store is away", ""}},
    dead_lettered{6, refused, "0123456789abcdef"},
    redriven{"{}", t0 + seconds{2}},
    settled{1},
    discarded{},
  };
}

} // namespace letter_codec_tests

BOOST_AUTO_TEST_SUITE(letter_codec_tests)

BOOST_AUTO_TEST_CASE(each_event_has_its_golden_file_and_is_written_like_it) {
  codec.writes_as_golden(one_of_each());
}

BOOST_AUTO_TEST_CASE(every_golden_file_ever_added_is_still_read) {
  codec.reads_every_golden("Message");
}

BOOST_AUTO_TEST_CASE(what_is_not_set_is_not_written) {
  received e;
  e.fingerprint = "0123456789abcdef";
  e.origin.at = t0;
  codec.reads_back(e);
  BOOST_TEST(encode(e).data.find("keyBase64") == std::string::npos);
  e.message.key = "";
  codec.reads_back(e);
  codec.reads_back(redriven{std::nullopt, t0});
  codec.reads_back(redriven{"", t0});
}

RC_BOOST_PROP(any_bytes_of_a_message_read_back,
              (const std::string& key, const std::string& name, const std::string& value)) {
  received e;
  e.origin = {channel::webhook, "w", 1, 2, t0};
  e.message = {key, {{name, value}, {name, key}}, value};
  e.fingerprint = "0123456789abcdef";
  const auto encoded = encode(e);
  const auto read = decode_event(encoded.type, encoded.version, encoded.data);
  RC_ASSERT(read.has_value());
  RC_ASSERT(*read == event(e));
}

BOOST_AUTO_TEST_CASE(what_was_never_written_is_corrupt_and_named) {
  codec.is_corrupt("MessageMislaidEvent", 1, "{}");
  codec.is_corrupt("MessageSettledEvent", 2, "{\"attempts\":1}");
  codec.is_corrupt("MessageSettledEvent", 1, "");
  codec.is_corrupt("MessageSettledEvent", 1, "[]");
  codec.is_corrupt("MessageSettledEvent", 1, "{}");
  codec.is_corrupt("MessageSettledEvent", 1, "{\"attempts\":-1}");
  codec.is_corrupt("MessageSettledEvent", 1, "{\"attempts\":4294967296}");
  codec.is_corrupt("MessageSettledEvent", 1, "{\"attempts\":1,\"more\":1}");
  codec.is_corrupt("MessageRedrivenEvent", 1,
                   "{\"valueBase64\":\"e\",\"due\":\"2026-11-21T05:53:50Z\"}");
  codec.is_corrupt("MessageRedrivenEvent", 1, "{\"due\":\"soon\"}");
  for (const auto& e : one_of_each()) {
    const auto encoded = encode(e);
    const auto whole = nlohmann::json::parse(encoded.data);
    for (const auto& [name, value] : whole.items()) {
      auto broken = whole;
      broken[name] = nlohmann::json::array({nullptr});
      codec.is_corrupt(encoded.type, encoded.version, broken.dump());
    }
  }
}

BOOST_AUTO_TEST_CASE(a_trouble_of_no_known_code_is_corrupt) {
  auto data = nlohmann::json::parse(encode(one_of_each()[2]).data);
  data["trouble"]["code"] = "unknown";
  codec.is_corrupt("MessageDeadLetteredEvent", 1, data.dump());
}

// Fingerprints.

BOOST_AUTO_TEST_CASE(letters_that_differ_in_particulars_have_one_fingerprint) {
  const origin from{channel::commands, "t", 1, 2, t0};
  const auto of = [&](std::string why, std::string where = "") {
    return fingerprint_of(from, "T", {errc::conflict, std::move(why), std::move(where)});
  };
  BOOST_TEST(of("x").size() == 16u);
  BOOST_TEST(of("document 06em2qpe7c00e000s40q8h0ghw is gone")
             == of("document 06em2qpe7c00e000s40q8h0zzz is gone"));
  BOOST_TEST(of("it has 12 bytes") == of("it has 3 bytes"));
  BOOST_TEST(of("due 2026-11-21T05:53:50.123Z") == of("due 2027-01-01T00:00:00.000Z"));
  BOOST_TEST(of("the value \"a b\" is wrong") == of("the value \"c\" is wrong"));
  BOOST_TEST(of("the value 'a b' is wrong") == of("the value 'c' is wrong"));
  BOOST_TEST(of("x", "/items/1") == of("x", "/items/2"));
}

BOOST_AUTO_TEST_CASE(letters_of_different_causes_have_different_fingerprints) {
  const origin from{channel::commands, "t", 1, 2, t0};
  origin elsewhere = from;
  elsewhere.topic = "u";
  origin other_way = from;
  other_way.channel = channel::webhook;
  const trouble why{errc::conflict, "the document's upload is confirmed", "/a"};
  const auto usual = fingerprint_of(from, "T", why);
  BOOST_TEST(usual != fingerprint_of(elsewhere, "T", why));
  BOOST_TEST(usual != fingerprint_of(other_way, "T", why));
  BOOST_TEST(usual != fingerprint_of(from, "U", why));
  BOOST_TEST(usual != fingerprint_of(from, "T", {errc::gone, why.why, why.where}));
  BOOST_TEST(usual != fingerprint_of(from, "T", {why.code, why.why, "/b"}));
  // An apostrophe begins nothing that is left out.
  BOOST_TEST(usual
             != fingerprint_of(from, "T", {why.code, "the document's name is taken", why.where}));
  origin later = from;
  later.partition = 9;
  later.offset = 99;
  BOOST_TEST(usual == fingerprint_of(later, "T", why));
}

BOOST_AUTO_TEST_CASE(names_read_back) {
  for (const auto s : {status::retrying, status::dead, status::settled, status::discarded})
    BOOST_TEST((parse_status(to_string(s)).value() == s));
  for (const auto c : {channel::commands, channel::webhook})
    BOOST_TEST((parse_channel(to_string(c)).value() == c));
  BOOST_TEST(!parse_status("unknown").has_value());
  BOOST_TEST(!parse_channel("unknown").has_value());
}

BOOST_AUTO_TEST_SUITE_END()

} // namespace dossier::letter
