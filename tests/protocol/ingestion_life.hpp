// SPDX-License-Identifier: Apache-2.0
// One ingestion job's life for tests.
#pragma once

#include "actors/ingestion/rules.hpp"

#include "tests/protocol/entity_life.hpp"

#include <boost/test/unit_test.hpp>

#include <string>
#include <vector>

namespace dossier::ingestion::testing {

using dossier::testing::some_id;
using dossier::testing::t0;

/// Small numbers, so that a thousand bytes are a large file.
inline policy small_policy() {
  policy p;
  p.chunk_threshold_bytes = 100;
  p.chunk_bytes = 10;
  p.chunks_max = 8;
  p.file_bytes_max = 10'000;
  p.attempts_max = 3;
  p.jitter_percent = 0;
  p.interruptions_max = 3;
  p.limits = {1'000, 1'000'000};
  return p;
}

inline submission some_file(std::uint64_t bytes) {
  submission s;
  s.customer = "acme";
  s.original_file_name = "calls.csv";
  s.blob_name = "7";
  s.container_name = "raw-uploads";
  s.sha256 = sha256_of("calls");
  s.bytes = bytes;
  s.schema_name = "calls";
  s.schema_version = 1;
  return s;
}

/// A header of 20 bytes in one line, and three chunks with 10, 20 and 5 records.
inline submission large_file() {
  return some_file(1'020);
}
inline report_split its_split() {
  return {20, 2, {{400, 10, 12}, {500, 20, 20}, {100, 5, 5}}};
}

struct life : dossier::testing::entity_life<state, policy, decode_event, decode_state> {
  life() { rules = small_policy(); }

  /// What a command came to, in one line.
  std::string says(const command& c) {
    const auto decided = ask(c);
    if (!decided)
      return std::string(to_string(decided.error().code))
             + (decided.error().where.empty() ? "" : " at ") + decided.error().where + ": "
             + decided.error().why;
    return told(*decided);
  }
  static std::string told(const std::vector<event>& events) {
    std::string text;
    for (const auto& e : events) {
      const auto bytes = encode(e);
      text += (text.empty() ? "" : " ") + std::string(bytes.type) + bytes.data;
    }
    return text;
  }

  life& does(const command& c) {
    const auto decided = ask(c);
    BOOST_REQUIRE_MESSAGE(decided, name_of(c) << ": " << decided.error().why);
    BOOST_REQUIRE_MESSAGE(!decided->empty(), name_of(c) << " recorded nothing");
    return *this;
  }
  life& runs(std::uint32_t number) {
    return does(begin_chunk{number, seen().chunks[number - 1].attempt + 1});
  }
  life& finishes(std::uint32_t number, std::uint64_t rows, std::uint64_t rejects) {
    runs(number);
    return does(report_chunk_finished{number, seen().chunks[number - 1].attempt, rows, rejects});
  }
  life& fails(std::uint32_t number, const std::string& why) {
    runs(number);
    return does(report_chunk_failed{number, seen().chunks[number - 1].attempt, why, false});
  }

  life& repairs(std::uint32_t number, std::vector<std::uint64_t> records) {
    return does(report_repaired{number, static_cast<std::uint32_t>(version), std::move(records)});
  }

  std::string status() const { return std::string(to_string(status_of(now))); }
};

inline life accepted_one() {
  life l;
  return l.does(accept{large_file(), {}});
}
inline life chunking_one() {
  return accepted_one().does(start{});
}
inline life split_one() {
  return chunking_one().does(its_split());
}
/// The same of a job whose rows have keys that may come once.
inline life keyed_one() {
  auto file = large_file();
  file.has_unique_keys = true;
  life l;
  return l.does(accept{file, {}}).does(start{}).does(its_split());
}
inline life single_one() {
  life l;
  return l.does(accept{some_file(100), {}}).does(start{});
}

} // namespace dossier::ingestion::testing
