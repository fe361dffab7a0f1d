// SPDX-License-Identifier: Apache-2.0
// The texts by which the API describes itself.
#pragma once

#include "protocol/result.hpp"

#include <span>
#include <string_view>

namespace dossier {

/// gateway/routes/openapi.json as it was when this was built.
std::string_view openapi_text();

/// Every kind of problem there is.
std::span<const errc> all_problems();

/// What a client should know about a problem of this kind, in a sentence or two.
std::string_view meaning_of_problem(errc code);

} // namespace dossier
