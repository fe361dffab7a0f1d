// SPDX-License-Identifier: Apache-2.0
// Events in JSON. tests/golden holds each shape that was ever written: files are added, never
// edited.
#include "protocol/document.hpp"

#include "tests/protocol/event_codec.hpp"

#include <boost/test/unit_test.hpp>
#include <nlohmann/json.hpp>
#include <rapidcheck/boost_test.h>

#include <set>
#include <string>
#include <vector>

namespace dossier::document {

namespace document_codec_tests {

constexpr dossier::testing::event_codec codec{decode_event};

constexpr timestamp t0 = from_ms(1'795'240'430'123);

/// One of each event, with every member set: what the golden files of version 1 hold.
std::vector<event> one_of_each() {
  const sha256_digest sha256 = sha256_of("abc");
  return {
    created{"acme",
            "invoice",
            "r\u00e9sum\u00e9 \"1\".pdf",
            "application/pdf",
            "20261121055350_0badcafe_r\u00e9sum\u00e9 \"1\".pdf",
            t0 + seconds{7200},
            3,
            sha256,
            t0 + seconds{900},
            t0 + seconds{86'400},
            {3600, 60}},
    content_stored{sha256, 3},
    uploaded{"acme", "invoice", "20261121055350_0badcafe_a.pdf", sha256, 3},
    changed{t0 + seconds{10'800}, "b.pdf", "receipt"},
    expiring{"acme", "receipt", t0 + seconds{10'800}, 60},
    expired{"acme", "receipt", t0 + seconds{10'800}, true},
    abandoned{"acme", "invoice"},
    removed{"acme", "invoice", true},
  };
}

/// The event of that kind with its member `name` replaced by `value`, as text.
std::string with(const encoded_event& e, const std::string& name, const nlohmann::json& value) {
  auto data = nlohmann::json::parse(e.data);
  data[name] = value;
  return data.dump();
}

} // namespace document_codec_tests

BOOST_AUTO_TEST_SUITE(document_codec_tests)

BOOST_AUTO_TEST_CASE(each_event_has_its_golden_file_and_is_written_like_it) {
  codec.writes_as_golden(one_of_each());
}

BOOST_AUTO_TEST_CASE(every_golden_file_ever_added_is_still_read) {
  codec.reads_every_golden("CustomerDocument");
}

BOOST_AUTO_TEST_CASE(types_are_named_once) {
  std::set<std::string_view> names;
  for (const auto& e : one_of_each())
    names.insert(encode(e).type);
  BOOST_TEST(names.size() == std::variant_size_v<event>);
}

BOOST_AUTO_TEST_CASE(what_is_not_set_is_left_out_and_reads_back_so) {
  const created bare{"acme", "invoice", "a", "text/plain", "p", {}, {}, {}, t0, t0, {}};
  BOOST_TEST(encode(bare).data.find("expiryDate") == std::string::npos);
  BOOST_TEST(encode(bare).data.find("sha256") == std::string::npos);
  BOOST_TEST(encode(bare).data.find("sizeBytes") == std::string::npos);
  codec.reads_back(bare);
}

BOOST_AUTO_TEST_CASE(an_expiry_left_alone_removed_and_set_are_three_things) {
  BOOST_TEST(encode(changed{}).data == "{}");
  const changed removing{std::optional<timestamp>{}, {}, {}};
  BOOST_TEST(encode(removing).data == R"({"expiryDate":null})");
  BOOST_TEST(encode(changed{t0, {}, {}}).data == R"({"expiryDate":"2026-11-21T05:53:50.123Z"})");
  codec.reads_back(changed{});
  codec.reads_back(removing);
  codec.reads_back(changed{t0, {}, {}});
  codec.reads_back(changed{{}, "", ""});
}

RC_BOOST_PROP(any_texts_and_numbers_read_back, ()) {
  // ASCII with all its control characters; other characters are json_text_tests' matter.
  const auto text = [] {
    return *rc::gen::container<std::string>(rc::gen::inRange<char>(0, 0x7f));
  };
  const auto time = [] {
    return from_ms(*rc::gen::inRange<std::int64_t>(0, to_ms(timestamp_max)));
  };
  const created e{text(),
                  text(),
                  text(),
                  text(),
                  text(),
                  time(),
                  *rc::gen::arbitrary<std::uint64_t>(),
                  sha256_of(text()),
                  time(),
                  time(),
                  {*rc::gen::positive<std::int64_t>(), 0}};
  const auto encoded = encode(e);
  const auto read = decode_event(encoded.type, encoded.version, encoded.data);
  RC_ASSERT(read.has_value());
  RC_ASSERT(*read == event(e));
}

BOOST_AUTO_TEST_CASE(unknown_types_and_versions_are_corrupt_by_name) {
  codec.is_corrupt("CustomerDocumentRenamedEvent", 1, "{}");
  codec.is_corrupt("", 1, "{}");
  codec.is_corrupt("CustomerDocumentAbandonedEvent", 0, encode(abandoned{"a", "b"}).data);
  codec.is_corrupt("CustomerDocumentAbandonedEvent", 2, encode(abandoned{"a", "b"}).data);
  const auto read = decode_event("CustomerDocumentAbandonedEvent", 2, "{}");
  BOOST_REQUIRE(!read);
  BOOST_TEST(read.error().why.find("version 2") != std::string::npos);
}

BOOST_AUTO_TEST_CASE(a_member_too_few_too_many_or_of_another_kind_is_corrupt) {
  for (const auto& e : one_of_each()) {
    const auto encoded = encode(e);
    const auto data = nlohmann::json::parse(encoded.data);
    codec.is_corrupt(encoded.type, 1, with(encoded, "unknown", 1));
    for (const auto& [name, value] : data.items()) {
      for (const nlohmann::json& other :
           {nlohmann::json::object(), nlohmann::json(-1), nlohmann::json(1.5)})
        codec.is_corrupt(encoded.type, 1, with(encoded, name, other));
      auto without = data;
      without.erase(name);
      if (std::holds_alternative<changed>(e)) // All of its members are optional.
        continue;
      const bool is_optional = std::holds_alternative<created>(e)
                               && (name == "expiryDate" || name == "sizeBytes" || name == "sha256");
      BOOST_TEST(decode_event(encoded.type, 1, without.dump()).has_value() == is_optional, name);
      codec.is_corrupt(encoded.type, 1, with(encoded, name, nullptr));
    }
  }
}

BOOST_AUTO_TEST_CASE(values_that_were_never_written_are_corrupt) {
  const auto stored = encode(content_stored{sha256_of(""), 1});
  codec.is_corrupt(stored.type, 1, with(stored, "sha256", "00"));
  codec.is_corrupt(stored.type, 1, with(stored, "sha256", std::string(64, 'g')));
  codec.is_corrupt(stored.type, 1, with(stored, "sizeBytes", "1"));
  const auto born = encode(one_of_each().front());
  codec.is_corrupt(born.type, 1, with(born, "leadsSeconds", {60, 3600}));
  codec.is_corrupt(born.type, 1, with(born, "leadsSeconds", {60, 60}));
  codec.is_corrupt(born.type, 1, with(born, "leadsSeconds", {60, "1"}));
  codec.is_corrupt(born.type, 1, with(born, "leadsSeconds", {9'223'372'036'854'775'808ULL}));
  codec.is_corrupt(born.type, 1, with(born, "abandonedAt", "2026-11-21"));
  codec.is_corrupt(born.type, 1, with(born, "abandonedAt", "1969-12-31T23:59:59Z"));
  const auto gone = encode(removed{"a", "b", true});
  codec.is_corrupt(gone.type, 1, with(gone, "wasUploaded", "true"));
}

BOOST_AUTO_TEST_CASE(payloads_that_are_no_object_of_utf_8_are_corrupt) {
  for (const char* data :
       {"", "null", "[]", "1", "\"x\"", "{", "{}x", "{\"customerId\":\"a\",\"documentType\":\"b\"",
        "{\"customerId\":\"\xff\",\"documentType\":\"b\"}",
        "{\"customerId\":\"\\ud800\",\"documentType\":\"b\"}"})
    codec.is_corrupt("CustomerDocumentAbandonedEvent", 1, data);
}

BOOST_AUTO_TEST_CASE(every_truncation_is_corrupt) {
  codec.are_corrupt_when_cut(one_of_each());
}

BOOST_AUTO_TEST_CASE(statuses_read_back_by_name_and_no_other_name_is_one) {
  for (const status s :
       {status::pending, status::uploaded, status::expired, status::deleted, status::abandoned}) {
    const auto read = parse_status(to_string(s));
    BOOST_REQUIRE(read);
    BOOST_TEST((*read == s));
  }
  for (const char* name : {"", "Pending", "absent", "unknown"}) {
    const auto read = parse_status(name);
    BOOST_REQUIRE(!read);
    BOOST_TEST(to_string(read.error().code) == to_string(errc::invalid_argument));
    BOOST_TEST(read.error().where == "status");
  }
}

BOOST_AUTO_TEST_CASE(each_command_has_its_name) {
  BOOST_TEST(name_of(create{}) == "create");
  BOOST_TEST(name_of(store_content{}) == "store-content");
  BOOST_TEST(name_of(confirm_upload{}) == "confirm-upload");
  BOOST_TEST(name_of(change{}) == "change");
  BOOST_TEST(name_of(remove{}) == "remove");
  BOOST_TEST(name_of(fire_timer{}) == "fire-timer");
}

BOOST_AUTO_TEST_SUITE_END()

} // namespace dossier::document
