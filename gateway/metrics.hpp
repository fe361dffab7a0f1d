// SPDX-License-Identifier: Apache-2.0
// What operators measure: counters that the routes keep, and the text that Prometheus scrapes,
// built at each scrape from everybody's own counters.
#pragma once

#include "actors/admin.hpp"
#include "actors/guards.hpp"
#include "actors/letters.hpp"
#include "gateway/server.hpp"
#include "persistence/blob_store.hpp"

#include <array>
#include <atomic>
#include <chrono>
#include <cstdint>
#include <deque>
#include <functional>
#include <string>
#include <utility>
#include <vector>

namespace dossier {

/// What became of the requests to one operation. Thread-safe.
class operation_stats {
public:
  /// Upper bounds of the buckets; a last one without bound follows.
  static constexpr std::array<double, 14> bounds_s{0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05,
                                                   0.1,    0.25,  0.5,    1,     2.5,  5,     10};

  explicit operation_stats(std::string operation)
    : operation_(std::move(operation)) {}

  void count(unsigned status, std::chrono::nanoseconds took);

  const std::string& operation() const { return operation_; }
  std::uint64_t answered(std::size_t status_class) const { return by_class_[status_class]; }
  std::uint64_t in_bucket(std::size_t bucket) const { return buckets_[bucket]; }
  double total_s() const { return static_cast<double>(total_us_) / 1e6; }

private:
  const std::string operation_;
  std::array<std::atomic<std::uint64_t>, 6> by_class_{};
  std::array<std::atomic<std::uint64_t>, bounds_s.size() + 1> buckets_{};
  std::atomic<std::uint64_t> total_us_{0};
};

/// One measured value of a part that the edge does not know.
struct metric {
  enum class kind_type : std::uint8_t { counter, gauge };
  std::string name; ///< "dossier_commit_groups_total": units last, counters end in _total.
  std::string help;
  kind_type kind = kind_type::gauge;
  double value = 0;
};

/// Where the numbers come from. Each function may be empty; all are called on the scraping thread.
struct metric_sources {
  std::string version;
  const std::deque<operation_stats>* operations = nullptr;
  const blob_stats* blobs = nullptr;
  std::function<const http_stats*()> http; ///< nullptr before the server listens.
  std::function<core_stats()> core;
  std::function<result<letter_counts>()> letters; ///< A failure: nothing is said of letters.
  std::function<std::vector<guard_info>()> guards;
  std::function<std::vector<metric>()> more;
};

/// The exposition format 0.0.4.
std::string metrics_text(const metric_sources& sources);

} // namespace dossier
