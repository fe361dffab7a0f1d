// SPDX-License-Identifier: Apache-2.0
// Any bytes as a CSV file: split into chunks and parsed in windows, by each set of instructions,
// they are the rows and rejects that the slow reading of the whole gives.
#include "tests/csv/chunk_reader.hpp"

#include <cstdio>
#include <cstdlib>

using namespace dossier::csv;

namespace {

schema small_schema() {
  schema s;
  s.name = "small";
  s.columns.resize(3);
  s.columns[0].name = "t";
  s.columns[0].length_max = 6;
  s.columns[1].name = "n";
  s.columns[1].type = value_type::integer;
  s.columns[1].min = -5;
  s.columns[1].is_required = true;
  s.columns[2].name = "c";
  s.columns[2].type = value_type::decimal;
  s.columns[2].scale = 2;
  return s;
}

} // namespace

/// The first three bytes say how the rest is cut.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size < 3)
    return 0;
  const std::string_view file(reinterpret_cast<const char*>(data) + 3, size - 3);
  const schema s = small_schema();
  const column_mapping mapping{{1, std::nullopt, 0, 2}, {"n", "other", "t", "c"}};
  const record_law law{',', '"', 128};
  std::vector<std::size_t> cuts;
  for (std::size_t at = 0; at < file.size(); at += data[0] + 1U)
    cuts.push_back(at);
  cuts.push_back(file.size());
  const auto expected = reference_parser(s, mapping, law).parse(file, {});
  for (const auto which : {instructions::scalar, instructions::sse2, instructions::avx2}) {
    if (!has(which))
      continue;
    const way w{which, data[1] + 1U, data[2] + 1U};
    if (read_in_chunks(file, cuts, s, mapping, law, w) == expected)
      continue;
    std::fprintf(stderr, "broken promise: chunks read by %s are the file\n",
                 std::string(to_string(which)).c_str());
    std::abort();
  }
  return 0;
}
