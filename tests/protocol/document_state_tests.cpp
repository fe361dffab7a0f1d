// SPDX-License-Identifier: Apache-2.0
// The state row: a cache that must read back exactly or be refused, never something else.
#include "actors/document/rules.hpp"

#include <boost/test/unit_test.hpp>
#include <rapidcheck/boost_test.h>

#include <string>
#include <vector>

namespace dossier::document {

namespace document_state_tests {

template <class T>
std::optional<T> maybe(const T& value) {
  return *rc::gen::arbitrary<bool>() ? std::optional<T>(value) : std::nullopt;
}

timestamp any_time() {
  return from_ms(*rc::gen::inRange<std::int64_t>(0, to_ms(timestamp_max) + 1));
}

std::string any_text() {
  return *rc::gen::arbitrary<std::string>();
}

content any_content() {
  return {sha256_of(any_text()), *rc::gen::arbitrary<std::uint64_t>()};
}

facts any_facts() {
  facts f;
  f.customer = any_text();
  f.document_type = any_text();
  f.file_name = any_text();
  f.content_type = any_text();
  f.blob_path = any_text();
  f.expiry = maybe(any_time());
  f.leads_s = *rc::gen::arbitrary<std::vector<std::int64_t>>();
  f.leads_pending_s = *rc::gen::arbitrary<std::vector<std::int64_t>>();
  f.upload_expires_at = any_time();
  f.abandoned_at = any_time();
  f.created_at = any_time();
  f.updated_at = any_time();
  return f;
}

state any_state() {
  switch (*rc::gen::inRange(0, 4)) {
  case 0:
    return absent{};
  case 1:
    return pending{any_facts(), maybe(*rc::gen::arbitrary<std::uint64_t>()),
                   maybe(sha256_of(any_text())), maybe(any_content())};
  case 2:
    return active{any_facts(), any_content()};
  default:
    return ended{any_facts(),
                 *rc::gen::element(status::expired, status::deleted, status::abandoned)};
  }
}

state some_state() {
  facts f;
  f.customer = "acme";
  f.document_type = "invoice";
  f.file_name = "a.pdf";
  f.content_type = "application/pdf";
  f.blob_path = "20261121055350_0badcafe_a.pdf";
  f.expiry = from_ms(1'795'240'430'123);
  f.leads_s = {3600, 60};
  f.leads_pending_s = {60};
  return pending{f, 3, sha256_of("abc"), content{sha256_of("abc"), 3}};
}

void is_corrupt(std::string_view bytes) {
  const auto read = decode_state(bytes);
  BOOST_REQUIRE(!read);
  BOOST_TEST(to_string(read.error().code) == to_string(errc::corrupt));
}

} // namespace document_state_tests

BOOST_AUTO_TEST_SUITE(document_state_tests)

RC_BOOST_PROP(every_state_reads_back_as_itself, ()) {
  const state s = any_state();
  const auto read = decode_state(encode_state(s));
  RC_ASSERT(read.has_value());
  RC_ASSERT(*read == s);
}

RC_BOOST_PROP(every_truncation_and_every_byte_too_many_is_corrupt, ()) {
  const std::string bytes = encode_state(any_state());
  for (std::size_t size = 0; size < bytes.size(); ++size) {
    const auto read = decode_state(std::string_view(bytes).substr(0, size));
    RC_ASSERT(!read.has_value());
    RC_ASSERT(read.error().code == errc::corrupt);
  }
  RC_ASSERT(!decode_state(bytes + '\0').has_value());
}

RC_BOOST_PROP(random_bytes_are_refused_or_read_as_what_they_say, ()) {
  std::string bytes = *rc::gen::arbitrary<std::string>();
  if (!bytes.empty() && *rc::gen::arbitrary<bool>())
    bytes[0] = *rc::gen::inRange<char>(0, 4);
  if (const auto read = decode_state(bytes))
    RC_ASSERT(encode_state(*read) == bytes);
}

RC_BOOST_PROP(one_changed_byte_is_refused_or_read_as_what_it_says, ()) {
  std::string bytes = encode_state(any_state());
  const auto at = *rc::gen::inRange<std::size_t>(0, bytes.size());
  bytes[at] = *rc::gen::arbitrary<char>();
  if (const auto read = decode_state(bytes))
    RC_ASSERT(encode_state(*read) == bytes);
}

BOOST_AUTO_TEST_CASE(lengths_beyond_the_row_are_corrupt_and_allocate_nothing) {
  // A text, then a list of leads, that claim four billion entries.
  is_corrupt(std::string("\x01\xff\xff\xff\xff", 5));
  const std::string good = encode_state(some_state());
  BOOST_REQUIRE(decode_state(good));
  const auto leads_at = good.find(std::string("\0\0\0\x02", 4)); // The count of leads_s.
  BOOST_REQUIRE(leads_at != std::string::npos);
  std::string bad = good;
  bad.replace(leads_at, 4, "\xff\xff\xff\xff");
  is_corrupt(bad);
}

BOOST_AUTO_TEST_CASE(phases_endings_and_times_out_of_bounds_are_corrupt) {
  is_corrupt("");
  is_corrupt("\x04");
  is_corrupt("\xff");
  const auto row_of = [](timestamp expiry, status how) {
    facts f;
    f.expiry = expiry;
    return encode_state(ended{f, how});
  };
  BOOST_TEST(decode_state(row_of(timestamp_max, status::expired)).has_value());
  is_corrupt(row_of(timestamp_max + milliseconds{1}, status::expired));
  is_corrupt(row_of(from_ms(-1), status::expired));
  is_corrupt(row_of(from_ms(0), status::pending));
  is_corrupt(row_of(from_ms(0), status::uploaded));
  is_corrupt(row_of(from_ms(0), static_cast<status>(6)));
}

BOOST_AUTO_TEST_CASE(a_changed_form_needs_a_new_state_format) {
  // If this fails, raise state_format: rows of older builds must not be read as the new form.
  BOOST_TEST(int{state_format} == 1);
  BOOST_TEST(to_hex(sha256_of(encode_state(some_state())))
             == "cf99a12f9b02b89d8ce680cdf925f97fcd7be453478c211ed445a65755818f32");
}

BOOST_AUTO_TEST_SUITE_END()

} // namespace dossier::document
