// SPDX-License-Identifier: Apache-2.0
#include "tests/power_loss/image.hpp"

#include "actors/verify.hpp"
#include "protocol/assert.hpp"
#include "tests/power_loss/workload.hpp"

namespace dossier::power_loss {

namespace {

constexpr timestamp first_day = from_ms(1'767'225'600'000);
constexpr int rounds_max = 60;
constexpr int rounds_of_last_life = 4;
// Opening takes about a hundred operations, a round about four and its uploads.
constexpr std::uint64_t operations_of_opening = 150;
constexpr std::uint64_t operations_of_work = 400;

class image {
public:
  explicit image(std::uint64_t seed)
    : dice_(seed)
    , clock_(first_day) {}

  image_outcome run() {
    auto cuts = dice_.between(1, 3);
    while (outcome_.violations.empty() && outcome_.cuts < cuts) {
      live();
      if (!disk_->is_dead())
        disk_->cut_power_at(disk_->operations());
      disk_ = disk_->cut(dice_.next());
      ++outcome_.cuts;
    }
    if (outcome_.violations.empty())
      live_for_the_last_time();
    return std::move(outcome_);
  }

private:
  /// From switching on until the power goes, or a little before.
  void live() {
    if (dice_.chance(25))
      disk_->cut_power_at(disk_->operations() + dice_.below(operations_of_opening));
    auto running = open();
    if (!running)
      return;
    workload work(dice_, clock_, *disk_, *running, known_);
    work.repeat(in_doubt_);
    disk_->cut_power_at(disk_->operations() + dice_.below(operations_of_work));
    for (int i = 0; i < rounds_max && !disk_->is_dead() && work.violations().empty(); ++i)
      work.play_round();
    account(work);
    // Sometimes the process ends as it should and the power goes after.
    if (!disk_->is_dead() && dice_.chance(50))
      running->stop();
    else if (!disk_->is_dead())
      disk_->cut_power_at(disk_->operations());
  }

  void live_for_the_last_time() {
    auto running = open();
    if (!running)
      return;
    workload work(dice_, clock_, *disk_, *running, known_);
    work.repeat(in_doubt_);
    for (int i = 0; i < rounds_of_last_life; ++i)
      work.play_round();
    work.collect_everything();
    account(work);
    add(known_.check(running->store(), running->blobs(), clock_.now()));
  }

  /// Nothing if the power went meanwhile or something was found to be lost.
  std::unique_ptr<machine> open() {
    in_doubt_.clear();
    for (const auto& [entity, known] : known_.documents())
      if (known.in_doubt)
        in_doubt_.push_back(known.in_doubt->change);

    auto started = machine::start(*disk_, clock_);
    if (disk_->is_dead())
      return nullptr;
    if (!started) {
      add({"the store cannot be opened: " + started.error().why});
      return nullptr;
    }
    auto judged = known_;
    auto violations = judged.check((*started)->store(), (*started)->blobs(), clock_.now());
    for (auto& discrepancy : verified(**started))
      violations.push_back(std::move(discrepancy));
    // Why: without power nothing can be read, and what was in doubt stays so.
    if (disk_->is_dead())
      return nullptr;
    known_ = std::move(judged);
    add(std::move(violations));
    return outcome_.violations.empty() ? *std::move(started) : nullptr;
  }

  /// What the operators' own check says of the same store.
  static std::vector<std::string> verified(machine& running) {
    std::vector<std::string> found;
    auto tell = [&](const std::string& discrepancy) {
      found.push_back("verify: " + discrepancy);
    };
    auto read = verify(running.store(), running.blobs(), {.reads_content = true}, tell);
    if (!read)
      found.push_back("verify failed: " + read.error().why);
    return found;
  }

  void account(const workload& work) {
    add(work.violations());
    outcome_.acknowledged += work.acknowledged();
  }

  void add(std::vector<std::string> violations) {
    for (auto& v : violations)
      outcome_.violations.push_back(std::move(v));
  }

  dice dice_;
  hand_clock clock_;
  std::unique_ptr<crash_disk> disk_ = std::make_unique<crash_disk>();
  oracle known_;
  std::vector<batch> in_doubt_;
  image_outcome outcome_;
};

} // namespace

image_outcome run_image(std::uint64_t seed) {
  try {
    return image(seed).run();
  } catch (const broken_invariant& bug) {
    return {.violations = {std::string("an invariant is broken: ") + bug.what()}};
  }
}

} // namespace dossier::power_loss
