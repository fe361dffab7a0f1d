// SPDX-License-Identifier: Apache-2.0
#include "actors/letter_redrives.hpp"

#include "config/log.hpp"

#include <algorithm>
#include <utility>

namespace dossier {

namespace {

bool is_in(const std::vector<projection>& rows, std::string_view list) {
  return std::any_of(rows.begin(), rows.end(), [list](const projection& row) {
    const auto* entry = std::get_if<list_entry>(&row);
    return entry && entry->list == list;
  });
}

} // namespace

std::string_view to_string(redrive_report::status_type s) {
  switch (s) {
  case redrive_report::status_type::running:
    return "running";
  case redrive_report::status_type::finished:
    return "finished";
  case redrive_report::status_type::stopped:
    return "stopped";
  }
  return "unknown";
}

letter_redrives::letter_redrives(letters& source, background& loaders, const clock& time,
                                 const letter_settings& limits)
  : source_(source)
  , loaders_(loaders)
  , time_(time)
  , limits_(limits) {}

result<redrive_report> letter_redrives::start(std::string_view fingerprint, std::string_view by) {
  const std::lock_guard lock(mutex_);
  if (running_.contains(fingerprint))
    return fail(errc::conflict, "letters of the fingerprint " + std::string(fingerprint)
                                  + " are being redriven already");
  if (running_.size() >= limits_.redrives_max)
    return fail(errc::busy, "as many redrives run as letters.redrives_max allows");
  redrive r;
  r.report.fingerprint = fingerprint;
  r.report.by = by;
  r.report.started_at = time_.now();
  r.number = next_number_++;
  r.moved_at = uptime_;
  return running_.emplace(fingerprint, std::move(r)).first->second.report;
}

std::vector<redrive_report> letter_redrives::list() const {
  const std::lock_guard lock(mutex_);
  std::vector<redrive_report> all;
  for (const auto& [fingerprint, r] : running_)
    all.push_back(r.report);
  all.insert(all.end(), ended_.begin(), ended_.end());
  return all;
}

void letter_redrives::tick(milliseconds uptime) {
  const milliseconds patience = seconds{limits_.redrive_patience_s};
  std::vector<std::string> finished;
  std::vector<std::string> stuck;
  const std::lock_guard lock(mutex_);
  uptime_ = uptime;
  for (auto& [fingerprint, r] : running_) {
    if (r.is_gathering || !r.on_the_way.empty()) {
      if (uptime - r.moved_at > patience)
        stuck.push_back(fingerprint);
    } else if (r.has_more) {
      gather(r);
    } else {
      finished.push_back(fingerprint);
    }
  }
  for (const auto& fingerprint : finished)
    end(fingerprint, status_type::finished, "");
  for (const auto& fingerprint : stuck)
    end(fingerprint, status_type::stopped,
        "nothing came of the last step within letters.redrive_patience_s");
}

/// One letter shows whether the cause is gone, ten whether it was not chance.
std::size_t letter_redrives::step_of(const redrive& r) const {
  if (r.report.steps == 0)
    return 1;
  return r.report.steps == 1 ? std::min<std::size_t>(10, limits_.redrive_step_max)
                             : limits_.redrive_step_max;
}

void letter_redrives::gather(redrive& r) {
  r.is_gathering = true;
  r.moved_at = uptime_;
  letter_filter filter;
  filter.fingerprint = r.report.fingerprint;
  loaders_.run(
    [this, filter = std::move(filter), number = r.number, after = r.after, limit = step_of(r)] {
      take_up(*filter.fingerprint, number, source_.list(filter, after, limit));
    });
}

void letter_redrives::take_up(const std::string& fingerprint, std::uint64_t number,
                              result<letter_page> page) {
  {
    const std::lock_guard lock(mutex_);
    auto* r = find(fingerprint, number);
    if (!r)
      return;
    if (!page) {
      end(fingerprint, status_type::stopped,
          "the dead letters cannot be read: " + page.error().why);
      return;
    }
    r->is_gathering = false;
    r->moved_at = uptime_;
    r->after = page->next;
    r->has_more = page->next.has_value();
    if (page->items.empty())
      return;
    ++r->report.steps;
    for (const auto& item : page->items)
      r->on_the_way.emplace(item.id, false);
  }
  for (const auto& item : page->items)
    submit(fingerprint, number, item.id);
}

void letter_redrives::submit(const std::string& fingerprint, std::uint64_t number,
                             const entity_id& id) {
  command_meta meta;
  {
    const std::lock_guard lock(mutex_);
    // One may have died again while its neighbours were still on their way here.
    const auto* r = find(fingerprint, number);
    if (!r)
      return;
    meta.cause.by = r->report.by;
  }
  source_.submit(id, letter::redrive{}, std::move(meta),
                 std::make_shared<reply<letter::view>>(
                   [this, fingerprint, number, id](const result<answer<letter::view>>& got) {
                     answered(fingerprint, number, id, got);
                   }));
}

void letter_redrives::answered(const std::string& fingerprint, std::uint64_t number,
                               const entity_id& id, const result<answer<letter::view>>& got) {
  const std::lock_guard lock(mutex_);
  auto* r = find(fingerprint, number);
  if (!r)
    return;
  r->moved_at = uptime_;
  if (got)
    return; // committed() has counted it.
  if (got.error().code == errc::conflict || got.error().code == errc::not_found) {
    const auto at = r->on_the_way.find(id);
    // Somebody else was quicker. If it is on its way now, it is watched all the same.
    if (at != r->on_the_way.end() && !at->second) {
      r->on_the_way.erase(at);
      ++r->report.skipped;
    }
  } else {
    end(fingerprint, status_type::stopped,
        "letter " + id.text() + " could not be redriven: " + got.error().why);
  }
}

void letter_redrives::committed(const batch& b) {
  if (b.entity.kind != entity_kind::letter)
    return;
  const bool has_begun = is_in(b.projections_put, letter::retrying_list);
  const bool has_died = is_in(b.projections_put, letter::dead_list);
  const bool has_left = is_in(b.projections_erased, letter::retrying_list);
  if (!has_begun && !has_died && !has_left)
    return;
  const std::lock_guard lock(mutex_);
  for (auto& [fingerprint, r] : running_) {
    const auto at = r.on_the_way.find(b.entity.id);
    if (at == r.on_the_way.end())
      continue;
    r.moved_at = uptime_;
    if (has_begun) {
      at->second = true;
      ++r.report.redriven;
      ++r.report.on_the_way;
      return;
    }
    const bool was_begun = at->second;
    r.on_the_way.erase(at);
    if (!was_begun) {
      ++r.report.skipped;
      return;
    }
    --r.report.on_the_way;
    if (!has_died) {
      ++r.report.settled;
      return;
    }
    ++r.report.died_again;
    end(std::string(fingerprint), status_type::stopped,
        "letter " + b.entity.id.text() + " died again");
    return;
  }
}

letter_redrives::redrive* letter_redrives::find(const std::string& fingerprint,
                                                std::uint64_t number) {
  const auto at = running_.find(fingerprint);
  return at == running_.end() || at->second.number != number ? nullptr : &at->second;
}

void letter_redrives::end(const std::string& fingerprint, status_type how, std::string why) {
  const auto at = running_.find(fingerprint);
  auto report = std::move(at->second.report);
  running_.erase(at);
  report.status = how;
  report.why = std::move(why);
  report.ended_at = time_.now();
  log(how == status_type::finished ? log_level::info : log_level::warn, "redrive ended",
      {{"fingerprint", fingerprint},
       {"redriven", std::to_string(report.redriven)},
       {"settled", std::to_string(report.settled)},
       {"why", report.why}});
  ended_.push_front(std::move(report));
  if (ended_.size() > limits_.redrives_kept)
    ended_.pop_back();
}

} // namespace dossier
