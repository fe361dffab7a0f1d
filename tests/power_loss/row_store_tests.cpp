// SPDX-License-Identifier: Apache-2.0
// What the store of rows leaves when the power goes: every file that was acknowledged, and under
// the name of a file nothing but a whole one.
#include "persistence/row_store.hpp"

#include "tests/power_loss/crash_disk.hpp"
#include "tests/power_loss/crash_files.hpp"
#include "tests/power_loss/dice.hpp"
#include "tests/support/planted.hpp"

#include <boost/test/unit_test.hpp>

#include <map>

using namespace dossier;
using namespace dossier::power_loss;

namespace row_store_power_loss_tests {

constexpr int seeds = 300;
const entity_id job = entity_id::make(timestamp{}, 1, {});

csv::schema costs() {
  csv::schema s;
  s.columns.resize(1);
  s.columns[0].name = "cost";
  s.columns[0].type = csv::value_type::integer;
  s.key = 0;
  return s;
}

result<row_file_counts> write_some(row_store& store, const row_file_key& key, dice& d) {
  auto writer = store.begin(key, costs(), "costs");
  if (!writer)
    return writer.error();
  csv::row_block block(costs(), 100, 1);
  std::uint64_t number = 1;
  for (auto blocks = d.below(5); blocks > 0; --blocks) {
    block.clear();
    for (std::uint32_t row = 0; row < 100; ++row)
      block.open_values(0)[row] = static_cast<std::int64_t>(d.below(1'000));
    for (std::uint32_t row = 0; row < 100; ++row, ++number)
      block.commit(number, number * 10);
    if (auto appended = (*writer)->append(block); !appended)
      return appended.error();
    const std::string text(d.below(5'000), 'r');
    csv::reject refused;
    refused.record.number = number++;
    refused.text = text;
    if (auto appended = (*writer)->append(refused); !appended)
      return appended.error();
  }
  return (*writer)->finish(0, number);
}

/// Attempts at chunks until the power goes; those that were acknowledged.
std::map<row_file_key, row_file_counts> live(crash_disk& disk, dice& d) {
  crash_files files(disk);
  std::map<row_file_key, row_file_counts> known;
  const auto store = row_store::open(files, "/data/rows");
  for (std::uint32_t attempt = 1; store && !disk.is_dead(); ++attempt) {
    const row_file_key key{job, static_cast<std::uint32_t>(1 + d.below(3)), attempt};
    if (const auto counts = write_some(**store, key, d))
      known[key] = *counts;
    if (d.below(4) != 0)
      continue;
    const auto going = known.empty() ? key : known.begin()->first;
    known.erase(going);
    (void)(*store)->remove(going);
  }
  return known;
}

/// How many files are missing or not whole.
int count_losses(crash_disk& disk, const std::map<row_file_key, row_file_counts>& known) {
  crash_files files(disk);
  const auto store = row_store::open(files, "/data/rows");
  BOOST_REQUIRE(store);
  int losses = 0;
  for (const auto& [key, counts] : known) {
    const auto file = (*store)->read(key);
    losses += file && (*file)->counts() == counts ? 0 : 1;
  }
  BOOST_REQUIRE((*store)->each([&](const row_file_key& key, std::uint64_t) {
    const auto file = (*store)->read(key);
    losses += file && (*file)->check() ? 0 : 1;
    return true;
  }));
  BOOST_TEST(files.list("/data/rows/incoming")->empty());
  return losses;
}

int losses_of(int seed) {
  dice d(static_cast<std::uint64_t>(seed));
  crash_disk disk;
  disk.cut_power_at(d.below(150));
  const auto known = live(disk, d);
  return count_losses(*disk.cut(static_cast<std::uint64_t>(seed)), known);
}

} // namespace row_store_power_loss_tests

BOOST_AUTO_TEST_SUITE(row_store_power_loss_tests)

BOOST_AUTO_TEST_CASE(what_was_finished_is_there_and_whole_and_the_rest_leaves_no_trace) {
  for (int seed = 0; seed < seeds; ++seed)
    BOOST_REQUIRE_MESSAGE(losses_of(seed) == 0, "seed " << seed);
}

BOOST_AUTO_TEST_CASE(without_its_syncs_it_would_not_be) {
  for (const auto* name : {"skip_file_sync", "skip_directory_sync"}) {
    const planted_bug bug(name);
    int losses = 0;
    for (int seed = 0; seed < seeds; ++seed)
      losses += losses_of(seed);
    BOOST_TEST(bug.was_reached());
    BOOST_TEST(losses > 0, name);
  }
}

BOOST_AUTO_TEST_SUITE_END()
