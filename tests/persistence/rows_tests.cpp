// SPDX-License-Identifier: Apache-2.0
// Values are frozen bytes; damaged ones are named by their key.
#include "persistence/rows.hpp"

#include "persistence/keys.hpp"
#include "tests/persistence/journal_samples.hpp"

#include <boost/test/unit_test.hpp>

#include <span>

using namespace dossier;
using namespace dossier::samples;

namespace rows_tests {

template <class Bytes>
std::string text_of(const Bytes& bytes) {
  return {bytes.data(), bytes.size()};
}

} // namespace rows_tests

BOOST_AUTO_TEST_SUITE(rows_tests)

BOOST_AUTO_TEST_CASE(the_bytes_of_each_value_are_frozen) {
  BOOST_TEST(hex(text_of(rows::head_of(state_row{0x0304, 2, "x"})))
             == "02"
                "0000000000000304");
  BOOST_TEST(hex(text_of(rows::head_of(answer_to(6, from_ms(0x0506)))))
             == "0000000000000506" + hex(std::string(32, '\x07')));
  const auto entity = entity_in(2, 1);
  BOOST_TEST(hex(text_of(rows::value_of_feed(entity, 5)))
             == "01" + hex(entity.id.view()) + "0000000000000005");
  BOOST_TEST(hex(text_of(rows::value_of_number(0x1122))) == "0000000000001122");
}

BOOST_AUTO_TEST_CASE(values_are_read_back_as_they_were_written) {
  const state_row state{UINT64_MAX, 255, std::string("\0a", 2)};
  const auto state_back
    = rows::parse_state("k", text_of(rows::head_of(state)) + state.bytes).value();
  BOOST_TEST(state_back.version == state.version);
  BOOST_TEST(state_back.format == state.format);
  BOOST_TEST((state_back.bytes == state.bytes));

  const auto answer = answer_to(6, from_ms(-5), "");
  const auto answer_back
    = rows::parse_answer(keys::answer_key(1, answer.id), text_of(rows::head_of(answer))).value();
  BOOST_TEST((answer_back.id == answer.id));
  BOOST_TEST((answer_back.fingerprint == answer.fingerprint));
  BOOST_TEST((answer_back.expires_at == answer.expires_at));
  BOOST_TEST(answer_back.bytes.empty());

  const auto entity = entity_in(2, 1);
  const auto row
    = rows::parse_feed(keys::feed_key(2, 8), text_of(rows::value_of_feed(entity, 5))).value();
  BOOST_TEST(row.shard == 2);
  BOOST_TEST(row.position == 8u);
  BOOST_TEST((row.entity == entity));
  BOOST_TEST(row.sequence == 5u);
  BOOST_TEST(rows::parse_number("k", text_of(rows::value_of_number(77))).value() == 77u);
}

BOOST_AUTO_TEST_CASE(values_of_a_wrong_size_are_refused_as_corrupt_naming_the_key) {
  const auto refused = rows::parse_state("\x01\xab", std::string(8, 'x'));
  BOOST_TEST((refused.error().code == errc::corrupt));
  BOOST_TEST(refused.error().why.find("01ab") != std::string::npos, refused.error().why);
  BOOST_TEST((rows::parse_answer(keys::answer_key(1, command(1)), std::string(39, 'x')).error().code
              == errc::corrupt));
  BOOST_TEST((rows::parse_number("k", "1234567").error().code == errc::corrupt));
  BOOST_TEST(!rows::expiry_of_answer(std::string(39, 'x')).has_value());
}

BOOST_AUTO_TEST_CASE(an_outbox_row_names_an_event_of_its_shard) {
  const auto key = keys::feed_key(2, 8);
  const auto value = text_of(rows::value_of_feed(entity_in(2, 1), 5));
  const auto is_corrupt = [&](std::string_view bytes) {
    const auto parsed = rows::parse_feed(key, bytes);
    return parsed.has_error() && parsed.error().code == errc::corrupt;
  };
  BOOST_TEST(!is_corrupt(value));
  BOOST_TEST(is_corrupt(value.substr(1)));
  BOOST_TEST(is_corrupt(value + 'x'));
  BOOST_TEST(is_corrupt(text_of(rows::value_of_feed(entity_in(3, 1), 5))));
  BOOST_TEST(is_corrupt(text_of(rows::value_of_feed(entity_in(2, 1), 0))));
}

BOOST_AUTO_TEST_SUITE_END()
