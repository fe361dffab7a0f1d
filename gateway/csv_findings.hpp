// SPDX-License-Identifier: Apache-2.0
// What came of checking a CSV file: sums over all threads and the first rejects, for people.
#pragma once

#include "protocol/csv/reject.hpp"
#include "protocol/csv/row_parser.hpp"
#include "protocol/csv/sniff.hpp"

#include <chrono>
#include <cstdint>
#include <iosfwd>
#include <map>
#include <mutex>
#include <string>
#include <utility>

namespace dossier {

class csv_findings {
public:
  explicit csv_findings(std::size_t rejects_shown)
    : shown_max_(rejects_shown) {}

  /// Any thread.
  void add(const csv::reject& r);
  void add(const csv::parse_counts& counts);

  std::uint64_t rejects() const { return sums_.rejects; }
  void print(std::ostream& out, const csv::schema& s) const;

  csv::sniffed_dialect dialect;
  std::uint64_t bytes = 0;
  unsigned threads = 1;
  std::chrono::nanoseconds took{0};

private:
  /// A reject that is shown. Its text is cut: the file has it.
  struct shown_reject {
    csv::reject_kind kind;
    std::uint64_t line;
    std::uint64_t offset;
    std::string column;
    std::string message;
    std::string text;
  };

  void print_rejects(std::ostream& out) const;

  const std::size_t shown_max_;
  std::mutex mutex_;
  csv::parse_counts sums_;
  std::map<std::pair<csv::reject_kind, std::string>, std::uint64_t> by_kind_; ///< And column.
  std::map<std::uint64_t, shown_reject> first_; ///< By where their records begin.
};

} // namespace dossier
