// SPDX-License-Identifier: Apache-2.0
// Redrives all dead letters of one cause in stages: one, then ten, then the rest in steps, and no
// further as soon as one of them dies again. In memory: after a restart the operator asks again,
// and each letter is where it was left. Thread-safe.
#pragma once

#include "actors/letters.hpp"
#include "actors/seams.hpp"
#include "config/settings.hpp"
#include "persistence/batch.hpp"
#include "protocol/time.hpp"

#include <cstdint>
#include <deque>
#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

namespace dossier {

/// How a redrive goes, or went until it ended.
struct redrive_report {
  enum class status_type : std::uint8_t {
    running,
    finished, ///< Every letter had its turn.
    stopped,  ///< Not all had: `why` says why.
  };

  std::string fingerprint;
  std::string by; ///< Who asked.
  status_type status = status_type::running;
  std::string why;
  std::uint32_t steps = 0;
  std::uint64_t redriven = 0;
  std::uint64_t settled = 0;
  std::uint64_t died_again = 0;
  std::uint64_t skipped = 0; ///< Were no longer dead when their turn came.
  std::uint64_t on_the_way
    = 0; ///< Redriven, neither settled nor dead yet. They go on by themselves.
  timestamp started_at;
  std::optional<timestamp> ended_at;
};

std::string_view to_string(redrive_report::status_type s);

class letter_redrives {
public:
  /// What is given outlives this, and has stopped calling back before this goes.
  letter_redrives(letters& source, background& loaders, const clock& time,
                  const letter_settings& limits);

  /// Begins with the next tick. conflict while one of this fingerprint runs, busy while as many run
  /// as letters.redrives_max allows.
  result<redrive_report> start(std::string_view fingerprint, std::string_view by);
  /// Running ones in the order of their fingerprints, then ended ones, the last one first.
  std::vector<redrive_report> list() const;

  /// Time goes on; `uptime` never steps. Never blocks on the disk.
  void tick(milliseconds uptime);
  /// A batch is durable. From the commit queue, before it answers.
  void committed(const batch& b);

private:
  using status_type = redrive_report::status_type;

  struct redrive {
    redrive_report report;
    std::uint64_t number = 0;     ///< Tells it from earlier ones of its fingerprint.
    std::optional<listing> after; ///< Letters up to here had their turn.
    bool is_gathering = false;
    bool has_more = true;
    std::unordered_map<entity_id, bool> on_the_way; ///< Of the present step; whether redriven yet.
    milliseconds moved_at{0}; ///< Uptime at which something last happened to it.
  };
  using running_map = std::map<std::string, redrive, std::less<>>;

  std::size_t step_of(const redrive& r) const;
  void gather(redrive& r);
  void take_up(const std::string& fingerprint, std::uint64_t number, result<letter_page> page);
  void submit(const std::string& fingerprint, std::uint64_t number, const entity_id& id);
  void answered(const std::string& fingerprint, std::uint64_t number, const entity_id& id,
                const result<answer<letter::view>>& got);
  redrive* find(const std::string& fingerprint, std::uint64_t number);
  void end(const std::string& fingerprint, status_type how, std::string why);

  letters& source_;
  background& loaders_;
  const clock& time_;
  const letter_settings limits_;
  mutable std::mutex mutex_; ///< Not held while the source is called.
  running_map running_;
  std::deque<redrive_report> ended_;
  std::uint64_t next_number_ = 1;
  milliseconds uptime_{0};
};

} // namespace dossier
