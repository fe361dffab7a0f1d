// SPDX-License-Identifier: Apache-2.0
// The second reading of a request's head: Beast parses the very bytes that the guard accepted, and
// the two must agree about where the message ends.
#pragma once

#include "gateway/http.hpp"
#include "gateway/request_guard.hpp"

#include <string_view>

namespace dossier {

/// Fills verb, target, path and fields of `into` with views into `head`, which is exactly the bytes
/// that `verdict` is about. malformed when Beast reads them differently than the guard did.
result<void> parse_head(std::string_view head, const guard_verdict& verdict, request& into);

} // namespace dossier
