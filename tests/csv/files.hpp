// SPDX-License-Identifier: Apache-2.0
// Generated CSV files, from well-formed to hostile, out of fragments that meet at every place.
#pragma once

#include "protocol/csv/scan.hpp"

#include <rapidcheck.h>

#include <algorithm>
#include <string>
#include <vector>

namespace dossier::csv {

inline const std::vector<instructions>& all_instructions() {
  static const std::vector<instructions> all = [] {
    std::vector<instructions> found{instructions::scalar, instructions::sse2};
    if (has(instructions::avx2))
      found.push_back(instructions::avx2);
    return found;
  }();
  return all;
}

/// Joins fragments of a size that makes a few blocks and, now and then, records that are too long
/// for a limit of 128.
inline rc::Gen<std::string> any_file(std::vector<std::string> fragments) {
  return rc::gen::map(rc::gen::resize(120, rc::gen::container<std::vector<std::string>>(
                                             rc::gen::elementOf(std::move(fragments)))),
                      [](const std::vector<std::string>& parts) {
                        std::string file;
                        for (const auto& part : parts)
                          file += part;
                        return file;
                      });
}

inline rc::Gen<std::string> hostile_file() {
  return any_file({"a",
                   ",",
                   ",",
                   "\n",
                   "\n",
                   "\r\n",
                   "\"",
                   "\"",
                   "\"\"",
                   "\"a,b\"",
                   "\"x\ny\"",
                   ",\"",
                   "\",",
                   "\"\n",
                   "\r",
                   std::string(60, 'z'),
                   std::string(130, 'w'),
                   ",\"" + std::string(130, 'q') + "\n",
                   std::string("\0", 1),
                   "\xc3\xa9",
                   "\xff",
                   "\"\"\"\"\"\""});
}

/// Where to cut so many bytes, ascending, each from 0 to size: into a few long ranges or many short
/// ones.
inline std::vector<std::size_t> any_cuts(std::size_t size) {
  const int most = *rc::gen::element(2, 5, 100);
  auto cuts = *rc::gen::resize(
    most, rc::gen::container<std::vector<std::size_t>>(rc::gen::inRange<std::size_t>(0, size + 1)));
  // Sizes mean something for inRange, too, so that its own would be small.
  for (auto& cut : cuts)
    cut = *rc::gen::resize(rc::kNominalSize, rc::gen::inRange<std::size_t>(0, size + 1));
  cuts.push_back(0);
  cuts.push_back(size);
  std::sort(cuts.begin(), cuts.end());
  return cuts;
}

} // namespace dossier::csv
