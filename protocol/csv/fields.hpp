// SPDX-License-Identifier: Apache-2.0
// What a field's bytes between two separators say, quotes included. Pure.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace dossier::csv {

/// A quote that law 1 allows to stand where it does, but that makes no sense there.
struct quote_fault {
  std::size_t at = 0;
  std::string_view what; ///< A sentence; empty if there is no fault.
};

quote_fault quote_fault_of(std::string_view raw, char quote);

/// The text inside a field that begins with a quote and has no fault. Where quotes are doubled it
/// is written to `buffer`, which must have room for it; else it lies in `raw`.
std::string_view inside_quotes(std::string_view raw, char quote, char* buffer);

/// The text of any field without fault.
std::string text_of_field(std::string_view raw, char quote);

} // namespace dossier::csv
