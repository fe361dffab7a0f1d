// SPDX-License-Identifier: Apache-2.0
// As much of JSON Schema (2020-12) as our descriptions and published schemas use. A keyword that is
// not known here is a finding, so nothing is believed to be checked that is not.
#pragma once

#include <nlohmann/json_fwd.hpp>

#include <string>
#include <vector>

namespace dossier::test {

/// Everything in which `value` differs from `schema`; `root` is the document that $ref points into.
std::vector<std::string> schema_findings(const nlohmann::json& root, const nlohmann::json& schema,
                                         const nlohmann::json& value);

} // namespace dossier::test
