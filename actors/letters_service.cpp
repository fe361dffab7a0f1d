// SPDX-License-Identifier: Apache-2.0
#include "actors/letters_service.hpp"

#include "actors/list_walk.hpp"
#include "protocol/assert.hpp"

#include <algorithm>
#include <unordered_map>
#include <utility>

namespace dossier {

namespace {

result<std::string_view> list_of(letter::status s) {
  switch (s) {
  case letter::status::retrying:
    return letter::retrying_list;
  case letter::status::dead:
    return letter::dead_list;
  case letter::status::settled:
  case letter::status::discarded:
    break;
  }
  return fail(errc::invalid_argument,
              "only letters that are dead or retrying are listed; ask for one that is "
                + std::string(to_string(s)) + " by its id",
              "status");
}

bool fits(const letter::view& v, const letter_filter& f) {
  // A letter may have gone on since its row was read.
  return v.status == f.status && (!f.reason || v.last.code == *f.reason)
         && (!f.type || v.type == *f.type) && (!f.fingerprint || v.fingerprint == *f.fingerprint);
}

/// What one reading may still look at.
class budget {
public:
  explicit budget(const letter_settings& limits)
    : looks_left_(limits.scan_max)
    , bytes_left_(std::size_t{limits.scan_mib_max} << 20) {}

  bool is_spent() const { return looks_left_ == 0 || bytes_left_ == 0; }
  void look() { --looks_left_; }
  void read(const letter::message& m) {
    std::size_t bytes = m.value.size() + (m.key ? m.key->size() : 0);
    for (const auto& [name, value] : m.headers)
      bytes += name.size() + value.size();
    bytes_left_ -= std::min(bytes_left_, bytes);
  }

private:
  std::size_t looks_left_;
  std::size_t bytes_left_;
};

/// In front of every row of this time and older.
listing before(timestamp at) {
  listing place{at, {static_cast<entity_kind>(0xff), {}}};
  place.entity.id.bytes.fill(0xff);
  return place;
}

/// Where to begin: behind `after`, and not before what is old enough.
std::optional<listing> start_of(const letter_filter& f, const std::optional<listing>& after) {
  if (!f.older_than)
    return after;
  auto oldest = before(*f.older_than);
  return after && is_newer(oldest, *after) ? after : oldest;
}

void count(letter_group& group, const letter::view& v) {
  if (group.count++ == 0) {
    group.fingerprint = v.fingerprint;
    group.type = v.type;
    group.example = v.last;
    group.newest = v.received_at;
  }
  group.oldest = v.received_at;
}

} // namespace

letters_service::letters_service(entity_services& services, region_actor<letter_kind> region,
                                 const letter_tally& tally, const letter_settings& limits)
  : gate_(services, std::move(region))
  , tally_(tally)
  , limits_(limits) {}

entity_id letters_service::next_id(shard_number shard) {
  DOSSIER_ASSERT(shard < gate_.services().store.shard_count(),
                 "letters lie in a shard that exists");
  return gate_.services().ids.next(gate_.services().time.now(), shard);
}

void letters_service::submit(const entity_id& id, letter::command what, command_meta meta,
                             std::shared_ptr<reply<letter::view>> done) {
  gate_.submit(id, std::move(what), std::move(meta), std::move(done));
}

result<found_letter> letters_service::find(const entity_id& id) const {
  auto found = gate_.find(id);
  if (!found)
    return found.error();
  return found_letter{id, std::move(*found)};
}

result<std::vector<history_entry>>
letters_service::history(const entity_id& id, std::uint64_t first, std::size_t limit) const {
  return read_history(gate_.services().store, {letter_kind::code, id}, first, limit);
}

result<letter_page> letters_service::list(const letter_filter& filter,
                                          const std::optional<listing>& after,
                                          std::size_t limit) const {
  const auto list = list_of(filter.status);
  if (!list)
    return list.error();
  letter_page page;
  list_walk walk(gate_.services().store, *list, start_of(filter, after), limit + 1);
  auto place = after;
  for (budget left(limits_);;) {
    const auto row = walk.next();
    if (!row)
      return row.error();
    if (!*row || (filter.newer_than && (*row)->created_at <= *filter.newer_than))
      return page;
    if (page.items.size() == limit || left.is_spent()) {
      page.next = place;
      return page;
    }
    place = **row;
    left.look();
    auto found = find(place->entity.id);
    if (!found && found.error().code != errc::not_found)
      return found.error();
    if (found)
      left.read(found->view.message);
    if (found && fits(found->view, filter))
      page.items.push_back(std::move(*found));
  }
}

result<letter_groups> letters_service::groups(letter::status status) const {
  const auto list = list_of(status);
  if (!list)
    return list.error();
  letter_groups all;
  std::unordered_map<std::string, letter_group> by_fingerprint;
  list_walk walk(gate_.services().store, *list, std::nullopt, limits_.scan_max);
  for (budget left(limits_);;) {
    const auto row = walk.next();
    if (!row)
      return row.error();
    if (!*row)
      break;
    if (left.is_spent()) {
      all.is_cut = true;
      break;
    }
    ++all.looked_at;
    left.look();
    const auto found = find((*row)->entity.id);
    if (!found && found.error().code != errc::not_found)
      return found.error();
    if (found)
      left.read(found->view.message);
    if (found && found->view.status == status)
      count(by_fingerprint[found->view.fingerprint], found->view);
  }
  for (auto& [fingerprint, group] : by_fingerprint)
    all.groups.push_back(std::move(group));
  std::sort(all.groups.begin(), all.groups.end(), [](const letter_group& a, const letter_group& b) {
    return a.count != b.count ? a.count > b.count : a.fingerprint < b.fingerprint;
  });
  return all;
}

} // namespace dossier
