// SPDX-License-Identifier: Apache-2.0
// dossier_sim [--seeds N] [--first S] [--twice] [--bug NAME | --recall]: lives a Dossier in virtual
// time, once for each seed; names the seeds that violate a property and exits 1 if any did. With
// --recall each planted bug is switched on in turn, and it is a failure when a bug is not found.
#include "tests/simulation/simulation.hpp"
#include "tests/support/planted.hpp"

#include <CLI/CLI.hpp>

#include <chrono>
#include <cstdio>
#include <optional>
#include <string>

namespace {

using dossier::simulation::verdict;

struct totals {
  std::uint64_t seeds = 0;
  std::uint64_t failed = 0;
  std::uint64_t commands = 0;
  std::uint64_t acknowledged = 0;
  std::uint64_t kills = 0;
  std::uint64_t virtual_s = 0;
  std::uint64_t trace = 0;

  void add(std::uint64_t seed, const verdict& v) {
    ++seeds;
    failed += v.violations.empty() ? 0 : 1;
    commands += v.commands;
    acknowledged += v.acknowledged;
    kills += v.kills;
    virtual_s += v.virtual_ms / 1'000;
    trace ^= v.trace_hash * (seed | 1);
  }
};

int run_seeds(std::uint64_t first, std::uint64_t count, bool twice) {
  totals all;
  const auto started = std::chrono::steady_clock::now();
  for (auto seed = first; seed < first + count; ++seed) {
    auto v = dossier::simulation::run(seed);
    if (twice && dossier::simulation::run(seed).trace_hash != v.trace_hash)
      v.violations.push_back("the same seed gave another trace");
    all.add(seed, v);
    for (const auto& violation : v.violations)
      std::printf("seed %llu: %s\n", static_cast<unsigned long long>(seed), violation.c_str());
  }
  const std::chrono::duration<double> took = std::chrono::steady_clock::now() - started;
  using number = unsigned long long;
  std::printf("%llu seeds, %llu failed; %llu commands, %llu acknowledged, %llu kills, %llu virtual "
              "seconds in %.1f s; trace %llx\n",
              static_cast<number>(all.seeds), static_cast<number>(all.failed),
              static_cast<number>(all.commands), static_cast<number>(all.acknowledged),
              static_cast<number>(all.kills), static_cast<number>(all.virtual_s), took.count(),
              static_cast<number>(all.trace));
  return all.failed == 0 ? 0 : 1;
}

/// The first seed that finds this bug, and what it says.
std::optional<std::pair<std::uint64_t, std::string>> find(const std::string& bug,
                                                          std::uint64_t seeds_max) {
  const dossier::planted_bug planted(bug);
  for (std::uint64_t seed = 1; seed <= seeds_max; ++seed)
    if (const auto v = dossier::simulation::run(seed); !v.violations.empty())
      return std::pair{seed, v.violations.front()};
  return std::nullopt;
}

int recall(std::uint64_t seeds_max) {
  // What only a disk can show (unsynced writes, answers before the write) is found by the
  // power-loss images.
  const char* const bugs[] = {"expiring_twice",
                              "early_expiry",
                              "uploaded_without_content",
                              "expiry_change_keeps_timer",
                              "keep_state_after_refusal",
                              "overdue_forgotten",
                              "answer_forgotten",
                              "answer_not_stored",
                              "drop_feed_row",
                              "state_row_behind",
                              "skip_version_check"};
  int missed = 0;
  std::printf("%-28s %6s  %s\n", "planted bug", "seed", "what gave it away");
  for (const auto* bug : bugs) {
    const auto found = find(bug, seeds_max);
    missed += found ? 0 : 1;
    std::printf("%-28s %6s  %s\n", bug, found ? std::to_string(found->first).c_str() : "-",
                found ? found->second.c_str() : "NOT FOUND");
  }
  return missed == 0 ? 0 : 1;
}

} // namespace

int main(int argc, char** argv) {
  std::uint64_t seeds = 200;
  std::uint64_t first = 1;
  bool twice = false;
  bool recalls = false;
  std::string bug;
  CLI::App app{"Lives a Dossier in virtual time, once for each seed."};
  app.add_option("--seeds", seeds, "How many seeds to run; with --recall, at most for each bug");
  app.add_option("--first", first, "The first seed");
  app.add_flag("--twice", twice, "Run each seed twice and compare the traces");
  app.add_option("--bug", bug, "Switch this planted bug on");
  app.add_flag("--recall", recalls, "Find each planted bug");
  CLI11_PARSE(app, argc, argv);
  if (recalls)
    return recall(seeds);
  std::optional<dossier::planted_bug> planted;
  if (!bug.empty())
    planted.emplace(bug);
  return run_seeds(first, seeds, twice);
}
