// SPDX-License-Identifier: Apache-2.0
// Lists of texts as one text, for digests: no two lists have the same. Pure.
#pragma once

#include "protocol/ids.hpp"

#include <initializer_list>
#include <string>
#include <string_view>

namespace dossier {

/// Each part behind its length.
std::string parts_text(std::initializer_list<std::string_view> parts);
/// Of who asks, for what, under which key. `use` tells the ids of one use from those of others.
command_id command_id_of(std::string_view use, std::initializer_list<std::string_view> parts);

} // namespace dossier
