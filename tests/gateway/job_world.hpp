// SPDX-License-Identifier: Apache-2.0
// An edge to which files of records are sent, cut into small chunks.
#pragma once

#include "tests/gateway/edge_world.hpp"

#include <optional>
#include <string>

namespace dossier::test {

inline const std::string header
  = "caller_id,recipient,call_date,end_time,duration,cost,reference,currency\n";
inline const std::string three_rows = header
                                      + "44,\"a,\"\"b\"\"\",01/02/2024,10:00:00,60,1.250,R1,GBP\n"
                                        "44,c,31/02/2024,10:00:00,60,1.250,R2,GBP\n"
                                        "45,,03/02/2024,10:00:00,-0,0,R3,EUR\n";

inline settings of_small_chunks() {
  auto s = edge_world::small_settings();
  s.ingestion.chunk_threshold_bytes = 2'000;
  s.ingestion.chunk_bytes = 1'000;
  s.ingestion.list_limit_max = 50;
  return s;
}

struct job_world : edge_world {
  job_world()
    : edge_world(of_small_chunks()) {}

  response ask(const std::string& target, std::optional<principal> who = {}) {
    return send({verb::get, target, {}, {}, who});
  }

  response upload(const std::string& text, const std::string& query = "customerId=acme") {
    return send({verb::post, "/api/cdr/upload-large?" + query, {}, text});
  }

  /// The job's id, when it has ended.
  std::string ingest(const std::string& text, const std::string& query = "customerId=acme");
  nlohmann::json wait_for(const std::string& id);

  static std::string many_rows(int count) {
    std::string text = header;
    for (int i = 0; i < count; ++i)
      text += "44,\"x\ny\",01/02/2024,10:00:00,60,1.250,K" + std::to_string(i) + ",GBP\n";
    return text;
  }

  /// All of a stream.
  std::string text_of(const response& r);
};

} // namespace dossier::test
