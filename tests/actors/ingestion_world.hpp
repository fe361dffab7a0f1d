// SPDX-License-Identifier: Apache-2.0
// Ingestion in virtual time: the production core and the production ingester on a journal in memory
// and files in a directory of their own, one step at a time in an order that follows from a seed.
#pragma once

#include "actors/ingester.hpp"
#include "actors/repair.hpp"
#include "tests/support/scratch_directory.hpp"
#include "tests/support/stepped_world.hpp"

#include "protocol/csv/values.hpp"

#include <boost/test/unit_test.hpp>

#include <map>
#include <memory>
#include <random>
#include <span>
#include <string>
#include <string_view>
#include <utility>

namespace dossier::test {

/// What readers see of a job's file: rows and rejects by the numbers of their records, as texts.
struct ingested {
  std::map<std::uint64_t, std::string> rows;
  std::map<std::uint64_t, std::string> rejects;
  bool operator==(const ingested&) const = default;
};

inline std::string text_of(const csv::row_block_reader& block, std::uint32_t row) {
  std::string text = std::to_string(block.offset(row));
  for (std::size_t i = 0; i < block.columns(); ++i) {
    text += '|';
    if (block.is_null(row, i))
      text += "null";
    else if (block.type(i) == csv::value_type::text)
      text += block.text(row, i).value();
    else
      text += std::to_string(block.value(row, i));
  }
  return text;
}

inline std::string text_of(const stored_reject& r) {
  return std::to_string(r.record.line) + '|' + std::to_string(r.record.offset) + '|'
         + std::string(csv::to_string(r.kind)) + '|' + r.column + '|' + r.message + '|' + r.text;
}

/// What one file of rows or a chunk has; no record twice.
template <class Rows>
void add(const Rows& file, ingested& into) {
  const auto visited = file.rows_from(1, UINT64_MAX, [&](const auto& block, std::uint32_t row) {
    BOOST_TEST(into.rows.emplace(block.number(row), text_of(block, row)).second);
    return true;
  });
  BOOST_REQUIRE(visited);
  for (const auto& r : file.rejects_from(1, UINT64_MAX, UINT64_MAX).value())
    BOOST_TEST(into.rejects.emplace(r.record.number, text_of(r)).second);
}

/// A file of call records with quoted line feeds, empty lines, and records that are wrong.
inline std::string made_file(std::uint64_t seed, std::size_t records) {
  std::mt19937_64 dice(seed);
  std::string text = "caller_id,recipient,call_date,end_time,duration,cost,reference,currency\r\n";
  for (std::size_t i = 0; i < records; ++i) {
    const auto reference = "R" + std::to_string(i);
    switch (dice() % 12) {
    case 0:
      text += "\n";
      break;
    case 1:
      text += "a,b,31/02/2024,10:00:00,1,1," + reference + ",GBP\n";
      break;
    case 2:
      text += "a,b\n";
      break;
    case 3:
      text += "\"a\nb \"\"c\"\"\",\"d\r\n,\",01/02/2024,10:00:00,7,0.5," + reference + ",EUR\r\n";
      break;
    default:
      text += "44" + std::to_string(dice() % 100'000) + ",,29/02/2024,23:59:59,"
              + std::to_string(dice() % 1'000) + ',' + std::to_string(dice() % 50) + ".125,"
              + reference + ",GBP\n";
    }
  }
  return text;
}

struct ingestion_world {
  static settings small_settings() {
    settings s;
    s.storage.shards = 4;
    s.ingestion.threads = 2;
    s.ingestion.chunk_threshold_bytes = 1'000;
    s.ingestion.chunk_bytes = 500;
    s.ingestion.record_bytes_max = 256;
    return s;
  }

  explicit ingestion_world(std::uint64_t seed = 1, settings s = small_settings())
    : world(s, seed)
    , dice(seed) {
    blobs = blob_store::open(posix_files(), directory / "blobs", *world.store).value();
    rows = row_store::open(posix_files(), directory / "rows").value();
    world.on_start = [this] {
      start();
    };
    world.on_stop = [this] {
      worker = nullptr;
    };
    start();
  }
  ~ingestion_world() {
    world.on_start = nullptr;
    world.core->stop();
    worker = nullptr;
  }

  void start() {
    worker = std::make_unique<ingester>(
      ingester_parts{*world.store, world.core->jobs(), *blobs, *rows, schemas, turn},
      world.config.ingestion);
    BOOST_REQUIRE(worker->recover());
    world.commits.on_committed = [this, core = world.commits.on_committed](const batch& b) {
      core(b);
      worker->committed(b);
    };
  }

  stored_content store(std::string_view text) {
    auto upload = blobs->begin("acme", false).value();
    BOOST_REQUIRE(upload->append(std::as_bytes(std::span(text))));
    return upload->finish({}).value();
  }

  ingestion::submission submission_of(const stored_content& content) const {
    ingestion::submission s;
    s.customer = "acme";
    s.original_file_name = "calls.csv";
    s.container_name = "raw-uploads";
    s.sha256 = content.sha256;
    s.bytes = content.size_bytes;
    s.schema_name = "cdr";
    s.schema_version = 1;
    s.has_unique_keys = true;
    return s;
  }

  /// Sends a command; what it came to appears while the world is stepped.
  std::shared_ptr<std::optional<result<answer<ingestion::view>>>> tell(const entity_id& id,
                                                                       ingestion::command what) {
    auto seen = std::make_shared<std::optional<result<answer<ingestion::view>>>>();
    world.core->jobs().submit(
      id, std::move(what), {},
      std::make_shared<reply<ingestion::view>>([seen](auto got) { *seen = std::move(got); }));
    return seen;
  }

  /// Has the file ingested; its job is accepted.
  entity_id submit(std::string_view text) {
    const auto content = store(text);
    const auto made_of = submission_of(content);
    const auto id = world.core->jobs().id_of(made_of);
    const auto seen = tell(id, ingestion::accept{made_of, std::nullopt});
    world.run();
    BOOST_REQUIRE(seen->has_value());
    BOOST_REQUIRE_MESSAGE((*seen)->has_value(), "the job is refused");
    return id;
  }

  ingestion::view view_of(const entity_id& id) { return world.core->jobs().find(id).value().view; }

  /// One step of whatever can go on, by chance. False if nothing can.
  bool step() {
    const auto first = dice() % 4;
    for (std::uint64_t i = 0; i < 4; ++i) {
      switch ((first + i) % 4) {
      case 0:
        if (world.step_actor(dice()))
          return true;
        break;
      case 1:
        if (world.loaders.waiting() > 0) {
          world.loaders.run_first();
          return true;
        }
        break;
      case 2:
        if (world.commits.waiting() > 0) {
          world.commits.write(1 + dice() % world.commits.waiting());
          return true;
        }
        break;
      default:
        if (worker->work_once())
          return true;
      }
    }
    return false;
  }

  void beat(milliseconds by) {
    world.beat(by);
    worker->beat(world.uptime);
  }

  /// Steps until nothing can go on, and lets waits pass, a minute in all.
  void run() {
    for (int beats = 0; beats < 120; ++beats) {
      while (step()) {
      }
      beat(milliseconds{500});
    }
  }

  result<std::shared_ptr<job_repair>> start_repair(const entity_id& id,
                                                   std::vector<corrected_record> records) {
    const auto& limits = world.config.ingestion;
    return job_repair::make(
      {world.core->jobs(), *blobs, *rows, schemas, limits.record_bytes_max, limits.scan_max}, id,
      std::move(records), turn.take());
  }

  /// Repairs records, and tells the job; returns what was refused.
  std::vector<refused_repair> repair(const entity_id& id, std::vector<corrected_record> records) {
    const auto made = start_repair(id, std::move(records)).value();
    auto view = made->view();
    while (const auto report = made->write_next(view).value()) {
      const auto seen = tell(id, *report);
      world.run();
      BOOST_REQUIRE(seen->has_value());
      BOOST_REQUIRE((*seen)->has_value());
      view = view_of(id);
    }
    return made->refused();
  }

  /// What readers see of the job now.
  ingested read(const entity_id& id) {
    ingested all;
    const auto view = view_of(id);
    for (std::uint32_t number = 1; number <= view.chunks.size(); ++number) {
      const auto& c = view.chunks[number - 1];
      if (c.phase == ingestion::chunk_phase::finished)
        add(open_chunk_rows(*rows, id, number, c).value(), all);
    }
    return all;
  }

  /// The same of a text that is read in one piece.
  ingested read_whole(std::string_view text) {
    const auto content = store(text);
    const auto what = submission_of(content);
    const auto file
      = open_ingested_file(*blobs, schemas, what, world.config.ingestion.record_bytes_max).value();
    ingestion::chunk whole;
    whole.extent.bytes = content.size_bytes;
    const row_file_key key{{}, 1, 1};
    auto writer = rows->begin(key, file->schema->schema, file->schema->text).value();
    BOOST_REQUIRE(read_chunk(*file, whole, *writer, [] { return false; }));
    writer = nullptr;
    ingested all;
    add(*rows->read(key).value(), all);
    BOOST_REQUIRE(rows->remove(key));
    return all;
  }

  scratch_directory directory;
  stepped_world world;
  std::mt19937_64 dice;
  std::unique_ptr<blob_store> blobs;
  std::unique_ptr<row_store> rows;
  row_schema_registry schemas = row_schema_registry::open("").value();
  key_turn turn;
  std::unique_ptr<ingester> worker;
};

} // namespace dossier::test
