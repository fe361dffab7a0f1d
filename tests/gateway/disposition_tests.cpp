// SPDX-License-Identifier: Apache-2.0
// Strangers' names and types do no harm.
#include "gateway/disposition.hpp"

#include <boost/test/unit_test.hpp>

#include <string>

using namespace dossier;

BOOST_AUTO_TEST_SUITE(disposition_tests)

BOOST_AUTO_TEST_CASE(a_plain_name_is_quoted) {
  BOOST_TEST(attachment_of("May 2026.pdf") == "attachment; filename=\"May 2026.pdf\"");
}

BOOST_AUTO_TEST_CASE(any_other_name_is_given_twice) {
  BOOST_TEST(attachment_of("é.pdf")
             == "attachment; filename=\"_.pdf\"; filename*=UTF-8''%C3%A9.pdf");
  BOOST_TEST(attachment_of("文書.txt")
             == "attachment; filename=\"__.txt\"; filename*=UTF-8''%E6%96%87%E6%9B%B8.txt");
  BOOST_TEST(attachment_of("😀") == "attachment; filename=\"_\"; filename*=UTF-8''%F0%9F%98%80");
}

BOOST_AUTO_TEST_CASE(what_would_end_the_quotes_is_encoded) {
  BOOST_TEST(attachment_of("a\"b;c%41'.txt")
             == "attachment; filename=\"a_b_c_41_.txt\"; filename*=UTF-8''a%22b%3Bc%2541%27.txt");
}

BOOST_AUTO_TEST_CASE(paths_and_hidden_names_are_undone) {
  BOOST_TEST(attachment_of("../../etc/passwd") == "attachment; filename=\"_._.._etc_passwd\"");
  BOOST_TEST(attachment_of("C:\\a") == "attachment; filename=\"C:_a\"");
  BOOST_TEST(attachment_of(".bashrc") == "attachment; filename=\"_bashrc\"");
  BOOST_TEST(attachment_of("") == "attachment; filename=\"download\"");
}

BOOST_AUTO_TEST_CASE(nothing_breaks_the_header_or_the_writing_direction) {
  BOOST_TEST(attachment_of("a\r\nX: y") == "attachment; filename=\"a__X: y\"");
  BOOST_TEST(attachment_of("\u202Egpj.exe") == "attachment; filename=\"_gpj.exe\"");
  BOOST_TEST(attachment_of("a\u0085b\u2066c\ufeff") == "attachment; filename=\"a_b_c_\"");
}

BOOST_AUTO_TEST_CASE(no_bytes_at_all_break_the_header) {
  for (int first = 0; first < 256; ++first) {
    for (int second = 0; second < 256; ++second) {
      const std::string name{static_cast<char>(first), static_cast<char>(second)};
      const auto field = attachment_of(name);
      const auto quoted = field.find('"');
      const auto end = field.find('"', quoted + 1);
      BOOST_REQUIRE(end != std::string::npos);
      const auto rest = field.substr(end + 1);
      BOOST_REQUIRE(rest.empty() || rest.starts_with("; filename*=UTF-8''"));
      for (const char c : field)
        BOOST_REQUIRE(c >= 0x20 && c < 0x7f);
    }
  }
}

BOOST_AUTO_TEST_CASE(harmless_types_stay) {
  for (const auto* type :
       {"application/pdf", "image/png", "text/plain", "text/csv", "application/json",
        "application/zip", "video/mp4",
        "application/vnd.openxmlformats-officedocument.wordprocessingml.document"})
    BOOST_TEST(safe_content_type(type) == type);
}

BOOST_AUTO_TEST_CASE(types_that_a_browser_would_run_do_not) {
  for (const auto* type : {"text/html",
                           "TEXT/HTML",
                           "application/xhtml+xml",
                           "image/svg+xml",
                           "text/xml",
                           "application/xml",
                           "application/rss+xml",
                           "application/xml-dtd",
                           "text/javascript",
                           "application/x-javascript",
                           "application/ecmascript",
                           "text/css",
                           "text/xsl",
                           "application/wasm",
                           "multipart/mixed",
                           "message/rfc822",
                           "text/cache-manifest",
                           "application/hta",
                           "application/x-shockwave-flash",
                           "text/vbscript",
                           "nonsense",
                           "text/plain; charset=utf-8",
                           "text/plain\r\nX: y",
                           ""})
    BOOST_TEST(safe_content_type(type) == "application/octet-stream", type);
}

BOOST_AUTO_TEST_SUITE_END()
