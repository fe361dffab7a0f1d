// SPDX-License-Identifier: Apache-2.0
#include "protocol/command_reply.hpp"

#include <boost/test/unit_test.hpp>

using namespace dossier;

namespace command_reply_tests {

const arrival asked{inbox_place{3, 7}, "dossier.document.create", "id \"1\"", "acme", "00-ab"};
constexpr timestamp noon = from_ms(1'800'000'000'000);

} // namespace command_reply_tests

BOOST_AUTO_TEST_SUITE(command_reply_tests)

BOOST_AUTO_TEST_CASE(what_was_done_is_read_back) {
  const auto id = entity_id::make(noon, 3, {1, 2, 3});
  const auto read = decode_reply(encode_reply(asked, noon, command_done{id, 4, noon + seconds{1}}));
  BOOST_REQUIRE(read);
  BOOST_TEST(read->command == asked.command);
  BOOST_TEST(read->command_id == asked.command_id);
  BOOST_TEST(read->customer == "acme");
  BOOST_TEST(read->traceparent == "00-ab");
  BOOST_TEST((read->at == noon));
  const auto& done = std::get<command_done>(read->outcome);
  BOOST_TEST((done.document == id));
  BOOST_TEST(done.version == 4u);
  BOOST_TEST((done.upload_expires_at == noon + seconds{1}));
  const auto later = decode_reply(encode_reply(asked, noon, command_done{id, 4, {}}));
  BOOST_TEST(!std::get<command_done>(later->outcome).upload_expires_at.has_value());
}

BOOST_AUTO_TEST_CASE(the_job_that_was_asked_for_is_read_back) {
  const auto id = entity_id::make(from_ms(0), 3, {1, 2, 3});
  const job_taken was{id, 7, ingestion::status::partially_succeeded};
  const auto read = decode_reply(encode_reply(asked, noon, was));
  BOOST_REQUIRE(read);
  const auto& taken = std::get<job_taken>(read->outcome);
  BOOST_TEST((taken.job == id));
  BOOST_TEST(taken.version == 7u);
  BOOST_TEST((taken.status == ingestion::status::partially_succeeded));
}

BOOST_AUTO_TEST_CASE(why_it_was_refused_is_read_back) {
  const auto why = fail(errc::gone, "It \"ended\"\n", "/documentId");
  const auto read = decode_reply(encode_reply(asked, noon, why));
  BOOST_REQUIRE(read);
  const auto& refused = std::get<failure>(read->outcome);
  BOOST_TEST((refused.code == errc::gone));
  BOOST_TEST(refused.why == why.why);
  BOOST_TEST(refused.where == why.where);
}

BOOST_AUTO_TEST_CASE(nobody_is_answered_without_a_command) {
  BOOST_TEST(encode_reply({}, noon, fail(errc::malformed, "x")).empty());
}

BOOST_AUTO_TEST_CASE(other_bytes_are_corrupt) {
  const auto good = encode_reply(asked, noon, fail(errc::gone, "x"));
  for (const auto& bad : {std::string{}, std::string{"{}"}, std::string{"[]"},
                          good.substr(0, good.size() - 1), std::string{R"({"command":1})"}}) {
    const auto read = decode_reply(bad);
    BOOST_REQUIRE(!read);
    BOOST_TEST((read.error().code == errc::corrupt));
  }
}

BOOST_AUTO_TEST_SUITE_END()
