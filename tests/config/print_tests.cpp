// SPDX-License-Identifier: Apache-2.0
// What print_config promises: a file that says everything, reads back to the same, and keeps
// secrets.
#include "config/load.hpp"
#include "tests/support/scratch_directory.hpp"

#include <boost/test/unit_test.hpp>

#include <fstream>
#include <sstream>

namespace dossier {

namespace print_tests {

std::string contents_of(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  std::stringstream text;
  text << file.rdbuf();
  return text.str();
}

loaded_config load_printed(const settings& s) {
  const scratch_directory directory;
  const auto name = directory / "printed.toml";
  std::ofstream(name) << print_config(s);
  return load_config({name, {}, {}});
}

} // namespace print_tests

BOOST_AUTO_TEST_SUITE(print_tests)

BOOST_AUTO_TEST_CASE(what_is_printed_reads_back_to_the_same) {
  settings s;
  s.listen.port = 0;
  s.listen.public_url = "https://documents.example";
  s.storage.data_dir = "/srv/a \"quoted\" \\ path\twith ümlauts\x7f";
  s.http.content_bytes_max = 1'125'899'906'842'624;
  s.documents.expiring_leads_s = {86'400, 3'600, 60};
  s.kafka.enabled = false;
  s.log.format = "json";
  const auto loaded = load_printed(s);
  for (const auto& problem : loaded.problems)
    BOOST_ERROR(problem.where + ": " + problem.what);
  BOOST_CHECK_EQUAL(print_config(loaded.settings), print_config(s));
  BOOST_CHECK_EQUAL(loaded.settings.storage.data_dir, s.storage.data_dir);
  BOOST_CHECK(!loaded.settings.kafka.enabled);
  BOOST_CHECK_EQUAL(loaded.settings.http.content_bytes_max, s.http.content_bytes_max);
  BOOST_CHECK(loaded.settings.documents.expiring_leads_s == s.documents.expiring_leads_s);
}

BOOST_AUTO_TEST_CASE(each_setting_stands_with_its_sentence_bounds_unit_and_default) {
  settings s;
  s.http.drain_ms = 5;
  const auto text = print_config(s);
  BOOST_CHECK(text.find("\n# How long SIGTERM lets requests in flight finish.\n"
                        "# Must be a whole number from 0 to 600_000 (ms); 8000 unless set.\n"
                        "drain_ms = 5\n")
              != std::string::npos);
}

BOOST_AUTO_TEST_CASE(secrets_are_not_printed) {
  settings s;
  s.security.admin_key = "a-very-secret-key";
  s.kafka.sasl_password = "a-very-secret-password";
  s.kafka.ssl_key_password = "another-very-secret-password";
  BOOST_CHECK(print_config(s).find("very-secret") == std::string::npos);
  BOOST_CHECK_EQUAL(print_config(s), print_config(settings{}));
}

BOOST_AUTO_TEST_CASE(the_example_file_is_what_print_config_writes) {
  BOOST_CHECK_MESSAGE(contents_of(DOSSIER_SOURCE_DIR "/config/dossier.example.toml")
                        == print_config(settings{}),
                      "run: dossier print-config > config/dossier.example.toml");
}

BOOST_AUTO_TEST_SUITE_END()

} // namespace dossier
