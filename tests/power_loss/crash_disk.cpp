// SPDX-License-Identifier: Apache-2.0
#include "tests/power_loss/crash_disk.hpp"

#include "tests/power_loss/nodes.hpp"

#include <algorithm>
#include <cstring>

namespace dossier::power_loss {

namespace {

std::vector<std::string> parts_of(const std::string& path) {
  std::vector<std::string> parts;
  for (std::size_t begin = 0; begin < path.size();) {
    auto end = std::min(path.find('/', begin), path.size());
    if (end > begin)
      parts.push_back(path.substr(begin, end - begin));
    begin = end + 1;
  }
  return parts;
}

failure refusal(errc code, std::string_view what, const std::string& path, std::string_view why) {
  return fail(code, "could not " + std::string(what) + " " + path + ": " + std::string(why));
}

} // namespace

void crash_disk::edit::apply_to(std::map<std::string, handle>& entries) const {
  if (target)
    entries[name] = target;
  else
    entries.erase(name);
}

crash_disk::crash_disk()
  : root_(std::make_shared<node>(node{.is_directory = true})) {}
crash_disk::~crash_disk() = default;

void crash_disk::cut_power_at(std::uint64_t operation) {
  std::lock_guard lock(mutex_);
  // Why: what is dead stays dead, whoever meant to cut it later.
  if (!is_off())
    power_goes_at_ = operation;
}

std::uint64_t crash_disk::operations() const {
  std::lock_guard lock(mutex_);
  return operations_;
}

bool crash_disk::is_dead() const {
  std::lock_guard lock(mutex_);
  return is_off();
}

result<void> crash_disk::check_power(std::string_view what, const std::string& path) const {
  if (is_off())
    return refusal(errc::unavailable, what, path, "the power is off");
  return {};
}

result<void> crash_disk::begin_operation(std::string_view what, const std::string& path) {
  if (auto powered = check_power(what, path); !powered)
    return powered;
  ++operations_;
  return {};
}

crash_disk::handle crash_disk::find(const std::string& path) const {
  auto at = root_;
  for (const auto& part : parts_of(path)) {
    auto entry = at->entries.find(part);
    if (entry == at->entries.end())
      return nullptr;
    at = entry->second;
  }
  return at;
}

result<crash_disk::handle> crash_disk::find_directory(const std::string& path) const {
  auto found = find(path);
  if (!found || !found->is_directory)
    return refusal(errc::not_found, "find directory", path, "there is none");
  return found;
}

result<crash_disk::place> crash_disk::place_of(const std::string& path) const {
  auto parts = parts_of(path);
  if (parts.empty())
    return refusal(errc::invalid_argument, "name", path, "the root has no parent");
  auto at = root_;
  for (std::size_t i = 0; i + 1 < parts.size(); ++i) {
    auto entry = at->entries.find(parts[i]);
    if (entry == at->entries.end() || !entry->second->is_directory)
      return refusal(errc::not_found, "reach", path, "its directory does not exist");
    at = entry->second;
  }
  return place{at, parts.back()};
}

void crash_disk::record(change made) {
  for (const auto& e : made.edits)
    e.apply_to(e.directory->entries);
  unsynced_.push_back(std::move(made));
}

result<crash_disk::handle> crash_disk::open_for_writing(const std::string& path, opening how) {
  std::lock_guard lock(mutex_);
  if (auto begun = begin_operation("open", path); !begun)
    return begun.error();
  auto where = place_of(path);
  if (!where)
    return where.error();
  auto entry = where->directory->entries.find(where->name);
  if (entry == where->directory->entries.end()) {
    auto file = std::make_shared<node>();
    record({{{where->directory, where->name, file}}, where->directory});
    return file;
  }
  auto file = entry->second;
  if (file->is_directory || how == opening::must_be_new)
    return refusal(errc::conflict, "create", path, "it exists");
  if (how == opening::truncates)
    file->truncate(0);
  return file;
}

result<crash_disk::handle> crash_disk::open_for_reading(const std::string& path) const {
  std::lock_guard lock(mutex_);
  if (auto powered = check_power("open", path); !powered)
    return powered.error();
  auto found = find(path);
  if (!found || found->is_directory)
    return refusal(errc::not_found, "open", path, "there is no such file");
  return found;
}

void crash_disk::keep_in_order(const handle& file) {
  std::lock_guard lock(mutex_);
  file->is_kept_in_order = true;
}

result<void> crash_disk::append(const handle& file, std::string_view bytes) {
  std::lock_guard lock(mutex_);
  if (auto begun = begin_operation("append to", "a file"); !begun)
    return begun;
  file->write(file->written.size(), bytes);
  return {};
}

result<void> crash_disk::truncate(const handle& file, std::uint64_t size_bytes) {
  std::lock_guard lock(mutex_);
  if (auto begun = begin_operation("truncate", "a file"); !begun)
    return begun;
  file->truncate(size_bytes);
  return {};
}

result<void> crash_disk::sync(const handle& file) {
  std::lock_guard lock(mutex_);
  if (auto begun = begin_operation("sync", "a file"); !begun)
    return begun;
  file->sync();
  return {};
}

result<std::size_t> crash_disk::read(const handle& file, std::uint64_t offset,
                                     std::span<char> into) const {
  std::lock_guard lock(mutex_);
  if (auto powered = check_power("read", "a file"); !powered)
    return powered.error();
  if (offset >= file->written.size())
    return std::size_t{0};
  auto count = std::min<std::size_t>(into.size(), file->written.size() - offset);
  std::memcpy(into.data(), file->written.data() + offset, count);
  return count;
}

result<std::uint64_t> crash_disk::size_bytes(const handle& file) const {
  std::lock_guard lock(mutex_);
  if (auto powered = check_power("measure", "a file"); !powered)
    return powered.error();
  return std::uint64_t{file->written.size()};
}

crash_disk::kind crash_disk::kind_of(const std::string& path) const {
  std::lock_guard lock(mutex_);
  auto found = check_power("look at", path) ? find(path) : nullptr;
  if (!found)
    return kind::absent;
  return found->is_directory ? kind::directory : kind::file;
}

result<std::vector<std::string>> crash_disk::list(const std::string& directory) const {
  std::lock_guard lock(mutex_);
  if (auto powered = check_power("list", directory); !powered)
    return powered.error();
  auto found = find_directory(directory);
  if (!found)
    return found.error();
  std::vector<std::string> names;
  for (const auto& [name, target] : (*found)->entries)
    names.push_back(name);
  return names;
}

result<void> crash_disk::make_directory(const std::string& path) {
  std::lock_guard lock(mutex_);
  if (auto begun = begin_operation("make directory", path); !begun)
    return begun;
  auto where = place_of(path);
  if (!where)
    return where.error();
  if (where->directory->entries.contains(where->name))
    return refusal(errc::conflict, "make directory", path, "it exists");
  auto made = std::make_shared<node>(node{.is_directory = true});
  record({{{where->directory, where->name, made}}, where->directory});
  return {};
}

result<void> crash_disk::remove_directory(const std::string& path) {
  std::lock_guard lock(mutex_);
  if (auto begun = begin_operation("remove directory", path); !begun)
    return begun;
  auto found = find_directory(path);
  if (!found)
    return found.error();
  auto where = place_of(path);
  if (!where)
    return where.error();
  if (!(*found)->entries.empty())
    return refusal(errc::conflict, "remove directory", path, "it is not empty");
  record({{{where->directory, where->name, nullptr}}, where->directory});
  return {};
}

result<void> crash_disk::rename(const std::string& from, const std::string& to) {
  std::lock_guard lock(mutex_);
  if (auto begun = begin_operation("rename", from); !begun)
    return begun;
  auto moved = find(from);
  auto source = place_of(from);
  auto target = place_of(to);
  if (!moved || !source)
    return refusal(errc::not_found, "rename", from, "it does not exist");
  if (!target)
    return target.error();
  if (find(to) == moved)
    return {};
  record({{{source->directory, source->name, nullptr}, {target->directory, target->name, moved}},
          target->directory});
  return {};
}

result<void> crash_disk::link(const std::string& from, const std::string& to) {
  std::lock_guard lock(mutex_);
  if (auto begun = begin_operation("link", from); !begun)
    return begun;
  auto linked = find(from);
  auto target = place_of(to);
  if (!linked || linked->is_directory)
    return refusal(errc::not_found, "link", from, "there is no such file");
  if (!target)
    return target.error();
  if (target->directory->entries.contains(target->name))
    return refusal(errc::conflict, "link to", to, "it exists");
  record({{{target->directory, target->name, linked}}, target->directory});
  return {};
}

result<void> crash_disk::remove(const std::string& path) {
  std::lock_guard lock(mutex_);
  if (auto begun = begin_operation("remove", path); !begun)
    return begun;
  auto found = find(path);
  if (!found || found->is_directory)
    return refusal(errc::not_found, "remove", path, "there is no such file");
  auto where = place_of(path);
  if (!where)
    return where.error();
  record({{{where->directory, where->name, nullptr}}, where->directory});
  return {};
}

result<void> crash_disk::sync_directory(const std::string& path) {
  std::lock_guard lock(mutex_);
  if (auto begun = begin_operation("sync directory", path); !begun)
    return begun;
  auto found = find_directory(path);
  if (!found)
    return found.error();
  for (std::size_t i = 0; i < unsynced_.size(); ++i)
    if (unsynced_[i].decisive == *found)
      make_durable(i);
  std::erase_if(unsynced_, [](const change& c) { return c.edits.empty(); });
  return {};
}

// Why: a journalling file system never keeps a change without the earlier ones to the same name.
void crash_disk::make_durable(std::size_t index) {
  std::vector<std::size_t> together{index};
  for (std::size_t i = index; i-- > 0;) {
    auto touches = [&](const edit& earlier) {
      return std::ranges::any_of(together, [&](std::size_t later) {
        return std::ranges::any_of(unsynced_[later].edits,
                                   [&](const edit& e) { return e.same_name_as(earlier); });
      });
    };
    if (std::ranges::any_of(unsynced_[i].edits, touches))
      together.push_back(i);
  }
  std::ranges::reverse(together);
  for (auto i : together) {
    for (const auto& e : unsynced_[i].edits)
      e.apply_to(e.directory->durable_entries);
    unsynced_[i].edits.clear();
  }
}

} // namespace dossier::power_loss
