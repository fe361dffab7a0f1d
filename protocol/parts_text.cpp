// SPDX-License-Identifier: Apache-2.0
#include "protocol/parts_text.hpp"

#include "protocol/digest.hpp"

#include <algorithm>

namespace dossier {

std::string parts_text(std::initializer_list<std::string_view> parts) {
  std::string text;
  for (const auto part : parts)
    text.append(std::to_string(part.size())).append(":").append(part);
  return text;
}

command_id command_id_of(std::string_view use, std::initializer_list<std::string_view> parts) {
  const auto digest = sha256_of(std::string{use} + '\n' + parts_text(parts));
  command_id id;
  std::copy_n(digest.begin(), id.bytes.size(), id.bytes.begin());
  return id;
}

} // namespace dossier
