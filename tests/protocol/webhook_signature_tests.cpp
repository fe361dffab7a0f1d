// SPDX-License-Identifier: Apache-2.0
#include "protocol/webhook_signature.hpp"

#include "protocol/digest.hpp"

#include <boost/test/unit_test.hpp>
#include <rapidcheck/boost_test.h>

#include <string>
#include <vector>

namespace dossier {

namespace webhook_signature_tests {

constexpr timestamp signed_at = from_ms(1'614'265'330'999);
const std::string id = "msg_p5jXN8AQM9LWM0D4loKWxJek";
const std::string payload = R"({"test": 2432232314})";

std::vector<std::uint8_t> bytes_of(std::size_t count, std::uint8_t first = 0) {
  std::vector<std::uint8_t> bytes(count);
  for (auto& b : bytes)
    b = first++;
  return bytes;
}

webhook_secret published_secret() {
  return webhook_secret::parse("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw").value();
}

webhook_secret another_secret(std::uint8_t first) {
  return webhook_secret::from_bytes(bytes_of(32, first)).value();
}

using secrets = std::vector<webhook_secret>;

webhook_headers signed_with(const secrets& with) {
  return sign_webhook(id, signed_at, payload, with).value();
}

template <class T>
void is_refused(const result<T>& tried, errc code, std::string_view where) {
  BOOST_REQUIRE(!tried);
  BOOST_TEST(to_string(tried.error().code) == to_string(code));
  BOOST_TEST(tried.error().where == where);
  BOOST_TEST(tried.error().why.size() > 30);
}

/// The reference's signature, received with these headers changed.
result<void> verified(webhook_headers headers, std::string_view body = payload,
                      timestamp now = signed_at) {
  const secrets with{published_secret()};
  return verify_webhook(headers, body, with, now);
}

} // namespace webhook_signature_tests

BOOST_AUTO_TEST_SUITE(webhook_signature_tests)

BOOST_AUTO_TEST_CASE(the_published_example_has_its_published_signature) {
  // Source: the tests of Standard Webhooks' reference libraries.
  const auto headers = signed_with({published_secret()});
  BOOST_TEST(headers.id == "msg_p5jXN8AQM9LWM0D4loKWxJek");
  BOOST_TEST(headers.timestamp == "1614265330");
  BOOST_TEST(headers.signature == "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=");
  BOOST_TEST(verified(headers).has_value());
}

BOOST_AUTO_TEST_CASE(header_names_are_the_specified_ones) {
  BOOST_TEST(webhook_id_name == "webhook-id");
  BOOST_TEST(webhook_timestamp_name == "webhook-timestamp");
  BOOST_TEST(webhook_signature_name == "webhook-signature");
}

BOOST_AUTO_TEST_CASE(secrets_have_24_to_64_bytes) {
  for (std::size_t count = 0; count <= 80; ++count) {
    const auto made = webhook_secret::from_bytes(bytes_of(count));
    const auto read = webhook_secret::parse("whsec_" + to_base64(bytes_of(count)));
    if (count < 24 || count > 64) {
      is_refused(made, errc::invalid_argument, "secret");
      is_refused(read, errc::invalid_argument, "secret");
      continue;
    }
    BOOST_TEST(made.value().key() == read.value().key());
    BOOST_TEST(made.value().key().size() == count);
    BOOST_TEST(read.value().text() == "whsec_" + to_base64(bytes_of(count)));
  }
}

BOOST_AUTO_TEST_CASE(secrets_have_one_spelling) {
  const auto good = to_base64(bytes_of(32));
  BOOST_REQUIRE(webhook_secret::parse("whsec_" + good));
  for (const auto& text : std::vector<std::string>{
         "", "whsec_", good, "WHSEC_" + good, "whsk_" + good, "whpk_" + good, " whsec_" + good,
         "whsec_" + good + "\n", "whsec_ " + good, "whsec_" + good.substr(0, good.size() - 1),
         "whsec_" + good + "====", "whsec_" + std::string(good).replace(4, 1, "-"),
         "whsec_" + std::string(good).replace(42, 1, "9"), "whsec_" + std::string(44, '='),
         "whsec_" + std::string(100'000, 'A')})
    is_refused(webhook_secret::parse(text), errc::invalid_argument, "secret");
}

BOOST_AUTO_TEST_CASE(a_refused_secret_is_not_repeated) {
  const auto refused = webhook_secret::parse("whsec_hunter2hunter2hunter2hunter2!");
  BOOST_REQUIRE(!refused);
  BOOST_TEST(refused.error().why.find("hunter2") == std::string::npos);
}

BOOST_AUTO_TEST_CASE(during_a_rotation_either_secret_verifies) {
  const secrets both{published_secret(), another_secret(7)};
  const auto headers = signed_with(both);
  BOOST_TEST(headers.signature
             == signed_with({both[0]}).signature + " " + signed_with({both[1]}).signature);
  for (const auto& held : {both, secrets{both[0]}, secrets{both[1]}, secrets{both[1], both[0]},
                           secrets{another_secret(9), both[1]}})
    BOOST_TEST(verify_webhook(headers, payload, held, signed_at).has_value());
  const secrets neither{another_secret(9), another_secret(11)};
  is_refused(verify_webhook(headers, payload, neither, signed_at), errc::unauthenticated,
             "webhook-signature");
}

BOOST_AUTO_TEST_CASE(signatures_of_other_versions_are_passed_over) {
  auto headers = signed_with({published_secret()});
  const auto good = headers.signature;
  const auto same_in = [&](const char* version) {
    return std::string(version) + good.substr(2);
  };
  for (const auto& list : {"v1a,hnO3f9T8 " + good, good + " v2,abc", "v1,bm9wZQ== " + good,
                           good + " " + good, " " + good, good + " "}) {
    headers.signature = list;
    BOOST_TEST(verified(headers).has_value(), list);
  }
  for (const auto& list :
       {std::string(), std::string(" "), std::string("v1,"), same_in("v2"), same_in("v1a"),
        same_in("V1"), good.substr(3), good.substr(0, good.size() - 1), good + "=", good + ",v1",
        std::string(good).replace(good.size() - 2, 1, "F")}) {
    headers.signature = list;
    is_refused(verified(headers), errc::unauthenticated, "webhook-signature");
  }
}

BOOST_AUTO_TEST_CASE(every_signed_byte_counts) {
  const auto headers = signed_with({published_secret()});
  for (std::size_t i = 0; i < payload.size(); ++i) {
    auto other = payload;
    other[i] = static_cast<char>(other[i] ^ 1);
    is_refused(verified(headers, other), errc::unauthenticated, "webhook-signature");
  }
  is_refused(verified(headers, payload + " "), errc::unauthenticated, "webhook-signature");
  is_refused(verified(headers, ""), errc::unauthenticated, "webhook-signature");
  auto other_id = headers;
  other_id.id.back() = 'l';
  is_refused(verified(other_id), errc::unauthenticated, "webhook-signature");
  auto other_time = headers;
  other_time.timestamp = "1614265331";
  is_refused(verified(other_time), errc::unauthenticated, "webhook-signature");
  for (std::size_t i = 3; i < headers.signature.size(); ++i) {
    auto other = headers;
    other.signature[i] = other.signature[i] == 'A' ? 'B' : 'A';
    is_refused(verified(other), errc::unauthenticated, "webhook-signature");
  }
}

BOOST_AUTO_TEST_CASE(signatures_hold_as_long_as_clocks_may_differ) {
  const auto headers = signed_with({published_secret()});
  const timestamp whole{seconds{1'614'265'330}};
  for (const auto off : {-300'000, -299'999, 0, 299'999, 300'000})
    BOOST_TEST(verified(headers, payload, whole + milliseconds{off}).has_value(), off);
  for (const auto off : {-300'001, 300'001, 86'400'000})
    is_refused(verified(headers, payload, whole + milliseconds{off}), errc::unauthenticated,
               "webhook-timestamp");
  const secrets with{published_secret()};
  BOOST_TEST(verify_webhook(headers, payload, with, whole, seconds{0}).has_value());
  is_refused(verify_webhook(headers, payload, with, whole + milliseconds{1}, seconds{0}),
             errc::unauthenticated, "webhook-timestamp");
}

BOOST_AUTO_TEST_CASE(timestamps_are_plain_decimal_seconds) {
  auto headers = signed_with({published_secret()});
  for (const auto* text :
       {"", " ", "-1", "-0", "+1614265330", "01614265330", "1614265330 ", " 1614265330",
        "1614265330.0", "1.6e9", "0x60", "1614265330123", "99999999999999999999", "now"}) {
    headers.timestamp = text;
    is_refused(verified(headers), errc::invalid_argument, "webhook-timestamp");
  }
  is_refused(sign_webhook(id, from_ms(-1), payload, secrets{published_secret()}),
             errc::invalid_argument, "webhook-timestamp");
  is_refused(
    sign_webhook(id, timestamp_max + milliseconds{1}, payload, secrets{published_secret()}),
    errc::invalid_argument, "webhook-timestamp");
  BOOST_TEST(sign_webhook(id, from_ms(0), payload, secrets{published_secret()}).value().timestamp
             == "0");
  BOOST_TEST(sign_webhook(id, timestamp_max, payload, secrets{published_secret()}).value().timestamp
             == "253402300799");
}

BOOST_AUTO_TEST_CASE(an_id_cannot_reach_into_what_follows_it) {
  const secrets with{published_secret()};
  for (const auto& bad : std::vector<std::string>{"", "a.b", ".", "a b", "a\r\nx: y", "\x7f", "ä",
                                                  std::string(1, '\0'), std::string(129, 'a')}) {
    is_refused(sign_webhook(bad, signed_at, payload, with), errc::invalid_argument, "webhook-id");
    auto headers = signed_with(with);
    headers.id = bad;
    is_refused(verified(headers), errc::invalid_argument, "webhook-id");
  }
  for (const auto& good : {std::string("a"), std::string("doc/0c5-1_~!"), std::string(128, 'a')})
    BOOST_TEST(sign_webhook(good, signed_at, payload, with).has_value());
}

BOOST_AUTO_TEST_CASE(numbers_of_secrets_and_signatures_are_bounded) {
  is_refused(sign_webhook(id, signed_at, payload, {}), errc::invalid_argument, "secrets");
  is_refused(sign_webhook(id, signed_at, payload, secrets(5, published_secret())),
             errc::invalid_argument, "secrets");
  auto headers = signed_with(secrets(4, published_secret()));
  BOOST_TEST(verified(headers).has_value());
  is_refused(verify_webhook(headers, payload, {}, signed_at), errc::invalid_argument, "secrets");
  is_refused(verify_webhook(headers, payload, secrets(5, published_secret()), signed_at),
             errc::invalid_argument, "secrets");
  headers.signature.append(webhook_signature_bytes_max - headers.signature.size(), ' ');
  BOOST_TEST(verified(headers).has_value());
  headers.signature.push_back(' ');
  is_refused(verified(headers), errc::invalid_argument, "webhook-signature");
}

RC_BOOST_PROP(whatever_is_signed_verifies_and_nothing_else, ()) {
  const auto body = *rc::gen::arbitrary<std::string>();
  const auto other = *rc::gen::arbitrary<std::string>();
  const secrets with{another_secret(*rc::gen::arbitrary<std::uint8_t>())};
  const auto at = from_ms(*rc::gen::inRange<std::int64_t>(0, to_ms(timestamp_max) - 1'000'000));
  const auto headers = sign_webhook("m1", at, body, with);
  RC_ASSERT(headers.has_value());
  RC_ASSERT(verify_webhook(*headers, body, with, at).has_value());
  RC_ASSERT(verify_webhook(*headers, other, with, at).has_value() == (other == body));
}

BOOST_AUTO_TEST_SUITE_END()

} // namespace dossier
