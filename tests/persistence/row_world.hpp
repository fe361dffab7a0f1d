// SPDX-License-Identifier: Apache-2.0
// Files of rows in a directory of their own, and what is known of what was put into them.
#pragma once

#include "persistence/row_file.hpp"
#include "persistence/row_file_writer.hpp"
#include "tests/persistence/blob_world.hpp"

#include <boost/test/unit_test.hpp>

#include <fstream>
#include <iterator>
#include <memory>
#include <optional>
#include <random>
#include <string>
#include <vector>

namespace dossier::test {

struct known_row {
  std::uint64_t number = 0;
  std::string reference;
  std::optional<std::int64_t> cost;

  bool operator==(const known_row&) const = default;
};

inline std::ostream& operator<<(std::ostream& out, const known_row& row) {
  return out << row.number << ' ' << row.reference << ' ' << row.cost.value_or(-1);
}

enum class keyed_by { nothing, reference, cost };

inline csv::schema calls(keyed_by key) {
  csv::schema s;
  s.name = "calls";
  s.columns.resize(2);
  s.columns[0].name = "reference";
  s.columns[1].name = "cost";
  s.columns[1].type = csv::value_type::integer;
  if (key != keyed_by::nothing)
    s.key = key == keyed_by::reference ? 0 : 1;
  return s;
}

/// Of rows of calls().
inline csv::row_block block_of(std::span<const known_row> rows) {
  csv::row_block block(calls(keyed_by::nothing), std::max<std::uint32_t>(1, rows.size()), 1U << 30);
  std::size_t bytes = 0;
  for (const auto& row : rows)
    bytes += row.reference.size();
  auto texts = block.open_texts(0, bytes);
  for (std::size_t i = 0; i < rows.size(); ++i) {
    const std::string padded = rows[i].reference + std::string(csv::padding_bytes, ' ');
    texts.put(padded.data(), rows[i].reference.size());
    if (rows[i].cost)
      block.open_values(1)[i] = *rows[i].cost;
    else
      block.put_null(1, i);
  }
  for (const auto& row : rows)
    block.commit(row.number, row.number * 100);
  return block;
}

inline known_row row_in(const csv::row_block_reader& block, std::uint32_t row) {
  BOOST_REQUIRE_EQUAL(block.columns(), 2u);
  BOOST_CHECK_EQUAL(block.offset(row), block.number(row) * 100);
  const auto reference = block.text(row, 0);
  BOOST_REQUIRE(reference);
  known_row seen{block.number(row), std::string(*reference), {}};
  if (!block.is_null(row, 1))
    seen.cost = block.value(row, 1);
  return seen;
}

/// What a file should hold.
struct known_file {
  std::vector<known_row> rows;
  std::vector<stored_reject> rejects;
};

inline stored_reject some_reject(std::uint64_t number, std::string text) {
  stored_reject r;
  r.kind = static_cast<csv::reject_kind>(1 + number % 10);
  r.record = {number * 100, number * 2, number};
  r.record_bytes = text.size() + 2;
  r.error_offset = number * 100 + 7;
  if (number % 3 != 0)
    r.field = static_cast<std::uint32_t>(number % 5);
  r.column = number % 3 != 0 ? "cost" : "";
  r.message = "\"" + text.substr(0, 10) + "\" is no integer";
  r.text = std::move(text);
  return r;
}

inline const entity_id a_job = entity_id::make(timestamp{}, 7, {1, 2, 3, 4, 5, 6, 7, 8, 9, 10});

struct row_fixture {
  scratch_directory scratch;
  watched_files files;
  row_file_key key{a_job, 3, 2};
  keyed_by keyed = keyed_by::reference;
  row_file_sizes sizes;
  std::mt19937_64 dice{1};

  std::string path() const { return scratch / "job/3-2.rows"; }

  std::unique_ptr<row_file_writer> begun() {
    auto writer = row_file_writer::begin(files, {scratch / "temporary", scratch / "job", path()},
                                         key, calls(keyed), "calls, version 1", sizes);
    require(writer);
    return std::move(*writer);
  }

  /// Records from 1 on: rows in blocks of up to so many, now and then a reject, now and then
  /// nothing.
  known_file some_file(std::size_t records) {
    known_file file;
    for (std::uint64_t number = 1; number <= records; ++number) {
      const auto die = dice() % 10;
      if (die == 0)
        file.rejects.push_back(some_reject(number, std::string(dice() % 90, 'r')));
      else if (die > 1)
        file.rows.push_back(
          {number, "reference " + std::to_string(dice() % records),
           die == 2 && keyed != keyed_by::cost ? std::nullopt : std::optional(dice() % 1'000)});
    }
    return file;
  }

  /// In the order of records as far as blocks allow.
  void append(row_file_writer& writer, const known_file& file, std::size_t rows_at_once) {
    auto reject = file.rejects.begin();
    for (std::size_t at = 0; at < file.rows.size(); at += rows_at_once) {
      const auto rows = std::span(file.rows).subspan(at);
      const auto block = rows.first(std::min(rows_at_once, rows.size()));
      for (; reject != file.rejects.end() && reject->record.number < block.back().number; ++reject)
        require(writer.append(borrowed(*reject)));
      require(writer.append(block_of(block)));
    }
    for (; reject != file.rejects.end(); ++reject)
      require(writer.append(borrowed(*reject)));
  }

  row_file_counts write(const known_file& file, std::size_t rows_at_once) {
    auto writer = begun();
    append(*writer, file, rows_at_once);
    const auto counts = writer->finish(5, 77);
    require(counts);
    return *counts;
  }

  result<std::shared_ptr<const row_file>> opening() const {
    auto file = posix_files().open(path());
    require(file);
    return row_file::open(path(), std::move(*file), key);
  }
  std::shared_ptr<const row_file> opened() const {
    auto file = opening();
    require(file);
    return *file;
  }

  std::string bytes() const {
    std::ifstream in(path(), std::ios::binary);
    return std::string(std::istreambuf_iterator<char>(in), {});
  }
  void overwrite(std::string_view bytes) const {
    std::ofstream(path(), std::ios::binary | std::ios::trunc) << bytes;
  }

  bool has_no_trace() const {
    for (const auto& entry : std::filesystem::recursive_directory_iterator(scratch.path()))
      if (entry.is_regular_file())
        return false;
    return true;
  }
};

/// Of a row_file or of chunk_rows.
template <class Rows>
std::vector<known_row> rows_from(const Rows& file, std::uint64_t number, std::uint64_t limit) {
  std::vector<known_row> rows;
  require(file.rows_from(number, limit, [&](const csv::row_block_reader& block, std::uint32_t row) {
    rows.push_back(row_in(block, row));
    return true;
  }));
  return rows;
}

constexpr std::uint64_t no_limit = ~std::uint64_t{0};

template <class T>
void check_fails(const result<T>& outcome, errc code, std::string_view part = {}) {
  BOOST_REQUIRE(outcome.has_error());
  BOOST_CHECK_EQUAL(to_string(outcome.error().code), to_string(code));
  BOOST_CHECK_MESSAGE(outcome.error().why.find(part) != std::string::npos, outcome.error().why);
}

} // namespace dossier::test
