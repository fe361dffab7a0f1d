// SPDX-License-Identifier: Apache-2.0
// Keys are kept hashed, found in constant time, and gone once revoked.
#include "gateway/auth.hpp"

#include "gateway/key_file.hpp"
#include "tests/support/scratch_directory.hpp"

#include <boost/test/unit_test.hpp>

#include <sys/stat.h>

#include <filesystem>
#include <fstream>
#include <iterator>
#include <thread>

using namespace dossier;

namespace auth_tests {

using role = principal::role_type;

class hand_clock final : public clock {
public:
  timestamp now() const override { return now_; }
  timestamp now_ = from_ms(1'800'000'000'000);
};

request with(std::vector<std::pair<std::string_view, std::string_view>> fields) {
  request r;
  r.fields = std::move(fields);
  return r;
}

struct fixture {
  scratch_directory directory;
  hand_clock time;
  std::string path = directory / "keys.json";

  std::unique_ptr<key_ring> open() {
    auto ring = key_ring::open(path, time);
    BOOST_REQUIRE_MESSAGE(ring.has_value(), ring.error().why);
    return std::move(*ring);
  }

  std::string text() const {
    std::ifstream file{path};
    return {std::istreambuf_iterator<char>{file}, {}};
  }

  static bool is_known(const key_ring& ring, std::string_view key) {
    return ring.find(with({{"x-functions-key", key}})).has_value();
  }
};

} // namespace auth_tests

BOOST_FIXTURE_TEST_SUITE(auth_tests, auth_tests::fixture)

BOOST_AUTO_TEST_CASE(a_missing_file_is_an_empty_ring) {
  const auto ring = open();
  BOOST_TEST(ring->list().empty());
  BOOST_TEST(!ring->has_admin());
}

BOOST_AUTO_TEST_CASE(a_made_key_opens_by_either_field) {
  const auto ring = open();
  const auto key = ring->create("web", role::customer, {"acme", "umbrella"});
  BOOST_REQUIRE(key);
  BOOST_TEST(key->starts_with("dsk_"));
  BOOST_TEST(key->size() == 47u);
  const auto bearer = "Bearer " + *key;
  const auto lower = "bearer " + *key;
  for (const auto& r : {with({{"x-functions-key", *key}}), with({{"X-Functions-Key", *key}}),
                        with({{"Authorization", bearer}}), with({{"authorization", lower}})}) {
    const auto found = ring->find(r);
    BOOST_REQUIRE(found);
    BOOST_TEST(found->name == "web");
    BOOST_TEST((found->role == role::customer));
    BOOST_TEST(found->may_see("umbrella"));
    BOOST_TEST(!found->may_see("other"));
  }
}

BOOST_AUTO_TEST_CASE(whatever_is_not_a_key_is_unauthenticated) {
  const auto ring = open();
  const auto key = *ring->create("web", role::admin, {});
  const auto bearer = "Bearer " + key;
  const auto basic = "Basic " + key;
  const auto longer = key + "A";
  const auto shorter = key.substr(1);
  const std::string huge(10'000, 'k');
  const auto changed = "dsk_" + std::string{key[4] == 'A' ? 'B' : 'A'} + key.substr(5);
  for (const auto& r : {with({}), with({{"x-functions-key", ""}}),
                        with({{"x-functions-key", "dsk_"}}), with({{"x-functions-key", shorter}}),
                        with({{"x-functions-key", longer}}), with({{"x-functions-key", changed}}),
                        with({{"x-functions-key", huge}}), with({{"Authorization", key}}),
                        with({{"Authorization", basic}}), with({{"Authorization", "Bearer"}}),
                        with({{"x-functions-key", key}, {"Authorization", bearer}})}) {
    const auto refused = ring->find(r);
    BOOST_REQUIRE(!refused);
    BOOST_TEST((refused.error().code == errc::unauthenticated));
  }
}

BOOST_AUTO_TEST_CASE(the_file_holds_no_key_and_is_for_its_owner_only) {
  const auto ring = open();
  const auto key = *ring->create("web", role::admin, {});
  BOOST_TEST(text().find(key.substr(4)) == std::string::npos);
  BOOST_TEST(text().find(to_hex(sha256_of(key))) != std::string::npos);
  struct stat found {};
  BOOST_REQUIRE(::stat(path.c_str(), &found) == 0);
  BOOST_TEST((found.st_mode & 0777) == 0600u);
}

BOOST_AUTO_TEST_CASE(keys_survive_a_restart) {
  const auto key = *open()->create("web", role::customer, {"acme"});
  const auto ring = open();
  BOOST_TEST(is_known(*ring, key));
  const auto listed = ring->list();
  BOOST_REQUIRE(listed.size() == 1u);
  BOOST_TEST(listed[0].name == "web");
  BOOST_TEST(listed[0].customers == std::vector<std::string>{"acme"},
             boost::test_tools::per_element());
  BOOST_TEST((listed[0].created_at == time.now()));
}

BOOST_AUTO_TEST_CASE(a_revoked_key_is_nobodys) {
  const auto ring = open();
  const auto key = *ring->create("web", role::admin, {});
  BOOST_TEST(ring->has_admin());
  BOOST_TEST(ring->revoke("web").has_value());
  BOOST_TEST(!is_known(*ring, key));
  BOOST_TEST(!ring->has_admin());
  BOOST_TEST(ring->list()[0].is_revoked);
  BOOST_TEST((ring->revoke("other").error().code == errc::not_found));
}

BOOST_AUTO_TEST_CASE(a_name_is_given_once) {
  const auto ring = open();
  BOOST_TEST(ring->create("web", role::admin, {}).has_value());
  BOOST_TEST((ring->create("web", role::admin, {}).error().code == errc::conflict));
}

BOOST_AUTO_TEST_CASE(keys_that_make_no_sense_are_refused) {
  const auto ring = open();
  const auto code = [&](std::string name, role r, std::vector<std::string> customers) {
    const auto made = ring->create(std::move(name), r, std::move(customers));
    return made ? errc{} : made.error().code;
  };
  BOOST_TEST((code("", role::admin, {}) == errc::invalid_argument));
  BOOST_TEST((code("a b", role::admin, {}) == errc::invalid_argument));
  BOOST_TEST((code(std::string(65, 'a'), role::admin, {}) == errc::invalid_argument));
  BOOST_TEST((code("a", role::nobody, {}) == errc::invalid_argument));
  BOOST_TEST((code("a", role::customer, {}) == errc::invalid_argument));
  BOOST_TEST((code("a", role::customer, {"a/b"}) == errc::invalid_argument));
  BOOST_TEST((code("a", role::admin, {"acme"}) == errc::invalid_argument));
  BOOST_TEST(ring->list().empty());
}

BOOST_AUTO_TEST_CASE(an_adopted_key_replaces_its_predecessor) {
  const auto ring = open();
  const std::string first = "0123456789abcdef-first";
  const std::string second = "0123456789abcdef-second";
  BOOST_TEST(ring->adopt("bootstrap", first, role::admin).has_value());
  BOOST_TEST(is_known(*ring, first));
  const auto before = text();
  BOOST_TEST(ring->adopt("bootstrap", first, role::admin).has_value());
  BOOST_TEST(text() == before);
  BOOST_TEST(ring->adopt("bootstrap", second, role::admin).has_value());
  BOOST_TEST(!is_known(*ring, first));
  BOOST_TEST(is_known(*ring, second));
  for (const auto& weak :
       {std::string{"short"}, std::string(257, 'a'), std::string{"0123456789 abcdef"}})
    BOOST_TEST(
      (ring->adopt("bootstrap", weak, role::admin).error().code == errc::invalid_argument));
}

BOOST_AUTO_TEST_CASE(changes_of_other_processes_are_seen_within_a_second) {
  const auto server = open();
  const auto tool = open();
  const auto key = *tool->create("web", role::admin, {});
  BOOST_TEST(!is_known(*server, key));
  time.now_ += seconds{1};
  BOOST_TEST(is_known(*server, key));
  BOOST_TEST(tool->revoke("web").has_value());
  time.now_ -= seconds{100}; // The clock was set back.
  BOOST_TEST(!is_known(*server, key));
}

BOOST_AUTO_TEST_CASE(writers_do_not_lose_each_others_keys) {
  constexpr int each = 10;
  std::vector<std::thread> writers;
  for (int w = 0; w < 4; ++w) {
    writers.emplace_back([&, w] {
      auto ring = key_ring::open(path, time);
      for (int i = 0; ring && i < each; ++i)
        (void)(*ring)->create("w" + std::to_string(w) + "-" + std::to_string(i), role::admin, {});
    });
  }
  for (auto& writer : writers)
    writer.join();
  BOOST_TEST(open()->list().size() == 4u * each);
}

BOOST_AUTO_TEST_CASE(what_cannot_be_read_is_named_and_left_alone) {
  for (const auto* bad : {"", "x", "[]", "{}", R"({"version":2,"keys":[]})",
                          R"({"version":1,"keys":{}})", R"({"version":1,"keys":[{}]})",
                          R"({"version":1,"keys":[{"name":"a","role":"root","customers":[],)"
                          R"("sha256":"","createdAt":"","revoked":false}]})"}) {
    std::ofstream{path} << bad;
    const auto ring = key_ring::open(path, time);
    BOOST_REQUIRE_MESSAGE(!ring, bad);
    BOOST_TEST((ring.error().code == errc::corrupt));
    BOOST_TEST(ring.error().why.find(path) != std::string::npos);
    BOOST_TEST(text() == bad);
  }
}

BOOST_AUTO_TEST_CASE(a_file_that_breaks_while_we_run_locks_nobody_out) {
  const auto ring = open();
  const auto key = *ring->create("web", role::admin, {});
  std::ofstream{path} << "torn";
  time.now_ += seconds{2};
  BOOST_TEST(is_known(*ring, key));
  BOOST_TEST((ring->create("other", role::admin, {}).error().code == errc::corrupt));
  BOOST_TEST(text() == "torn");
}

BOOST_AUTO_TEST_CASE(a_leftover_of_a_crash_is_no_obstacle) {
  std::ofstream{path + ".tmp"} << "half";
  BOOST_TEST(open()->create("web", role::admin, {}).has_value());
  BOOST_TEST(!std::filesystem::exists(path + ".tmp"));
}

BOOST_AUTO_TEST_SUITE_END()
