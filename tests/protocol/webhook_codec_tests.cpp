// SPDX-License-Identifier: Apache-2.0
// A webhook's events in JSON. tests/golden holds each shape that was ever written: files are added,
// never edited.
#include "protocol/webhook.hpp"

#include "tests/protocol/event_codec.hpp"

#include <boost/test/unit_test.hpp>

#include <optional>
#include <string_view>
#include <vector>

namespace dossier::webhook {

namespace webhook_codec_tests {

constexpr dossier::testing::event_codec codec{decode_event};

constexpr timestamp t0 = from_ms(1'795'240'430'123);

/// One of each event, with every member set: what the golden files of version 1 hold.
std::vector<event> one_of_each() {
  return {
    created{{"https://a.example/hook", "CustomerDocument*,Job*", "document/r\u00e9sum\u00e9",
             "acme", true, "AX-AAawC"},
            t0},
    verified{},
    handshake_failed{2, "it answered 503, not \"200\"", t0 + seconds{10}},
    paused{"their maintenance"},
    resumed{t0 + seconds{1}},
    secret_rotated{2, t0 + seconds{86'400}},
    removed{},
  };
}

} // namespace webhook_codec_tests

BOOST_AUTO_TEST_SUITE(webhook_codec_tests)

BOOST_AUTO_TEST_CASE(each_event_has_its_golden_file_and_is_written_like_it) {
  codec.writes_as_golden(one_of_each());
}

BOOST_AUTO_TEST_CASE(every_golden_file_ever_added_is_still_read) {
  codec.reads_every_golden("Webhook");
}

BOOST_AUTO_TEST_CASE(what_is_not_due_has_no_due) {
  BOOST_TEST(encode(created{}).data.find("due") == std::string_view::npos);
  codec.reads_back(created{});
  BOOST_TEST(encode(handshake_failed{8, "no", std::nullopt}).data == R"({"attempt":8,"why":"no"})");
  codec.reads_back(handshake_failed{8, "no", std::nullopt});
  BOOST_TEST(encode(resumed{}).data == "{}");
  codec.reads_back(resumed{});
}

BOOST_AUTO_TEST_CASE(what_was_never_written_is_corrupt_and_named) {
  codec.is_corrupt("WebhookMislaidEvent", 1, "{}");
  for (const auto& e : one_of_each()) {
    const auto encoded = encode(e);
    codec.is_corrupt(encoded.type, 0, encoded.data);
    codec.is_corrupt(encoded.type, 2, encoded.data);
    codec.is_corrupt(encoded.type, 1, R"({"more":1})");
  }
  codec.is_corrupt("WebhookPausedEvent", 1, "{}");
  codec.is_corrupt("WebhookPausedEvent", 1, R"({"reason":null})");
  codec.is_corrupt("WebhookResumedEvent", 1, R"({"due":null})");
  codec.is_corrupt("WebhookResumedEvent", 1, R"({"due":"soon"})");
  codec.is_corrupt("WebhookHandshakeFailedEvent", 1, R"({"attempt":-1,"why":""})");
  codec.is_corrupt("WebhookHandshakeFailedEvent", 1, R"({"attempt":4294967296,"why":""})");
  codec.is_corrupt("WebhookSecretRotatedEvent", 1,
                   R"({"generation":"2","oldUntil":"2026-11-22T05:53:50.123Z"})");
}

BOOST_AUTO_TEST_CASE(every_truncation_is_corrupt) {
  codec.are_corrupt_when_cut(one_of_each());
}

BOOST_AUTO_TEST_SUITE_END()

} // namespace dossier::webhook
