// SPDX-License-Identifier: Apache-2.0
// power_loss_images: cuts the power of many disks under work and says what was lost. With --bug a
// bug is planted and ought to be found; with --recall each of ours is, one after the other.
#include "tests/power_loss/image.hpp"
#include "tests/support/planted.hpp"

#include <CLI/CLI.hpp>

#include <chrono>
#include <cstdio>
#include <optional>

using namespace dossier;
using namespace dossier::power_loss;

namespace {

constexpr std::size_t violations_shown = 8;

const std::vector<std::string> bugs_to_find{
  "write_unsynced",     "ack_before_sync",         "skip_directory_sync", "skip_file_sync",
  "drop_feed_row",      "timer_erased_in_advance", "state_row_behind",    "accept_wrong_digest",
  "skip_version_check", "answer_not_stored",       "collect_ignores_pins"};

struct request {
  std::uint64_t images = 50;
  std::uint64_t seed = 1;
  std::string bug;
  bool is_recall = false;
  bool is_same_seed = false;
};

struct tally {
  std::uint64_t images = 0;
  std::uint64_t cuts = 0;
  std::uint64_t acknowledged = 0;
  std::optional<std::uint64_t> failed_seed;
  std::vector<std::string> violations;
};

/// Stops at the first image that lost something.
tally run_until_failure(const request& wanted) {
  tally sum;
  while (sum.images < wanted.images && !sum.failed_seed) {
    auto seed = wanted.seed + (wanted.is_same_seed ? 0 : sum.images);
    auto outcome = run_image(seed);
    ++sum.images;
    sum.cuts += outcome.cuts;
    sum.acknowledged += outcome.acknowledged;
    if (outcome.violations.empty())
      continue;
    sum.failed_seed = seed;
    sum.violations = std::move(outcome.violations);
  }
  return sum;
}

void print(const tally& sum, double seconds) {
  std::printf(
    "power loss: %llu images, %llu cuts, %llu acknowledged changes, %.1f images/s: %s\n",
    static_cast<unsigned long long>(sum.images), static_cast<unsigned long long>(sum.cuts),
    static_cast<unsigned long long>(sum.acknowledged), static_cast<double>(sum.images) / seconds,
    sum.failed_seed ? "FAILED" : "nothing lost");
  if (!sum.failed_seed)
    return;
  std::printf("seed %llu:\n", static_cast<unsigned long long>(*sum.failed_seed));
  for (std::size_t i = 0; i < sum.violations.size() && i < violations_shown; ++i)
    std::printf("  %s\n", sum.violations[i].c_str());
  if (sum.violations.size() > violations_shown)
    std::printf("  and %zu more\n", sum.violations.size() - violations_shown);
}

int run_images(const request& wanted) {
  std::optional<planted_bug> bug;
  if (!wanted.bug.empty())
    bug.emplace(wanted.bug);
  auto begun = std::chrono::steady_clock::now();
  auto sum = run_until_failure(wanted);
  print(sum, std::chrono::duration<double>(std::chrono::steady_clock::now() - begun).count());
  if (bug && !bug->was_reached())
    std::printf("no code that ran asks for a bug named %s\n", wanted.bug.c_str());
  return sum.failed_seed ? 1 : 0;
}

struct found_bug {
  bool is_found = false;
  std::uint64_t images = 0;
  std::string sign;
};

found_bug look_for(const std::string& name, const request& wanted) {
  tally sum;
  {
    planted_bug bug(name);
    sum = run_until_failure(wanted);
    if (!sum.failed_seed)
      return {false, sum.images, bug.was_reached() ? "not found" : "never reached"};
  }
  // What fails without the bug too says nothing about it.
  if (!run_image(*sum.failed_seed).violations.empty())
    return {false, sum.images, "the same image fails without it: " + sum.violations.front()};
  return {true, sum.images, sum.violations.front()};
}

int run_recall(const request& wanted) {
  bool is_all_found = true;
  std::printf("%-26s %-8s %s\n", "planted bug", "images", "first sign");
  for (const auto& name : bugs_to_find) {
    const auto found = look_for(name, wanted);
    std::printf("%-26s %-8llu %s\n", name.c_str(), static_cast<unsigned long long>(found.images),
                found.sign.c_str());
    is_all_found = is_all_found && found.is_found;
  }
  return is_all_found ? 0 : 1;
}

} // namespace

int main(int argc, char** argv) {
  request wanted;
  CLI::App app("Cuts the power under the store and says what was lost.");
  app.add_option("--images", wanted.images, "Images to run; per bug with --recall");
  app.add_option("--seed", wanted.seed, "Seed of the first image; each next one adds 1");
  app.add_flag("--same-seed", wanted.is_same_seed, "Run the one seed again and again");
  app.add_option("--bug", wanted.bug, "Plant this bug");
  app.add_flag("--recall", wanted.is_recall, "Plant each known bug; fail unless all are found");
  CLI11_PARSE(app, argc, argv);
  return wanted.is_recall ? run_recall(wanted) : run_images(wanted);
}
