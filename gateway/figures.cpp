// SPDX-License-Identifier: Apache-2.0
#include "gateway/figures.hpp"

#include <cstddef>
#include <iomanip>
#include <ostream>

namespace dossier {

namespace {

constexpr int label_width = 10;

} // namespace

std::string grouped(std::uint64_t number) {
  auto digits = std::to_string(number);
  for (auto at = static_cast<std::ptrdiff_t>(digits.size()) - 3; at > 0; at -= 3)
    digits.insert(static_cast<std::size_t>(at), 1, ',');
  return digits;
}

std::ostream& label(std::ostream& out, std::string_view name) {
  return out << std::left << std::setw(label_width) << name;
}

} // namespace dossier
