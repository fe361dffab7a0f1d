// SPDX-License-Identifier: Apache-2.0
// Files: <root>/incoming/<number> on its way in, then <root>/<job>/<chunk>-<attempt>.rows, or
// <chunk>-<revision>.correction.
//
// Why no two writers meet: an attempt at a chunk has one writer, and a temporary file belongs to
// one. Why nothing is undone after a crash: a file is named once it is whole and synced, and counts
// once an event speaks of it. Of another attempt it is not in the way.
//
// A job's directory stays when its files go: the seam has no way to remove one, and an empty one
// costs a name.
#include "persistence/row_store.hpp"

#include <charconv>
#include <optional>
#include <utility>

namespace dossier {

namespace {

std::string name_of(const row_file_key& key) {
  return std::to_string(key.chunk) + "-" + std::to_string(key.attempt)
         + (key.kind == row_file_kind::records ? ".rows" : ".correction");
}

/// Exactly what name_of() writes.
std::optional<row_file_key> parse_name(const entity_id& job, std::string_view name) {
  row_file_key key{job, 0, 0};
  const char* end = name.data() + name.size();
  const auto chunk = std::from_chars(name.data(), end, key.chunk);
  if (chunk.ec != std::errc() || chunk.ptr == end)
    return std::nullopt;
  const auto attempt = std::from_chars(chunk.ptr + 1, end, key.attempt);
  if (attempt.ec != std::errc())
    return std::nullopt;
  for (const auto kind : {row_file_kind::records, row_file_kind::correction}) {
    key.kind = kind;
    if (name == name_of(key))
      return key;
  }
  return std::nullopt;
}

} // namespace

row_store::row_store(file_system& files, std::string root)
  : files_(files)
  , root_(std::move(root)) {}

result<std::unique_ptr<row_store>> row_store::open(file_system& files, std::string root) {
  if (auto made = make_empty_directory(files, root + "/incoming"); !made)
    return made.error();
  return std::unique_ptr<row_store>(new row_store(files, std::move(root)));
}

result<std::unique_ptr<const row_store>> row_store::open_read_only(file_system& files,
                                                                   std::string root) {
  if (!files.is_directory(root + "/incoming"))
    return fail(errc::not_found, "there is no store of rows at " + root);
  return std::unique_ptr<const row_store>(new row_store(files, std::move(root)));
}

result<std::unique_ptr<row_file_writer>>
row_store::begin(const row_file_key& key, const csv::schema& schema, std::string_view schema_text) {
  auto temporary = root_ + "/incoming/"
                   + std::to_string(next_temporary_.fetch_add(1, std::memory_order_relaxed));
  return row_file_writer::begin(files_, {std::move(temporary), directory_of(key.job), path_of(key)},
                                key, schema, schema_text);
}

result<std::shared_ptr<const row_file>> row_store::read(const row_file_key& key) const {
  auto path = path_of(key);
  auto file = files_.open(path);
  if (!file)
    return file.error();
  return row_file::open(std::move(path), std::move(*file), key);
}

bool row_store::has(const row_file_key& key) const {
  return files_.exists(path_of(key));
}

// Removing.

result<void> row_store::remove(const row_file_key& key) {
  return files_.remove(path_of(key));
}

result<std::uint64_t> row_store::remove_other_attempts(const row_file_key& kept) {
  return remove_if(kept.job, [&](const row_file_key& key) {
    return key.chunk == kept.chunk && key.kind == row_file_kind::records
           && key.attempt != kept.attempt;
  });
}

result<std::uint64_t> row_store::remove_earlier_revisions(const row_file_key& kept) {
  return remove_if(kept.job, [&](const row_file_key& key) {
    return key.chunk == kept.chunk && key.kind == row_file_kind::correction
           && key.attempt < kept.attempt;
  });
}

result<std::uint64_t> row_store::remove_job(const entity_id& job) {
  return remove_if(job, [](const row_file_key&) { return true; });
}

result<std::uint64_t>
row_store::remove_if(const entity_id& job,
                     const std::function<bool(const row_file_key&)>& is_going) {
  std::uint64_t count = 0;
  const auto walked = walk_job(job, [&](const row_file_key& key) -> result<bool> {
    if (!is_going(key))
      return true;
    if (auto removed = remove(key); !removed)
      return removed.error();
    ++count;
    return true;
  });
  if (!walked)
    return walked.error();
  return count;
}

// Walking.

result<bool>
row_store::walk_job(const entity_id& job,
                    const std::function<result<bool>(const row_file_key&)>& visit) const {
  const auto directory = directory_of(job);
  if (!files_.is_directory(directory))
    return true;
  const auto names = files_.list(directory);
  if (!names)
    return names.error();
  for (const auto& name : *names) {
    // What has no name of ours is nobody's file and left alone.
    const auto key = parse_name(job, name);
    if (!key)
      continue;
    const auto goes_on = visit(*key);
    if (!goes_on || !*goes_on)
      return goes_on;
  }
  return true;
}

result<void>
row_store::each(const std::function<bool(const row_file_key&, std::uint64_t)>& visit) const {
  const auto jobs = files_.list(root_);
  if (!jobs)
    return jobs.error();
  for (const auto& name : *jobs) {
    const auto job = entity_id::parse(name);
    if (!job)
      continue;
    const auto goes_on = walk_job(*job, [&](const row_file_key& key) -> result<bool> {
      const auto file = files_.open(path_of(key));
      if (file)
        return visit(key, (*file)->size_bytes());
      // It was removed after its directory was listed.
      if (file.error().code == errc::not_found)
        return true;
      return file.error();
    });
    if (!goes_on)
      return goes_on.error();
    if (!*goes_on)
      return {};
  }
  return {};
}

std::string row_store::directory_of(const entity_id& job) const {
  return root_ + "/" + job.text();
}

std::string row_store::path_of(const row_file_key& key) const {
  return directory_of(key.job) + "/" + name_of(key);
}

} // namespace dossier
