// SPDX-License-Identifier: Apache-2.0
// The command line: reads it, loads the settings, and hands over.
#include "config/load.hpp"
#include "gateway/commands.hpp"
#include "gateway/csv_check.hpp"
#include "gateway/ingest_client.hpp"
#include "gateway/serve.hpp"

#include <CLI/CLI.hpp>

#include <unistd.h>

#include <cstdlib>
#include <iostream>
#include <string>
#include <utility>
#include <vector>

namespace {

/// The flags that say where settings come from, shared by all commands that need settings.
struct source_flags {
  std::string file;
  std::string data_dir;
  std::string listen;
  std::vector<std::string> sets;

  void add_to(CLI::App& command, bool serves) {
    command.add_option("--config", file, "Read settings from this TOML file")->type_name("FILE");
    command.add_option("--data-dir", data_dir, "Keep everything in this directory")
      ->type_name("DIR");
    if (serves)
      command.add_option("--listen", listen, "Listen here, e.g. 127.0.0.1:8080")
        ->type_name("ADDR:PORT");
    command.add_option("--set", sets, "Set one setting, e.g. http.threads=4; may be repeated")
      ->type_name("KEY=VALUE");
  }

  /// False if a flag cannot be understood; says so on stderr.
  bool fill(dossier::config_sources& sources) const {
    if (!file.empty())
      sources.file = file;
    sources.environment = dossier::dossier_environment();
    for (const auto& set : sets) {
      const auto equals = set.find('=');
      if (equals == std::string::npos) {
        return dossier::report_problems({{"--set", "should be KEY=VALUE, is \"" + set + "\""}});
      }
      sources.flags.emplace_back(set.substr(0, equals), set.substr(equals + 1));
    }
    if (!data_dir.empty())
      sources.flags.emplace_back("storage.data_dir", data_dir);
    if (!listen.empty()) {
      const auto colon = listen.rfind(':');
      if (colon == std::string::npos)
        return dossier::report_problems(
          {{"--listen", "should be ADDR:PORT, is \"" + listen + "\""}});
      auto address = listen.substr(0, colon);
      if (address.size() > 1 && address.front() == '[' && address.back() == ']')
        address = address.substr(1, address.size() - 2);
      sources.flags.emplace_back("listen.address", address);
      sources.flags.emplace_back("listen.port", listen.substr(colon + 1));
    }
    return true;
  }
};

/// Runs `then` with the settings, if there is nothing wrong with them.
template <class Then>
int with_settings(const source_flags& flags, Then then) {
  dossier::config_sources sources;
  if (!flags.fill(sources))
    return 2;
  const auto loaded = dossier::load_config(sources);
  if (!dossier::report_problems(loaded.problems))
    return 2;
  return then(loaded.settings);
}

/// Rows of a CSV file against a schema.
const CLI::App* add_check_csv(CLI::App& app, dossier::csv_check_request& wanted) {
  auto* command = app.add_subcommand("check-csv", "Look whether a CSV file fits a schema");
  command->add_option("FILE", wanted.file, "The file")->required();
  command->add_option("--schema", wanted.schema_file, "What its rows must be: a TOML file")
    ->type_name("FILE")
    ->required();
  command->add_option("--delimiter", wanted.wishes.delimiter, "What stands between fields");
  command->add_option("--quote", wanted.wishes.quote, "What stands around fields");
  command
    ->add_option_function<std::string>(
      "--encoding",
      [&wanted](const std::string& name) {
        wanted.wishes.encoding = dossier::csv::parse_text_encoding(name);
      },
      "How its characters are stored")
    ->check(CLI::IsMember({"utf-8", "utf-16le", "utf-16be", "latin-1"}, CLI::ignore_case));
  command->add_option("--header", wanted.wishes.has_header, "Whether it has a header: true, false");
  command->add_flag("--by-position", wanted.is_by_position,
                    "Take fields by their place, whatever the header says");
  command->add_option("--rows", wanted.rows_max, "Only so many rows from the beginning");
  command->add_option("--rejects", wanted.rejects_shown, "How many rejects are shown")
    ->check(CLI::Range(0, 10'000))
    ->capture_default_str();
  command->add_option("--record-bytes-max", wanted.record_bytes_max, "A longer record is a reject")
    ->check(
      CLI::Range(dossier::csv::record_bytes_max_lowest, dossier::csv::record_bytes_max_highest))
    ->capture_default_str();
  command->add_option("--threads", wanted.threads, "Processors to use; 0: all")
    ->check(CLI::Range(0, 256))
    ->capture_default_str();
  return command;
}

/// A file for a server to ingest.
const CLI::App* add_ingest(CLI::App& app, dossier::ingest_request& wanted) {
  auto* command = app.add_subcommand("ingest", "Have a server ingest a CSV file, and watch it");
  command->add_option("FILE", wanted.file, "The file")->required();
  command->add_option("--schema", wanted.schema, "The name of the schema of its rows")
    ->capture_default_str();
  command->add_option("--server", wanted.server, "Where the server listens")
    ->type_name("URL")
    ->capture_default_str();
  command->add_option("--customer", wanted.customer, "Whose file it is");
  for (const auto& [name, what] :
       {std::pair{"delimiter", "What stands between fields: one character, or tab"},
        std::pair{"quote", "What stands around fields: one character"},
        std::pair{"encoding", "How its characters are stored: utf-8, utf-16le, utf-16be, latin-1"},
        std::pair{"header", "Whether it has a header: yes, no"},
        std::pair{"columns", "How fields find their columns: name, position"}})
    command->add_option_function<std::string>(
      "--" + std::string(name),
      [&wanted, name = name](const std::string& value) {
        wanted.options.emplace_back(name, value);
      },
      what);
  command->add_flag_callback(
    "--publish", [&wanted] { wanted.options.emplace_back("publish", "yes"); },
    "Also send each row to the topic of its schema when the job has ended");
  command
    ->add_option("--key", wanted.key, "The API key; better as DOSSIER_KEY, which ps does not show")
    ->envname("DOSSIER_KEY");
  return command;
}

} // namespace

int main(int argc, char** argv) {
  CLI::App app{"Dossier: documents that live, expire and survive."};
  app.name("dossier");
  app.require_subcommand(1);
  source_flags flags;

  auto* serve = app.add_subcommand("serve", "Run the server until SIGTERM");
  flags.add_to(*serve, true);
  auto* print = app.add_subcommand("print-config", "Print all settings as a TOML file, explained");
  flags.add_to(*print, true);
  std::string checked;
  auto* check = app.add_subcommand("check-config", "Name every problem of a TOML file");
  check->add_option("FILE", checked, "The file")->required();
  bool reads_content = false;
  auto* verify
    = app.add_subcommand("verify", "Cross-check a data directory that no server is using");
  flags.add_to(*verify, false);
  verify->add_flag("--content", reads_content, "Also compare the digest of all content");
  dossier::csv_check_request csv;
  const auto* check_csv = add_check_csv(app, csv);
  dossier::ingest_request file;
  const auto* ingest = add_ingest(app, file);
  auto* version = app.add_subcommand("version", "Print the version");

  auto* keys = app.add_subcommand("keys", "Make, list and revoke API keys");
  keys->require_subcommand(1);
  dossier::key_request wanted{"", "customer", {}};
  auto* create = keys->add_subcommand("create", "Make a key and print its only copy");
  create->add_option("NAME", wanted.name, "A name for it")->required();
  create->add_option("--role", wanted.role, "admin or customer")
    ->check(CLI::IsMember({"admin", "customer"}));
  create->add_option("--customer", wanted.customers,
                     "A customer the key may act for; may be repeated");
  flags.add_to(*create, false);
  auto* list = keys->add_subcommand("list", "List the keys, without the keys themselves");
  flags.add_to(*list, false);
  std::string revoked;
  auto* revoke = keys->add_subcommand("revoke", "End a key, from the next second on");
  revoke->add_option("NAME", revoked, "Its name")->required();
  flags.add_to(*revoke, false);

  CLI11_PARSE(app, argc, argv);

  if (check_csv->parsed())
    return dossier::check_csv(csv, std::cout, std::cerr);
  file.shows_bar = ::isatty(STDERR_FILENO) == 1;
  if (ingest->parsed())
    return dossier::ingest(file, std::cout, std::cerr);
  if (version->parsed())
    return dossier::print_version();
  if (check->parsed())
    return dossier::check_configuration(checked);
  if (print->parsed())
    return with_settings(flags, [](const auto& s) { return dossier::print_configuration(s); });
  if (verify->parsed())
    return with_settings(flags,
                         [&](const auto& s) { return dossier::verify_store(s, reads_content); });
  if (create->parsed())
    return with_settings(flags, [&](const auto& s) { return dossier::create_key(s, wanted); });
  if (list->parsed())
    return with_settings(flags, [](const auto& s) { return dossier::list_keys(s); });
  if (revoke->parsed())
    return with_settings(flags, [&](const auto& s) { return dossier::revoke_key(s, revoked); });
  return with_settings(flags, [](const auto& s) { return dossier::serve(s); });
}
