// SPDX-License-Identifier: Apache-2.0
#include "protocol/destination.hpp"

#include <boost/test/unit_test.hpp>
#include <rapidcheck/boost_test.h>

#include <algorithm>
#include <string>
#include <vector>

namespace dossier {

namespace destination_tests {

ip_address read(std::string_view text) {
  const auto address = ip_address::parse(text);
  BOOST_REQUIRE_MESSAGE(address.has_value(), text);
  return *address;
}

void is_refused(const std::string& url, std::string_view because) {
  BOOST_TEST_INFO_SCOPE(url);
  const auto parsed = destination::parse(url);
  BOOST_REQUIRE(!parsed);
  BOOST_TEST(to_string(parsed.error().code) == to_string(errc::invalid_argument));
  BOOST_TEST(parsed.error().where == "url");
  BOOST_TEST(parsed.error().why.find(because) != std::string::npos, parsed.error().why);
}

void is_read_as(std::string_view url, std::string_view host, std::uint16_t port,
                std::string_view target) {
  BOOST_TEST_INFO_SCOPE(url);
  const auto parsed = destination::parse(url);
  BOOST_REQUIRE_MESSAGE(parsed.has_value(), parsed.error().why);
  BOOST_TEST(parsed->host == host);
  BOOST_TEST(parsed->port == port);
  BOOST_TEST(parsed->target == target);
}

/// The first and the last address of a block, and its neighbours outside.
struct edges {
  const char* before; ///< Null where the neighbour is in another block.
  const char* first;
  const char* last;
  const char* after;
};

void all_private(const std::vector<edges>& blocks) {
  for (const auto& b : blocks) {
    BOOST_TEST(is_private(read(b.first)), b.first);
    BOOST_TEST(is_private(read(b.last)), b.last);
    if (b.before)
      BOOST_TEST(!is_private(read(b.before)), b.before);
    if (b.after)
      BOOST_TEST(!is_private(read(b.after)), b.after);
  }
}

const std::vector<edges> private_v4{
  {nullptr, "0.0.0.0", "0.255.255.255", "1.0.0.0"},
  {"9.255.255.255", "10.0.0.0", "10.255.255.255", "11.0.0.0"},
  {"100.63.255.255", "100.64.0.0", "100.127.255.255", "100.128.0.0"},
  {"126.255.255.255", "127.0.0.0", "127.255.255.255", "128.0.0.0"},
  {"169.253.255.255", "169.254.0.0", "169.254.255.255", "169.255.0.0"},
  {"172.15.255.255", "172.16.0.0", "172.31.255.255", "172.32.0.0"},
  {"191.255.255.255", "192.0.0.0", "192.0.0.255", "192.0.1.0"},
  {"192.0.1.255", "192.0.2.0", "192.0.2.255", "192.0.3.0"},
  {"192.88.98.255", "192.88.99.0", "192.88.99.255", "192.88.100.0"},
  {"192.167.255.255", "192.168.0.0", "192.168.255.255", "192.169.0.0"},
  {"198.17.255.255", "198.18.0.0", "198.19.255.255", "198.20.0.0"},
  {"198.51.99.255", "198.51.100.0", "198.51.100.255", "198.51.101.0"},
  {"203.0.112.255", "203.0.113.0", "203.0.113.255", "203.0.114.0"},
  {"223.255.255.255", "224.0.0.0", "239.255.255.255", nullptr},
  {nullptr, "240.0.0.0", "255.255.255.255", nullptr},
};

const std::vector<edges> private_v6{
  // Unspecified, loopback, IPv4-compatible, and all up to the mapped ones.
  {nullptr, "::", "::fffe:ffff:ffff", nullptr},
  {nullptr, "::1", "::1", nullptr},
  {nullptr, "::8.8.8.8", "::8.8.8.8", nullptr},
  {nullptr, "::ffff:0:8.8.8.8", "::ffff:0:8.8.8.8", nullptr}, // IPv4-translated.
  {nullptr, "64:ff9b:1::", "64:ff9b:1:ffff:ffff:ffff:ffff:ffff", nullptr},
  {nullptr, "100::", "100::ffff:ffff:ffff:ffff", nullptr},
  {nullptr, "100:0:0:1::", "1fff:ffff:ffff:ffff:ffff:ffff:ffff:ffff", "2000::"},
  {"2000:ffff:ffff:ffff:ffff:ffff:ffff:ffff", "2001::", "2001:1ff:ffff:ffff:ffff:ffff:ffff:ffff",
   "2001:200::"},
  {"2001:db7:ffff:ffff:ffff:ffff:ffff:ffff", "2001:db8::", "2001:db8:ffff:ffff:ffff:ffff:ffff:ffff",
   "2001:db9::"},
  {"3ffe:ffff:ffff:ffff:ffff:ffff:ffff:ffff", "3fff::", "3fff:fff:ffff:ffff:ffff:ffff:ffff:ffff",
   "3fff:1000::"},
  {"3fff:ffff:ffff:ffff:ffff:ffff:ffff:ffff", "4000::", "fbff:ffff:ffff:ffff:ffff:ffff:ffff:ffff",
   nullptr},
  {nullptr, "fc00::", "fdff:ffff:ffff:ffff:ffff:ffff:ffff:ffff", nullptr},
  {nullptr, "fe00::", "fe7f:ffff:ffff:ffff:ffff:ffff:ffff:ffff", nullptr},
  {nullptr, "fe80::", "febf:ffff:ffff:ffff:ffff:ffff:ffff:ffff", nullptr},
  {nullptr, "fec0::", "feff:ffff:ffff:ffff:ffff:ffff:ffff:ffff", nullptr},
  {nullptr, "ff00::", "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff", nullptr},
};

const std::vector<const char*> public_v4{"1.1.1.1",     "8.8.8.8",        "93.184.216.34",
                                         "192.0.66.2",  "198.41.0.4",     "203.0.0.1",
                                         "172.217.1.1", "169.255.169.254"};

std::array<std::uint8_t, 16> v6_with(std::initializer_list<std::uint8_t> start, std::size_t at,
                                     const ip_address& inside) {
  std::array<std::uint8_t, 16> bytes{};
  std::ranges::copy(start, bytes.begin());
  std::ranges::copy(inside.bytes(), bytes.begin() + static_cast<std::ptrdiff_t>(at));
  return bytes;
}

/// The forms in which an IPv6 address holds this IPv4 one.
std::vector<ip_address> forms_of(const ip_address& v4) {
  return {
    ip_address::v6(v6_with({0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff}, 12, v4)), // Mapped.
    ip_address::v6(v6_with({0x00, 0x64, 0xff, 0x9b}, 12, v4)),                   // NAT64.
    ip_address::v6(v6_with({0x20, 0x02}, 2, v4)),                                // 6to4.
  };
}

} // namespace destination_tests

BOOST_AUTO_TEST_SUITE(destination_tests)

BOOST_AUTO_TEST_CASE(every_special_ipv4_block_is_private_from_end_to_end) {
  all_private(private_v4);
  for (const auto* text : public_v4)
    BOOST_TEST(!is_private(read(text)), text);
}

BOOST_AUTO_TEST_CASE(every_special_ipv6_block_is_private_from_end_to_end) {
  all_private(private_v6);
  for (const auto* text : {"2606:4700:4700::1111", "2001:4860:4860::8888", "2a00:1450::1",
                           "2003::1", "2620:fe::fe", "3fff:1000::1"})
    BOOST_TEST(!is_private(read(text)), text);
}

BOOST_AUTO_TEST_CASE(every_first_byte_of_ipv4_is_judged_right) {
  for (unsigned first = 0; first < 256; ++first) {
    const bool is_special = first == 0 || first == 10 || first == 127 || first >= 224;
    BOOST_TEST(
      is_private(ip_address::v4({static_cast<std::uint8_t>(first), 1, 1, 1})) == is_special, first);
  }
}

BOOST_AUTO_TEST_CASE(an_ipv4_address_inside_an_ipv6_one_is_judged_alike) {
  for (const auto& b : private_v4)
    for (const auto* text : {b.before, b.first, b.last, b.after})
      if (text)
        for (const auto& form : forms_of(read(text)))
          BOOST_TEST(is_private(form) == is_private(read(text)), text);
  // The spellings that a resolver or a person would use.
  for (const auto* text :
       {"::ffff:127.0.0.1", "::ffff:7f00:1", "::ffff:a9fe:a9fe", "64:ff9b::10.0.0.1",
        "64:ff9b::a00:1", "2002:7f00:1::1", "2002:c0a8:101::", "2002:a00:1:ffff::8"})
    BOOST_TEST(is_private(read(text)), text);
  for (const auto* text : {"::ffff:8.8.8.8", "64:ff9b::808:808", "2002:808:808::1"})
    BOOST_TEST(!is_private(read(text)), text);
}

RC_BOOST_PROP(ipv4_agrees_with_plain_comparisons_of_numbers, ()) {
  const auto n = *rc::gen::arbitrary<std::array<std::uint8_t, 4>>();
  const auto [a, b, c, d] = n;
  const bool is_special = a == 0 || a == 10 || a == 127 || a >= 224
                          || (a == 100 && b >= 64 && b <= 127) || (a == 169 && b == 254)
                          || (a == 172 && b >= 16 && b <= 31) || (a == 192 && b == 168)
                          || (a == 192 && b == 0 && (c == 0 || c == 2))
                          || (a == 192 && b == 88 && c == 99) || (a == 198 && (b == 18 || b == 19))
                          || (a == 198 && b == 51 && c == 100) || (a == 203 && b == 0 && c == 113);
  RC_ASSERT(is_private(ip_address::v4(n)) == is_special);
  for (const auto& form : forms_of(ip_address::v4(n)))
    RC_ASSERT(is_private(form) == is_special);
}

BOOST_AUTO_TEST_CASE(addresses_are_read_strictly) {
  BOOST_TEST(read("1.2.3.4").is_v4());
  BOOST_TEST((read("1.2.3.4") == ip_address::v4({1, 2, 3, 4})));
  BOOST_TEST(!read("::1.2.3.4").is_v4());
  BOOST_TEST(read("::1").bytes().size() == 16u);
  BOOST_TEST(read("1.2.3.4").bytes().size() == 4u);
  for (const auto& text : std::vector<std::string>{"",
                                                   " ",
                                                   "1",
                                                   "1.2.3",
                                                   "1.2.3.4.5",
                                                   "1.2.3.256",
                                                   "01.2.3.4",
                                                   "1.2.3.4 ",
                                                   " 1.2.3.4",
                                                   "0x1.2.3.4",
                                                   "1.2.3.-4",
                                                   "[::1]",
                                                   "::1%lo",
                                                   "fe80::1%25eth0",
                                                   ":::",
                                                   "1::2::3",
                                                   "12345::",
                                                   "1:2:3:4:5:6:7",
                                                   "1:2:3:4:5:6:7:8:9",
                                                   "::g",
                                                   std::string("1.2.3.4\0", 8),
                                                   std::string("::1\0::1", 7),
                                                   std::string(1'000, '1')}) {
    const auto refused = ip_address::parse(text);
    BOOST_REQUIRE_MESSAGE(!refused, text);
    BOOST_TEST(to_string(refused.error().code) == to_string(errc::invalid_argument));
  }
}

BOOST_AUTO_TEST_CASE(a_url_is_taken_apart) {
  is_read_as("https://example.com", "example.com", 443, "/");
  is_read_as("http://example.com", "example.com", 80, "/");
  is_read_as("HTTPS://Example.COM/Hook", "example.com", 443, "/Hook");
  is_read_as("https://example.com:8443/a/b?c=d&e=%20f", "example.com", 8443, "/a/b?c=d&e=%20f");
  is_read_as("https://example.com?x=1", "example.com", 443, "/?x=1");
  is_read_as("https://example.com/?", "example.com", 443, "/?");
  is_read_as("https://example.com/a@b:c?http://u@h", "example.com", 443, "/a@b:c?http://u@h");
  is_read_as("https://xn--bcher-kva.example/", "xn--bcher-kva.example", 443, "/");
  is_read_as("http://my_service-1.internal:1/", "my_service-1.internal", 1, "/");
  is_read_as("http://localhost:65535/", "localhost", 65535, "/");
  is_read_as("http://1e100.net/", "1e100.net", 80, "/");
  BOOST_TEST(destination::parse("https://h.example").value().is_https);
  BOOST_TEST(!destination::parse("http://h.example").value().is_https);
  BOOST_TEST(!destination::parse("http://h.example").value().address.has_value());
}

BOOST_AUTO_TEST_CASE(literal_addresses_come_out_as_addresses) {
  is_read_as("http://93.184.216.34:81/x", "93.184.216.34", 81, "/x");
  is_read_as("https://[2606:4700::1111]/x", "2606:4700::1111", 443, "/x");
  is_read_as("https://[::FFFF:10.0.0.1]:444", "::ffff:10.0.0.1", 444, "/");
  BOOST_TEST(
    (destination::parse("http://10.1.2.3/").value().address == ip_address::v4({10, 1, 2, 3})));
  BOOST_TEST(is_private(destination::parse("https://[::ffff:10.0.0.1]").value().address.value()));
  BOOST_TEST(!is_private(destination::parse("https://[2606:4700::1]").value().address.value()));
}

BOOST_AUTO_TEST_CASE(other_schemes_are_refused) {
  for (const auto* url :
       {"", "example.com", "//example.com/", "ftp://example.com/", "file:///etc/passwd",
        "httpss://example.com", "http:/example.com", "http:example.com", " https://example.com",
        "javascript:alert(1)", "gopher://127.0.0.1:6379/_x", "://example.com", "https//a://b"})
    is_refused(url, "https:// or http://");
}

BOOST_AUTO_TEST_CASE(users_fragments_and_missing_hosts_are_refused) {
  for (const auto* url : {"https://user@example.com/", "https://user:secret@example.com/",
                          "https://@example.com", "https://example.com:80@10.0.0.1/"})
    is_refused(url, "names a user");
  for (const auto* url : {"https://example.com/#", "https://example.com/a#b", "https://a.b#@c"})
    is_refused(url, "fragment");
  for (const auto* url : {"https://", "https:///path", "https://:443/", "https://?x"})
    is_refused(url, "names no host");
}

BOOST_AUTO_TEST_CASE(ports_are_1_to_65535) {
  for (const auto* url :
       {"https://a.example:", "https://a.example:/", "https://a.example:0", "https://a.example:00",
        "https://a.example:080", "https://a.example:65536", "https://a.example:99999999999",
        "https://a.example:-1", "https://a.example:+1", "https://a.example:8o",
        "https://a.example:80:80", "https://a.example: 80", "https://[::1]:", "https://[::1]:0"})
    is_refused(url, "port");
}

BOOST_AUTO_TEST_CASE(hosts_are_dns_names) {
  for (const auto& host : std::vector<std::string>{".",
                                                   "a.",
                                                   ".a",
                                                   "a..b",
                                                   "-a.example",
                                                   "a-.example",
                                                   "a b",
                                                   "ex%61mple.com",
                                                   "b\xc3\xbc.de",
                                                   "a\\b",
                                                   "a,b",
                                                   "a;b",
                                                   "a*b",
                                                   "a\tb",
                                                   "a\r\nb",
                                                   std::string("a\0b", 3),
                                                   "127.0.0.1.",
                                                   std::string(64, 'a') + ".example",
                                                   "::1]",
                                                   "a[b"})
    is_refused("https://" + host + "/", host.find(':') == 0 ? "names no host" : "DNS name");
  BOOST_TEST(destination::parse("https://" + std::string(63, 'a') + ".example").has_value());
  std::string longest;
  for (int i = 0; i < 126; ++i)
    longest += "a.";
  is_read_as("https://" + longest + "b", longest + "b", 443, "/");
  is_refused("https://" + longest + "bb", "253");
}

BOOST_AUTO_TEST_CASE(what_some_resolvers_take_for_an_address_is_refused) {
  for (const auto* host :
       {"127.1", "2130706433", "0x7f000001", "0x7f.0.0.1", "0177.0.0.1", "127.0.0.0x1",
        "127.0.0.01", "256.1.1.1", "1.2.3.4.5", "a.1", "a.0x", "0", "0X7F.1", "017700000001"})
    is_refused(std::string("http://") + host + "/", "ends in a number");
}

BOOST_AUTO_TEST_CASE(brackets_hold_an_ipv6_address_and_nothing_else) {
  for (const auto* host : {"[]", "[1.2.3.4]", "[example.com]", "[fe80::1%25eth0]", "[fe80::1%lo]",
                           "[v1.x]", "[[::1]]", "[::1 ]"})
    is_refused(std::string("http://") + host + "/", "brackets");
  is_refused("http://[::1/", "not closed");
  is_refused("http://[::1]x/", "between its host and its path");
  is_refused("http://[::1]::80/", "port");
}

BOOST_AUTO_TEST_CASE(a_path_cannot_end_the_request_line) {
  for (const auto& target : std::vector<std::string>{
         "/a b", "/a\r\nHost: x", "/\t", "/\x7f", "/\xc3\xbc", "/a\\b", "/\"", "/<x>", "/{x}", "/|",
         "/^", "/`", "/?a[]=1", std::string("/a\0b", 4)})
    is_refused("https://a.example" + target, "percent-encoded");
  for (const auto* target : {"/%", "/%4", "/%zz", "/a%2", "/%%41", "/?x=%g1"})
    is_refused(std::string("https://a.example") + target, "hexadecimal");
}

BOOST_AUTO_TEST_CASE(urls_have_at_most_2048_bytes) {
  const std::string start = "https://a.example/";
  BOOST_TEST(destination::parse(start + std::string(2'048 - start.size(), 'x')).has_value());
  is_refused(start + std::string(2'049 - start.size(), 'x'), "2048");
}

RC_BOOST_PROP(whatever_is_accepted_has_only_plain_parts, ()) {
  const auto letters = std::string("aZ0:/@[].-%?#\\ x1\n~");
  const auto tail = *rc::gen::container<std::string>(rc::gen::elementOf(letters));
  const auto parsed = destination::parse("http://" + tail);
  if (!parsed)
    return;
  RC_ASSERT(parsed->port != 0);
  RC_ASSERT(!parsed->host.empty());
  RC_ASSERT(parsed->target.starts_with('/'));
  for (const auto& part : {parsed->host, parsed->target})
    RC_ASSERT(part.find_first_of("#\\ \n") == std::string::npos);
  RC_ASSERT(parsed->host.find_first_of("@/?%") == std::string::npos);
}

BOOST_AUTO_TEST_SUITE_END()

} // namespace dossier
