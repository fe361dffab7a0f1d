// SPDX-License-Identifier: Apache-2.0
// Rejects as files of rows keep them, one behind the other. Pure.
#pragma once

#include "protocol/csv/reject.hpp"
#include "protocol/result.hpp"

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace dossier {

/// A csv::reject that owns its text.
struct stored_reject {
  csv::reject_kind kind = csv::reject_kind::cast;
  csv::record_start record;
  std::uint64_t record_bytes = 0;
  std::uint64_t error_offset = 0;
  std::optional<std::uint32_t> field;
  std::string column;
  std::string message;
  std::string text;

  bool operator==(const stored_reject&) const = default;
};

/// How many bytes put_reject() appends.
std::uint64_t bytes_of_stored(const csv::reject& r);
void put_reject(const csv::reject& r, std::string& bytes);

/// Reads what put_reject() wrote, and copies no record. The bytes must outlive it.
class stored_rejects_reader {
public:
  explicit stored_rejects_reader(std::string_view bytes)
    : rest_(bytes) {}

  /// Goes to the next one; false behind the last; corrupt if the bytes are none.
  result<bool> next();
  /// The present one.
  const csv::reject& present() const { return present_; }

private:
  std::string_view rest_;
  csv::reject present_;
};

/// A reject that is valid during the call only. False ends a walk.
using reject_visit = std::function<bool(const csv::reject&)>;

/// The first ones that `walk` shows: at most `limit`, and no more behind one with which their texts
/// have reached `bytes_max`.
result<std::vector<stored_reject>>
gather_rejects(std::uint64_t limit, std::uint64_t bytes_max,
               const std::function<result<void>(const reject_visit&)>& walk);

stored_reject owned(const csv::reject& r);
/// `r` must outlive it.
csv::reject borrowed(const stored_reject& r);

} // namespace dossier
