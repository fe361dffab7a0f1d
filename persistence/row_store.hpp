// SPDX-License-Identifier: Apache-2.0
// The rows and rejects of ingestion jobs: one immutable file for each attempt at a chunk and each
// revision of a correction, durable before the job's event speaks of it. What is seen is decided by
// that event, never by a file being there.
#pragma once

#include "persistence/files.hpp"
#include "persistence/row_file.hpp"
#include "persistence/row_file_writer.hpp"
#include "protocol/csv/schema.hpp"
#include "protocol/ids.hpp"
#include "protocol/result.hpp"

#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>

namespace dossier {

/// Thread-safe. Its writers and what read() gives may outlive it, but not the files.
class row_store {
public:
  /// Makes its directories and removes temporary files of an earlier life. `root` is absolute.
  static result<std::unique_ptr<row_store>> open(file_system& files, std::string root);

  /// Changes nothing; for `verify`. not_found if there is no store at `root`.
  static result<std::unique_ptr<const row_store>> open_read_only(file_system& files,
                                                                 std::string root);

  /// `schema_text` is given back by the file as it is, for whoever reads the rows later.
  result<std::unique_ptr<row_file_writer>> begin(const row_file_key& key, const csv::schema& schema,
                                                 std::string_view schema_text);

  /// not_found if there is none; corrupt if it is not whole. Each call opens the file anew; who has
  /// it open keeps reading it when it is removed.
  result<std::shared_ptr<const row_file>> read(const row_file_key& key) const;
  bool has(const row_file_key& key) const;

  // Removing what is not there succeeds. A removal may be undone by a power cut: then the file is
  // one that nobody speaks of, and can be removed again.

  result<void> remove(const row_file_key& key);
  /// Every attempt at the chunk but this one; returns how many went.
  result<std::uint64_t> remove_other_attempts(const row_file_key& kept);
  /// The revisions of a chunk's correction before this one: a later one may count by now.
  result<std::uint64_t> remove_earlier_revisions(const row_file_key& kept);
  /// Every file of the job; returns how many went.
  result<std::uint64_t> remove_job(const entity_id& job);

  /// Every file that is there, in no order, until `visit` returns false; for `verify`.
  result<void>
  each(const std::function<bool(const row_file_key&, std::uint64_t size_bytes)>& visit) const;

private:
  row_store(file_system& files, std::string root);
  std::string directory_of(const entity_id& job) const;
  std::string path_of(const row_file_key& key) const;
  /// Visits the names of a job's files until `visit` returns false or fails; false if it did.
  result<bool> walk_job(const entity_id& job,
                        const std::function<result<bool>(const row_file_key&)>& visit) const;
  result<std::uint64_t> remove_if(const entity_id& job,
                                  const std::function<bool(const row_file_key&)>& is_going);

  file_system& files_;
  const std::string root_;
  std::atomic<std::uint64_t> next_temporary_{0};
};

} // namespace dossier
