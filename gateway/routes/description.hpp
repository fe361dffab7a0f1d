// SPDX-License-Identifier: Apache-2.0
// The texts by which the API describes itself.
#pragma once

#include "protocol/result.hpp"

#include <span>
#include <string_view>

namespace dossier {

/// gateway/routes/openapi.json as it was when this was built.
std::string_view openapi_text();

/// gateway/routes/asyncapi.json, likewise: what is announced and taken over Kafka.
std::string_view asyncapi_text();

/// What the data of an event or command adheres to (JSON Schema, draft 2020-12): a file
/// gateway/routes/schemas/<type>.<version>.json as it was when this was built.
struct published_schema {
  std::string_view type;
  std::string_view version; ///< A number from 1, without leading zeros.
  std::string_view text;
};

std::span<const published_schema> published_schemas();

/// Every kind of problem there is.
std::span<const errc> all_problems();

/// What a client should know about a problem of this kind, in a sentence or two.
std::string_view meaning_of_problem(errc code);

} // namespace dossier
