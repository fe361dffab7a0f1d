// SPDX-License-Identifier: Apache-2.0
// A signed URL permits exactly what it says, in exactly one spelling.
#include "gateway/signed_url.hpp"

#include <boost/test/unit_test.hpp>

#include <algorithm>
#include <string>
#include <vector>

using namespace dossier;

namespace signed_url_tests {

struct fixture {
  url_signer signer{std::string(32, 'k')};
  timestamp now = from_ms(1'800'000'000'000);
  entity_id document = entity_id::make(now, 7, {1, 2, 3, 4, 5, 6, 7, 8, 9, 10});
  content_grant grant{permission::download, document, now + seconds{900}};
  std::string url = signer.sign(grant);

  errc refusal_of(std::string_view target) const {
    const auto checked = signer.check(target, permission::download, now);
    return checked ? errc{} : checked.error().code;
  }
};

} // namespace signed_url_tests

BOOST_FIXTURE_TEST_SUITE(signed_url_tests, signed_url_tests::fixture)

BOOST_AUTO_TEST_CASE(a_url_has_the_documented_form) {
  BOOST_TEST(url.starts_with("/content/" + document.text() + "?se=1800000900&sp=r&sv=1&sig="));
  BOOST_TEST(url.size() == 9 + 29 + 4 + 10 + 5 + 5 + 5 + 43);
}

BOOST_AUTO_TEST_CASE(a_url_permits_what_it_was_signed_for) {
  const auto checked = signer.check(url, permission::download, now);
  BOOST_REQUIRE(checked);
  BOOST_TEST((checked->document == document));
  BOOST_TEST((checked->allows == permission::download));
  BOOST_TEST((checked->expires_at == grant.expires_at));
}

BOOST_AUTO_TEST_CASE(a_url_permits_nothing_else) {
  const auto upload = signer.check(url, permission::upload, now);
  BOOST_REQUIRE(!upload);
  BOOST_TEST((upload.error().code == errc::forbidden));
}

BOOST_AUTO_TEST_CASE(a_url_ends_at_its_second) {
  BOOST_TEST(
    signer.check(url, permission::download, grant.expires_at - milliseconds{1}).has_value());
  const auto late = signer.check(url, permission::download, grant.expires_at);
  BOOST_REQUIRE(!late);
  BOOST_TEST((late.error().code == errc::gone));
}

BOOST_AUTO_TEST_CASE(parts_of_a_second_are_cut_when_signing) {
  const content_grant uneven{permission::upload, document, now + milliseconds{1'999}};
  const auto checked = signer.check(signer.sign(uneven), permission::upload, now);
  BOOST_REQUIRE(checked);
  BOOST_TEST((checked->expires_at == now + seconds{1}));
}

BOOST_AUTO_TEST_CASE(no_single_changed_byte_passes) {
  std::size_t tried = 0;
  for (std::size_t at = 0; at < url.size(); ++at) {
    for (int byte = 0; byte < 256; ++byte) {
      auto changed = url;
      changed[at] = static_cast<char>(byte);
      if (changed == url)
        continue;
      ++tried;
      BOOST_REQUIRE_MESSAGE(refusal_of(changed) == errc::forbidden, changed);
    }
  }
  BOOST_TEST(tried == url.size() * 255);
}

BOOST_AUTO_TEST_CASE(no_byte_may_be_added_removed_or_doubled) {
  for (std::size_t at = 0; at <= url.size(); ++at) {
    for (const char c : std::string_view{"aA0=&?/%+ #;.\0", 14}) {
      auto longer = url;
      longer.insert(at, 1, c);
      BOOST_REQUIRE_MESSAGE(refusal_of(longer) == errc::forbidden, longer);
    }
    if (at < url.size())
      BOOST_REQUIRE(refusal_of(url.substr(0, at) + url.substr(at + 1)) == errc::forbidden);
    BOOST_REQUIRE(refusal_of(url.substr(0, at)) == (at == url.size() ? errc{} : errc::forbidden));
  }
}

BOOST_AUTO_TEST_CASE(no_percent_encoded_byte_passes) {
  constexpr std::string_view upper = "0123456789ABCDEF";
  constexpr std::string_view lower = "0123456789abcdef";
  for (std::size_t at = 0; at < url.size(); ++at) {
    const auto byte = static_cast<unsigned char>(url[at]);
    for (const auto digits : {upper, lower}) {
      auto encoded = url;
      encoded.replace(at, 1, {'%', digits[byte >> 4], digits[byte & 15]});
      BOOST_REQUIRE_MESSAGE(refusal_of(encoded) == errc::forbidden, encoded);
    }
  }
}

BOOST_AUTO_TEST_CASE(parameters_may_not_be_repeated_moved_or_joined_by_others) {
  const auto mark = url.find('?');
  const auto path = url.substr(0, mark);
  std::vector<std::string> parameters;
  for (std::size_t from = mark + 1; from < url.size();) {
    const auto end = std::min(url.find('&', from), url.size());
    parameters.push_back(url.substr(from, end - from));
    from = end + 1;
  }
  BOOST_REQUIRE(parameters.size() == 4u);
  const auto joined = [&](const std::vector<std::string>& list) {
    std::string text = path + "?";
    for (const auto& each : list)
      text += (text.back() == '?' ? "" : "&") + each;
    return text;
  };
  BOOST_TEST((refusal_of(joined(parameters)) == errc{}));
  auto order = parameters;
  std::sort(order.begin(), order.end());
  do {
    if (order != parameters)
      BOOST_TEST((refusal_of(joined(order)) == errc::forbidden), joined(order));
  } while (std::next_permutation(order.begin(), order.end()));
  for (std::size_t at = 0; at <= parameters.size(); ++at) {
    for (const auto& extra : {parameters[0], parameters[1], parameters[2], parameters[3],
                              std::string{"sp=w"}, std::string{"x=1"}, std::string{}}) {
      auto more = parameters;
      if (at == 0 && extra.empty())
        continue; // Nothing before the first one is nothing.
      more.insert(more.begin() + static_cast<std::ptrdiff_t>(at), extra);
      BOOST_TEST((refusal_of(joined(more)) == errc::forbidden), joined(more));
    }
  }
}

BOOST_AUTO_TEST_CASE(other_spellings_of_the_same_grant_are_refused) {
  const auto replaced = [&](std::string_view what, std::string_view with) {
    auto text = url;
    return text.replace(text.find(what), what.size(), with);
  };
  for (const auto& spelling :
       {replaced("se=1800000900", "se=01800000900"), replaced("se=1800000900", "se=+1800000900"),
        replaced("se=1800000900", "se=1800000900.0"), replaced("se=1800000900", "se=-1"),
        replaced("se=1800000900", "se=99999999999999999999"), replaced("sv=1", "sv=01"),
        replaced("sv=1", "sv=2"), replaced("/content/", "//content/"),
        replaced("/content/", "/content/./"), replaced("/content/", "/CONTENT/"),
        replaced("/content/", "http://h/content/"), url + "#", url + "=", std::string{},
        std::string{"/content/"}, std::string(5'000, 'a')})
    BOOST_TEST((refusal_of(spelling) == errc::forbidden), spelling);
}

BOOST_AUTO_TEST_CASE(another_secret_signs_otherwise) {
  const url_signer other{std::string(31, 'k') + "l"};
  BOOST_TEST(other.sign(grant) != url);
  BOOST_TEST(!other.check(url, permission::download, now).has_value());
}

BOOST_AUTO_TEST_CASE(a_signature_of_one_grant_does_not_fit_another) {
  for (const auto& other :
       {content_grant{permission::upload, document, grant.expires_at},
        content_grant{permission::download, document, grant.expires_at + seconds{1}},
        content_grant{permission::download, entity_id::make(now, 8, {}), grant.expires_at}}) {
    const auto signature = url.substr(url.size() - 43);
    auto forged = signer.sign(other);
    forged.replace(forged.size() - 43, 43, signature);
    BOOST_TEST(!signer.check(forged, other.allows, now).has_value());
  }
}

BOOST_AUTO_TEST_SUITE_END()
