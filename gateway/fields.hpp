// SPDX-License-Identifier: Apache-2.0
// Looking at a request's header fields and query where request::field() is not enough. Pure.
#pragma once

#include "gateway/http.hpp"

#include <initializer_list>
#include <optional>
#include <string>
#include <string_view>

namespace dossier {

/// All values of a field, joined with ", " as RFC 9110 5.3 allows; nullopt if it is not there. An
/// empty value is there.
std::optional<std::string> joined_field(const request& r, std::string_view name);

/// Refuses query parameters other than `known`, and repeated ones, by name.
result<void> check_query(const request& r, std::initializer_list<std::string_view> known);

/// That a query parameter has a value it may not have; `why` begins after its name.
failure bad_parameter(std::string_view name, std::string_view why);

/// A decimal number from the query within bounds; `otherwise` if it is not there.
result<std::uint64_t> query_number(const request& r, std::string_view name, std::uint64_t otherwise,
                                   std::uint64_t min, std::uint64_t max);

/// The query's `limit`: how many things a page holds, from 1 to `most`. If it is not there
/// `otherwise`, or `most` if that is less.
result<std::uint64_t> page_limit(const request& r, std::uint64_t most = 1'000,
                                 std::uint64_t otherwise = 100);

} // namespace dossier
