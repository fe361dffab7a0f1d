// SPDX-License-Identifier: Apache-2.0
// Settings by their names, and which one somebody meant who wrote another.
#include "config/options.hpp"

#include <algorithm>
#include <numeric>
#include <vector>

namespace dossier {

namespace {

/// Levenshtein's: how many characters to insert, remove or replace.
std::size_t distance(std::string_view a, std::string_view b) {
  std::vector<std::size_t> row(b.size() + 1);
  std::iota(row.begin(), row.end(), std::size_t{0});
  for (std::size_t i = 0; i < a.size(); ++i) {
    std::size_t diagonal = row[0];
    row[0] = i + 1;
    for (std::size_t j = 0; j < b.size(); ++j) {
      const std::size_t replaced = diagonal + (a[i] == b[j] ? 0 : 1);
      diagonal = row[j + 1];
      row[j + 1] = std::min({replaced, row[j] + 1, row[j + 1] + 1});
    }
  }
  return row.back();
}

/// nullptr if nothing is near enough to be what somebody meant.
template <class Name>
const option* nearest(std::string_view word, Name name_of) {
  constexpr std::size_t word_bytes_max = 128;
  word = word.substr(0, word_bytes_max);
  const option* best = nullptr;
  std::size_t best_distance = std::max<std::size_t>(2, word.size() / 3) + 1;
  for (const auto& o : options()) {
    const auto d = distance(word, name_of(o));
    if (d < best_distance) {
      best = &o;
      best_distance = d;
    }
  }
  return best;
}

} // namespace

const option* find_option(std::string_view path) {
  const auto found = std::ranges::find(options(), path, &option::path);
  return found == options().end() ? nullptr : &*found;
}

std::string variable_of(const option& o) {
  if (o.path == "security.admin_key")
    return "DOSSIER_ADMIN_KEY";
  std::string name = "DOSSIER_";
  for (const char c : o.path) {
    const bool is_lower = c >= 'a' && c <= 'z';
    name += c == '.' ? '_' : is_lower ? static_cast<char>(c - 'a' + 'A') : c;
  }
  return name;
}

const option* nearest_to_path(std::string_view path) {
  if (const auto* near = nearest(path, [](const option& o) { return o.path; }))
    return near;
  // Why: the right name in the wrong group is far away by letters, and yet what was meant.
  const auto member = path.substr(path.rfind('.') + 1);
  const auto same = std::ranges::find(options(), member, &option::member);
  return same == options().end() ? nullptr : &*same;
}

const option* nearest_to_variable(std::string_view name) {
  return nearest(name, [](const option& o) { return variable_of(o); });
}

} // namespace dossier
