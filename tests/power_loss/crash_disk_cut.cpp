// SPDX-License-Identifier: Apache-2.0
// What the power leaves of a crash_disk.
#include "tests/power_loss/crash_disk.hpp"
#include "tests/power_loss/dice.hpp"
#include "tests/power_loss/nodes.hpp"

#include <algorithm>

namespace dossier::power_loss {

namespace {

constexpr std::uint64_t sector_bytes = 512;

enum class damage {
  total,   ///< Nothing survives that was not synced.
  orderly, ///< Each file survives up to some point, and the names of all directories up to one.
  hostile, ///< Each write survives or not for itself, each directory up to a point of its own.
};

damage pick_damage(dice& d) {
  auto thrown = d.below(10);
  return thrown < 3 ? damage::total : thrown < 6 ? damage::orderly : damage::hostile;
}

void extend(std::string& content, std::uint64_t size_bytes, bool with_garbage, dice& d) {
  while (content.size() < size_bytes)
    content.push_back(with_garbage ? static_cast<char>(d.below(256)) : '\0');
}

} // namespace

/// Builds the disk that is found: reads the old one, throws its dice, shares nothing with it.
class crash_disk::survivors {
public:
  survivors(const crash_disk& lost, std::uint64_t seed)
    : dice_(seed)
    , damage_(pick_damage(dice_)) {
    pick_names(lost);
  }

  handle copy_of(const handle& original) {
    auto& copy = copies_[original];
    if (copy)
      return copy;
    copy = std::make_shared<node>(node{.is_directory = original->is_directory});
    auto made = copy;
    if (original->is_directory) {
      auto entries = original->durable_entries;
      for (const auto* e : kept_)
        if (e->directory == original)
          e->apply_to(entries);
      for (const auto& [name, target] : entries)
        made->entries[name] = copy_of(target);
      made->durable_entries = made->entries;
    } else {
      made->written = content_of(*original);
      made->durable = made->written;
    }
    return made;
  }

private:
  /// Of so many changes in a row, how many survive: mostly none.
  std::size_t pick_survivors(std::size_t count) {
    if (damage_ == damage::total || dice_.chance(60))
      return 0;
    return dice_.between(0, count);
  }

  // Why in their order: a journal keeps no change to a directory without the earlier ones, and
  // RocksDB needs that. It renames CURRENT to name a manifest whose own name is not synced yet.
  void pick_names(const crash_disk& lost) {
    if (damage_ == damage::orderly) {
      auto count = pick_survivors(lost.unsynced_.size());
      for (std::size_t i = 0; i < count; ++i)
        keep(lost.unsynced_[i]);
      return;
    }
    std::map<handle, std::size_t> counts;
    for (const auto& c : lost.unsynced_)
      ++counts[c.decisive];
    std::map<handle, std::size_t> left;
    for (const auto& c : lost.unsynced_) {
      if (!left.contains(c.decisive))
        left[c.decisive] = pick_survivors(counts[c.decisive]);
      if (left[c.decisive] == 0)
        continue;
      --left[c.decisive];
      keep(c);
    }
  }

  void keep(const change& survivor) {
    for (const auto& e : survivor.edits)
      kept_.push_back(&e);
  }

  std::string content_of(const node& file) {
    switch (damage_) {
    case damage::total:
      return file.durable;
    case damage::orderly:
      return orderly_content_of(file);
    case damage::hostile:
      return file.is_kept_in_order ? orderly_content_of(file) : hostile_content_of(file);
    }
    return file.durable;
  }

  std::string orderly_content_of(const node& file) {
    auto content = file.durable;
    auto whole_steps = dice_.below(file.unsynced.size() + 1);
    for (std::size_t i = 0; i < whole_steps; ++i)
      file.unsynced[i].apply_to(content);
    if (whole_steps < file.unsynced.size() && !file.unsynced[whole_steps].is_truncation) {
      auto torn = file.unsynced[whole_steps];
      torn.bytes.resize(dice_.below(torn.bytes.size() + 1));
      torn.apply_to(content);
    }
    return content;
  }

  std::string hostile_content_of(const node& file) {
    auto content = file.durable;
    auto shortest = content.size();
    auto longest = content.size();
    for (const auto& step : file.unsynced) {
      if (step.is_truncation)
        shortest = std::min<std::size_t>(shortest, step.offset);
      longest = std::max<std::size_t>(longest, step.offset + step.bytes.size());
      land(step, content);
    }
    if (dice_.chance(50)) {
      auto length = dice_.between(shortest, longest);
      if (length < content.size())
        content.resize(length);
      extend(content, length, dice_.chance(50), dice_);
    }
    return content;
  }

  void land(const node::step& step, std::string& content) {
    auto fate = dice_.below(5);
    if (step.is_truncation) {
      if (fate < 3)
        step.apply_to(content);
      return;
    }
    auto landed = step;
    switch (fate) {
    case 0:
      step.apply_to(content);
      return;
    case 1:
      return;
    case 2:
      tear(step, content);
      return;
    case 3:
      std::ranges::fill(landed.bytes, '\0');
      break;
    default:
      for (auto& byte : landed.bytes)
        byte = static_cast<char>(dice_.below(256));
    }
    landed.apply_to(content);
  }

  void tear(const node::step& step, std::string& content) {
    auto end = step.offset + step.bytes.size();
    for (auto begin = step.offset; begin < end;) {
      auto next = std::min(end, (begin / sector_bytes + 1) * sector_bytes);
      if (dice_.chance(50))
        node::step{.offset = begin, .bytes = step.bytes.substr(begin - step.offset, next - begin)}
          .apply_to(content);
      begin = next;
    }
  }

  dice dice_;
  const damage damage_;
  std::vector<const edit*> kept_;
  std::map<handle, handle> copies_;
};

std::unique_ptr<crash_disk> crash_disk::cut(std::uint64_t seed) const {
  std::lock_guard lock(mutex_);
  auto found = std::make_unique<crash_disk>();
  found->root_ = survivors(*this, seed).copy_of(root_);
  return found;
}

} // namespace dossier::power_loss
