// SPDX-License-Identifier: Apache-2.0
#include "gateway/commands.hpp"

#include "actors/verify.hpp"
#include "gateway/auth.hpp"
#include "gateway/data_dir.hpp"
#include "gateway/system.hpp"
#include "gateway/version.hpp"
#include "persistence/blob_store.hpp"
#include "persistence/files.hpp"
#include "persistence/rocks_journal.hpp"

#include <algorithm>
#include <iomanip>
#include <iostream>

namespace dossier {

namespace {

int say(const failure& why) {
  std::cerr << "dossier: " << why.why << '\n';
  return 2;
}

result<std::unique_ptr<key_ring>> open_keys(const settings& s, const clock& time) {
  const auto where = data_dir::at(s.storage.data_dir);
  if (auto made = posix_files().make_directories(where.root); !made)
    return made.error();
  return key_ring::open(where.keys, time);
}

} // namespace

bool report_problems(const std::vector<config_problem>& problems) {
  for (const auto& problem : problems)
    std::cerr << problem.where << ": " << problem.what << '\n';
  return problems.empty();
}

int print_configuration(const settings& s) {
  std::cout << print_config(s);
  return 0;
}

int check_configuration(const std::string& file) {
  config_sources sources;
  sources.file = file;
  const auto loaded = load_config(sources);
  if (!report_problems(loaded.problems))
    return 1;
  std::cout << file << ": good\n";
  return 0;
}

int create_key(const settings& s, const key_request& wanted) {
  const system_clock time;
  auto ring = open_keys(s, time);
  if (!ring)
    return say(ring.error());
  const auto role
    = wanted.role == "admin" ? principal::role_type::admin : principal::role_type::customer;
  auto key = (*ring)->create(wanted.name, role, wanted.customers);
  if (!key)
    return say(key.error());
  std::cerr << "The key \"" << wanted.name << "\", shown this once:\n";
  std::cout << *key << '\n';
  return 0;
}

int list_keys(const settings& s) {
  const system_clock time;
  auto ring = open_keys(s, time);
  if (!ring)
    return say(ring.error());
  const auto keys = (*ring)->list();
  std::size_t width = 4;
  for (const auto& key : keys)
    width = std::max(width, key.name.size());
  const auto column = static_cast<int>(width) + 2;
  std::cout << std::left << std::setw(column) << "NAME" << std::setw(10) << "ROLE" << std::setw(10)
            << "STATUS" << std::setw(26) << "CREATED"
            << "CUSTOMERS\n";
  for (const auto& key : keys) {
    std::cout << std::setw(column) << key.name << std::setw(10)
              << (key.role == principal::role_type::admin ? "admin" : "customer") << std::setw(10)
              << (key.is_revoked ? "revoked" : "active") << std::setw(26)
              << to_rfc3339(key.created_at);
    for (const auto& customer : key.customers)
      std::cout << customer << ' ';
    std::cout << '\n';
  }
  return 0;
}

int revoke_key(const settings& s, const std::string& name) {
  const system_clock time;
  auto ring = open_keys(s, time);
  if (!ring)
    return say(ring.error());
  if (auto revoked = (*ring)->revoke(name); !revoked)
    return say(revoked.error());
  std::cout << "The key \"" << name << "\" is revoked; running servers follow within a second.\n";
  return 0;
}

int verify_store(const settings& s, bool reads_content) {
  const auto where = data_dir::at(s.storage.data_dir);
  if (!posix_files().is_directory(where.store))
    return say(fail(errc::not_found, "there is no Dossier in " + where.root));
  const auto lock = data_dir_lock::take(where);
  if (!lock)
    return say(lock.error());
  rocks_options options;
  options.path = where.store;
  options.shard_count = s.storage.shards;
  options.read_only = true;
  auto store = rocks_journal::open(options);
  if (!store)
    return say(store.error());
  auto blobs = blob_store::open_read_only(posix_files(), where.blobs, **store);
  if (!blobs)
    return say(blobs.error());
  const auto tell = [](const std::string& sentence) {
    std::cout << sentence << '\n';
  };
  const auto rows = row_store::open_read_only(posix_files(), where.rows);
  if (!rows && rows.error().code != errc::not_found)
    return say(rows.error());
  const verify_options checks{reads_content, rows ? rows->get() : nullptr};
  const auto counts = verify(**store, **blobs, checks, tell);
  if (!counts)
    return say(counts.error());
  std::cout << counts->entities << " entities, " << counts->events << " events, "
            << counts->projections << " projections, " << counts->timers << " timers, "
            << counts->feed_rows << " feed rows, " << counts->contents << " contents, "
            << counts->row_files << " files of rows: " << counts->discrepancies
            << (counts->discrepancies == 1 ? " discrepancy\n" : " discrepancies\n");
  return counts->discrepancies == 0 ? 0 : 1;
}

int print_version() {
  std::cout << "dossier " << version << '\n';
  return 0;
}

} // namespace dossier
