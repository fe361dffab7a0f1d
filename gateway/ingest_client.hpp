// SPDX-License-Identifier: Apache-2.0
// Has a server ingest a file, from the command line: `dossier ingest`. Takes a few hundred
// kilobytes, however large the file is.
#pragma once

#include "protocol/time.hpp"

#include <iosfwd>
#include <string>
#include <utility>
#include <vector>

namespace dossier {

/// How long a server may keep the client waiting. There is no bound for the whole: a large file
/// takes long while all is well.
struct ingest_patience {
  milliseconds connect_ms{10'000};
  milliseconds silence_ms{60'000}; ///< Without a byte that is taken or said.
};

struct ingest_request {
  std::string file;
  std::string server = "http://127.0.0.1:8080"; ///< Without a path.
  std::string key;
  std::string schema = "cdr";
  std::string customer; ///< Empty: the server's ingestion.customer.
  /// How the file is to be read, by the names of POST /api/cdr/upload-large; the server checks
  /// them.
  std::vector<std::pair<std::string, std::string>> options;
  bool shows_bar = false; ///< Whether progress is shown on one line that is written over.
  ingest_patience patience;
};

/// Sends the file, follows its job to the end, and says what came of it. 0: all records are rows;
/// 1: some are rejects, or chunks failed; 2: the job failed or was cancelled, or could not be
/// followed, because of the server's silence or otherwise, which is said on `errors`.
int ingest(const ingest_request& wanted, std::ostream& out, std::ostream& errors);

} // namespace dossier
