// SPDX-License-Identifier: Apache-2.0
// What load_config promises: every source, their order, and every problem at once with its place.
#include "config/load.hpp"

#include "config/option_value.hpp"
#include "config/options.hpp"
#include "tests/support/scratch_directory.hpp"

#include <boost/test/unit_test.hpp>

#include <stdlib.h>

#include <filesystem>
#include <fstream>
#include <regex>
#include <set>
#include <sstream>

namespace dossier {

namespace load_tests {

/// A TOML file that goes away with it.
class config_file {
public:
  explicit config_file(std::string_view text) { std::ofstream(path()) << text; }

  std::string path() const { return directory_ / "dossier.toml"; }

private:
  scratch_directory directory_;
};

loaded_config load_text(std::string_view text) {
  const config_file file(text);
  auto loaded = load_config({file.path(), {}, {}});
  for (auto& problem : loaded.problems)
    if (problem.where.starts_with(file.path()))
      problem.where.replace(0, file.path().size(), "dossier.toml");
  return loaded;
}

void check_problem(const loaded_config& loaded, std::string_view where, std::string_view what) {
  BOOST_REQUIRE_EQUAL(loaded.problems.size(), 1u);
  BOOST_CHECK_EQUAL(loaded.problems[0].where, where);
  BOOST_CHECK_EQUAL(loaded.problems[0].what, what);
}

void check_good(const loaded_config& loaded) {
  for (const auto& problem : loaded.problems)
    BOOST_ERROR(problem.where + ": " + problem.what);
}

} // namespace load_tests

BOOST_AUTO_TEST_SUITE(load_tests)

BOOST_AUTO_TEST_CASE(nothing_given_is_the_declared_defaults) {
  const auto loaded = load_config({});
  check_good(loaded);
  BOOST_CHECK_EQUAL(print_config(loaded.settings), print_config(settings{}));
}

BOOST_AUTO_TEST_CASE(every_declared_setting_is_in_the_table_once) {
  std::stringstream text;
  for (const auto* name : {"/config/settings.hpp", "/config/ingestion_settings.hpp"}) {
    std::ifstream header(std::string(DOSSIER_SOURCE_DIR) + name);
    text << header.rdbuf();
  }
  const auto source = text.str();
  std::multiset<std::string> declared{"security.admin_key"};
  const std::regex mention("///< ([a-z]+\\.[a-z0-9_]+)");
  for (std::sregex_iterator it(source.begin(), source.end(), mention), end; it != end; ++it)
    declared.insert((*it)[1]);
  std::multiset<std::string> listed;
  for (const auto& o : options())
    listed.insert(std::string(o.path));
  BOOST_CHECK_GT(declared.size(), 50u);
  BOOST_CHECK_EQUAL_COLLECTIONS(listed.begin(), listed.end(), declared.begin(), declared.end());
}

BOOST_AUTO_TEST_CASE(every_setting_has_a_field_and_a_variable_of_its_own) {
  settings s;
  std::set<std::string> variables;
  std::set<const void*> fields;
  for (const auto& o : options()) {
    variables.insert(variable_of(o));
    std::visit([&](const auto* field) { fields.insert(field); }, o.of(s));
  }
  BOOST_CHECK_EQUAL(variables.size(), options().size());
  BOOST_CHECK_EQUAL(fields.size(), options().size());
}

BOOST_AUTO_TEST_CASE(every_default_and_both_bounds_are_accepted_and_kept) {
  for (const auto& o : options()) {
    settings s;
    if (!o.is_secret)
      BOOST_CHECK_MESSAGE(!assign(o, s, read(o, settings{})), o.path);
    if (!std::holds_alternative<std::int64_t>(read(o, s)))
      continue;
    for (const auto bound : {o.bounds.min, o.bounds.max}) {
      BOOST_CHECK_MESSAGE(!assign(o, s, bound), o.path);
      BOOST_CHECK_MESSAGE(read(o, s) == option_value(bound), o.path);
    }
    BOOST_CHECK_MESSAGE(assign(o, s, o.bounds.min - 1).has_value(), o.path);
    BOOST_CHECK_MESSAGE(assign(o, s, o.bounds.max + 1).has_value(), o.path);
    BOOST_CHECK_MESSAGE(read(o, s) == option_value(o.bounds.max), o.path);
  }
}

BOOST_AUTO_TEST_CASE(a_file_sets_numbers_texts_and_lists) {
  const auto loaded = load_text("[listen]\nport = 9_000\npublic_url = 'https://a.example:8443'\n"
                                "[documents]\nexpiring_leads_s = [60, 3600]\n");
  check_good(loaded);
  BOOST_CHECK_EQUAL(loaded.settings.listen.port, 9'000);
  BOOST_CHECK_EQUAL(loaded.settings.listen.public_url, "https://a.example:8443");
  BOOST_CHECK_EQUAL(loaded.settings.http.threads, settings{}.http.threads);
}

BOOST_AUTO_TEST_CASE(leads_become_descending_and_distinct) {
  const auto loaded = load_text("documents.expiring_leads_s = [60, 3600, 60, 5]");
  check_good(loaded);
  const std::vector<std::int64_t> wanted{3'600, 60, 5};
  BOOST_CHECK(loaded.settings.documents.expiring_leads_s == wanted);
}

BOOST_AUTO_TEST_CASE(flags_win_over_the_environment_and_both_over_the_file) {
  const config_file file("http.threads = 3\nhttp.blob_threads = 3\nactors.threads = 3\n");
  const auto loaded = load_config({file.path(),
                                   {{"DOSSIER_HTTP_THREADS", "4"}, {"DOSSIER_ACTORS_THREADS", "4"}},
                                   {{"http.threads", "5"}, {"http.threads", "6"}}});
  check_good(loaded);
  BOOST_CHECK_EQUAL(loaded.settings.http.blob_threads, 3u);
  BOOST_CHECK_EQUAL(loaded.settings.actors.threads, 4u);
  BOOST_CHECK_EQUAL(loaded.settings.http.threads, 6u);
}

BOOST_AUTO_TEST_CASE(lists_from_text_are_separated_by_commas) {
  const auto loaded = load_config({{}, {{"DOSSIER_DOCUMENTS_EXPIRING_LEADS_S", "60, 3600"}}, {}});
  check_good(loaded);
  const std::vector<std::int64_t> wanted{3'600, 60};
  BOOST_CHECK(loaded.settings.documents.expiring_leads_s == wanted);
  const auto empty = load_config({{}, {}, {{"documents.expiring_leads_s", ""}}});
  check_good(empty);
  BOOST_CHECK(empty.settings.documents.expiring_leads_s.empty());
}

BOOST_AUTO_TEST_CASE(broken_lists_in_text_are_refused) {
  for (const auto* text : {",", "60,", "60,,5", "60;5", "60,x", "0", "-1",
                           "1,2,3,4,5,6,7,8,9,10,"
                           "11,12,13,14,15,16,17"}) {
    const auto loaded = load_config({{}, {}, {{"documents.expiring_leads_s", text}}});
    BOOST_CHECK_MESSAGE(loaded.problems.size() == 1, text);
  }
}

BOOST_AUTO_TEST_CASE(every_problem_is_named_at_once_with_its_line) {
  const config_file file("[http]\nthreads = 0\ntreads = 2\n\n[lisen]\nport = 1\n"
                         "[log]\nlevel = \"loud\"\n");
  const auto loaded
    = load_config({file.path(), {{"DOSSIER_HTTP_BLOB_THREADS", "two"}}, {{"x.y", "1"}}});
  std::vector<std::string> places;
  for (const auto& problem : loaded.problems)
    places.push_back(problem.where);
  const std::vector<std::string> wanted{file.path() + ":2",          file.path() + ":3",
                                        file.path() + ":6",          file.path() + ":8",
                                        "DOSSIER_HTTP_BLOB_THREADS", "--set"};
  BOOST_CHECK_EQUAL_COLLECTIONS(places.begin(), places.end(), wanted.begin(), wanted.end());
}

BOOST_AUTO_TEST_CASE(values_out_of_bounds_are_refused_with_the_bounds) {
  check_problem(load_text("[http]\n\nthreads = 257"), "dossier.toml:3",
                "http.threads must be a whole number from 1 to 256 (threads), and is 257");
  check_problem(load_text("listen.port = -1"), "dossier.toml:1",
                "listen.port must be a whole number from 0 to 65_535, and is -1");
}

BOOST_AUTO_TEST_CASE(wrong_types_are_refused_by_name) {
  const std::string must = "listen.port must be a whole number from 0 to 65_535, and is ";
  check_problem(load_text("listen.port = \"80\""), "dossier.toml:1", must + "the text \"80\"");
  check_problem(load_text("listen.port = true"), "dossier.toml:1", must + "a boolean");
  check_problem(load_text("listen.port = 80.0"), "dossier.toml:1",
                must + "a number with a fraction");
  check_problem(load_text("listen.port = 2026-11-21"), "dossier.toml:1", must + "a date or time");
  check_problem(load_text("listen.port = [80]"), "dossier.toml:1", must + "[80]");
  check_problem(load_text("[listen.port]\nx = 1"), "dossier.toml:1", must + "a table");
  check_problem(load_text("[documents]\nexpiring_leads_s = ['a']"), "dossier.toml:2",
                "documents.expiring_leads_s must be a list of at most 16 whole numbers from 1 to "
                "31_536_000 (s), and is a list of something else");
}

BOOST_AUTO_TEST_CASE(numbers_in_text_are_whole_and_decimal) {
  for (const auto* text :
       {"", " 4", "4 ", "4x", "0x4", "4.0", "+4", "1e2", "99999999999999999999"}) {
    const auto loaded = load_config({{}, {{"DOSSIER_HTTP_THREADS", text}}, {}});
    check_problem(loaded, "DOSSIER_HTTP_THREADS",
                  "http.threads must be a whole number from 1 to 256 (threads), and is the text \""
                    + std::string(text) + "\"");
  }
}

BOOST_AUTO_TEST_CASE(unknown_names_are_refused_with_the_nearest_known_one) {
  check_problem(load_text("[http]\nconnection_max = 5"), "dossier.toml:2",
                "there is no setting http.connection_max; did you mean http.connections_max?");
  check_problem(load_text("[server]\npublic_url = 'http://a'"), "dossier.toml:2",
                "there is no setting server.public_url; did you mean listen.public_url?");
  check_problem(load_text("zzz = 1"), "dossier.toml:1",
                "there is no setting zzz; print-config shows all settings");
  check_problem(load_config({{}, {{"DOSSIER_HTTP_THREAD", "1"}}, {}}), "DOSSIER_HTTP_THREAD",
                "no setting belongs to this variable; did you mean DOSSIER_HTTP_THREADS?");
  check_problem(load_config({{}, {}, {{"listen.prot", "1"}}}), "--set",
                "there is no setting listen.prot; did you mean listen.port?");
}

BOOST_AUTO_TEST_CASE(groups_are_not_values_and_quoted_dots_are_not_groups) {
  check_problem(load_text("\nhttp = 3"), "dossier.toml:2",
                "http is a group of settings: write [http]");
  check_problem(load_text("[nothing]"), "dossier.toml:1",
                "there is no group of settings called nothing");
  BOOST_CHECK_EQUAL(load_text("\"http.threads\" = 3").problems.size(), 1u);
  BOOST_CHECK_EQUAL(load_text("[http]\n\"x.threads\" = 3").problems.size(), 1u);
}

BOOST_AUTO_TEST_CASE(what_is_not_toml_is_refused_with_its_line) {
  for (const auto* text : {"[http]\nthreads = \n", "[http]\nthreads 2\n", "[http]\n=\n",
                           "[http]\nthreads = 2 2\n", "[log]\nlevel = 'info\n"}) {
    const auto loaded = load_text(text);
    BOOST_REQUIRE_MESSAGE(loaded.problems.size() == 1, text);
    BOOST_CHECK_EQUAL(loaded.problems[0].where, "dossier.toml:2");
    BOOST_CHECK_MESSAGE(loaded.problems[0].what.starts_with("this is not TOML: "),
                        loaded.problems[0].what);
    BOOST_CHECK(loaded.problems[0].what.find('\n') == std::string::npos);
  }
  BOOST_CHECK_EQUAL(load_text("[http]\nthreads = 2\nthreads = 3\n").problems.size(), 1u);
}

BOOST_AUTO_TEST_CASE(a_file_that_cannot_be_read_is_a_problem) {
  check_problem(load_config({"/nowhere/dossier.toml", {}, {}}), "/nowhere/dossier.toml",
                "this file cannot be read: No such file or directory");
  check_problem(load_config({"/tmp", {}, {}}), "/tmp", "this file cannot be read: Is a directory");
  check_problem(load_text(std::string(1'048'577, '#')), "dossier.toml",
                "this file has more than 1_048_576 bytes and so is no configuration");
}

BOOST_AUTO_TEST_CASE(settings_that_depend_on_each_other_are_checked_together) {
  const config_file file("actors.restart_backoff_ms_min = 500\n"
                         "actors.restart_backoff_ms_max = 400\n");
  const auto loaded = load_config({file.path(), {}, {}});
  check_problem(loaded, file.path() + ":1, " + file.path() + ":2",
                "actors.restart_backoff_ms_min is 500 and may not be above "
                "actors.restart_backoff_ms_max, which is 400");
  check_problem(
    load_config({{}, {{"DOSSIER_TIMERS_RETRY_MS_MAX", "999"}}, {}}), "DOSSIER_TIMERS_RETRY_MS_MAX",
    "timers.retry_ms_min is 1000 and may not be above timers.retry_ms_max, which is 999");
  // A refused value must not be followed by a complaint about the one that it left in place.
  BOOST_CHECK_EQUAL(load_text("timers.retry_ms_min = 'x'\ntimers.retry_ms_max = 5").problems.size(),
                    1u);
}

BOOST_AUTO_TEST_CASE(public_urls_are_scheme_host_and_port_only) {
  for (const auto* good : {"", "http://a", "https://a.example", "http://a:1", "http://127.0.0.1:80",
                           "http://[::1]:8080", "https://[2001:db8::1]"})
    BOOST_CHECK_MESSAGE(load_config({{}, {}, {{"listen.public_url", good}}}).problems.empty(),
                        good);
  for (const auto* bad :
       {"a", "ftp://a", "http://", "http://a/", "http://a/b", "http://a:0", "http://a:65536",
        "http://a:", "http://a:x", "http://u@a", "http://a?b", "http://a b", "http://[::1",
        "http://[1.2.3.4]", "http://[]", "HTTP://a", "http://a:80:80", "http://a\n"})
    BOOST_CHECK_MESSAGE(load_config({{}, {}, {{"listen.public_url", bad}}}).problems.size() == 1,
                        bad);
}

BOOST_AUTO_TEST_CASE(texts_are_held_to_their_form) {
  for (const auto* good : {"0.0.0.0", "::", "::1", "192.168.1.7"})
    BOOST_CHECK_MESSAGE(load_config({{}, {}, {{"listen.address", good}}}).problems.empty(), good);
  check_problem(load_config({{}, {}, {{"listen.address", "localhost"}}}), "--set",
                "listen.address must be an IPv4 or IPv6 address, and is the text \"localhost\"");
  check_problem(load_config({{}, {}, {{"log.level", "loud"}}}), "--set",
                "log.level must be debug, info, warn or error, and is the text \"loud\"");
  check_problem(load_config({{}, {}, {{"log.format", "xml"}}}), "--set",
                "log.format must be text or json, and is the text \"xml\"");
  BOOST_CHECK_EQUAL(load_config({{}, {}, {{"storage.data_dir", ""}}}).problems.size(), 1u);
}

BOOST_AUTO_TEST_CASE(the_admin_key_comes_from_its_variable_only) {
  const auto loaded = load_config({{}, {{"DOSSIER_ADMIN_KEY", "0123456789abcdef"}}, {}});
  check_good(loaded);
  BOOST_CHECK_EQUAL(loaded.settings.security.admin_key, "0123456789abcdef");
  BOOST_CHECK_EQUAL(load_text("security.admin_key = '0123456789abcdef'").problems.size(), 1u);
  BOOST_CHECK_EQUAL(
    load_config({{}, {}, {{"security.admin_key", "0123456789abcdef"}}}).problems.size(), 1u);
  BOOST_CHECK_EQUAL(
    load_config({{}, {{"DOSSIER_SECURITY_ADMIN_KEY", "0123456789abcdef"}}, {}}).problems.size(),
    1u);
}

BOOST_AUTO_TEST_CASE(a_refused_admin_key_is_not_repeated) {
  for (const std::string key : {"fifteen-letters", "sixteen letters!", ""}) {
    const auto loaded = load_config({{}, {{"DOSSIER_ADMIN_KEY", key}}, {}});
    check_problem(loaded, "DOSSIER_ADMIN_KEY",
                  "security.admin_key must be 16 to 256 visible ASCII characters, and is not that");
    BOOST_CHECK(loaded.settings.security.admin_key.empty());
  }
}

BOOST_AUTO_TEST_CASE(every_secret_comes_from_its_variable_only) {
  const auto loaded = load_config(
    {{}, {{"DOSSIER_KAFKA_SASL_PASSWORD", "a b"}}, {{"kafka.sasl_username", "dora"}}});
  check_good(loaded);
  BOOST_CHECK_EQUAL(loaded.settings.kafka.sasl_password, "a b");
  const std::string why = " comes from the environment only, as DOSSIER_KAFKA_SSL_KEY_PASSWORD, so "
                          "that it stands in no file and in no list of processes";
  check_problem(load_text("kafka.ssl_key_password = 'x'"), "dossier.toml:1",
                "kafka.ssl_key_password" + why);
  check_problem(load_config({{}, {}, {{"kafka.ssl_key_password", "x"}}}), "--set",
                "kafka.ssl_key_password" + why);
  check_problem(load_config({{}, {{"DOSSIER_KAFKA_SASL_PASSWORD", "hunter\n"}}, {}}),
                "DOSSIER_KAFKA_SASL_PASSWORD",
                "kafka.sasl_password must be at most 1024 bytes without control characters, and is "
                "not that");
}

BOOST_AUTO_TEST_CASE(truth_is_said_as_true_or_false) {
  BOOST_CHECK(settings{}.kafka.enabled);
  for (const auto& loaded :
       {load_text("kafka.enabled = false"),
        load_config({{}, {{"DOSSIER_KAFKA_ENABLED", "false"}}, {}}),
        load_config({{}, {}, {{"kafka.enabled", "true"}, {"kafka.enabled", "false"}}})}) {
    check_good(loaded);
    BOOST_CHECK(!loaded.settings.kafka.enabled);
  }
  check_problem(load_text("kafka.enabled = 0"), "dossier.toml:1",
                "kafka.enabled must be true or false, and is 0");
  check_problem(load_text("kafka.enabled = 'false'"), "dossier.toml:1",
                "kafka.enabled must be true or false, and is the text \"false\"");
  check_problem(load_config({{}, {}, {{"kafka.enabled", "no"}}}), "--set",
                "kafka.enabled must be true or false, and is the text \"no\"");
}

BOOST_AUTO_TEST_CASE(servers_and_topics_are_held_to_their_form) {
  const auto problems = [](const char* path, std::string text) {
    return load_config({{}, {}, {{path, std::move(text)}}}).problems.size();
  };
  for (const auto* good : {"", "a:1", "a.example:9092,b:9093", "[::1]:9092", "127.0.0.1:65535"})
    BOOST_CHECK_MESSAGE(problems("kafka.bootstrap_servers", good) == 0, good);
  for (const auto* bad :
       {"a", "a:", ":1", "a:0", "a:1,", ",a:1", "a:1, b:2", "ssl://a:1", "a:1;b:2"})
    BOOST_CHECK_MESSAGE(problems("kafka.bootstrap_servers", bad) == 1, bad);
  for (const auto& good : {std::string("a"), std::string("A.b_c-9"), std::string(249, 'x')})
    BOOST_CHECK_MESSAGE(problems("kafka.documents_topic", good) == 0, good);
  for (const auto& bad : {std::string(), std::string("."), std::string(".."), std::string("a b"),
                          std::string("a/b"), std::string(250, 'x')})
    BOOST_CHECK_MESSAGE(problems("kafka.documents_topic", bad) == 1, bad);
}

BOOST_AUTO_TEST_CASE(only_our_variables_are_read_from_the_process) {
  BOOST_REQUIRE_EQUAL(setenv("DOSSIER_LOG_LEVEL", "warn=", 1), 0);
  BOOST_REQUIRE_EQUAL(setenv("DOSSIERX", "1", 1), 0);
  const auto variables = dossier_environment();
  unsetenv("DOSSIER_LOG_LEVEL");
  unsetenv("DOSSIERX");
  BOOST_CHECK_EQUAL(variables.at("DOSSIER_LOG_LEVEL"), "warn=");
  BOOST_CHECK(!variables.contains("DOSSIERX"));
  BOOST_CHECK(!dossier_environment().contains("DOSSIER_LOG_LEVEL"));
}

BOOST_AUTO_TEST_SUITE_END()

} // namespace dossier
