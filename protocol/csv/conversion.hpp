// SPDX-License-Identifier: Apache-2.0
// From the cut fields of records to the columns of a block. Many records at a time go column by
// column, where each step is the same as the last; a record that has something wrong goes alone, to
// say what. Pure.
#pragma once

#include "protocol/csv/header.hpp"
#include "protocol/csv/reject.hpp"
#include "protocol/csv/row_block.hpp"

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace dossier::csv {

/// The text of a field, without its quotes, with padding_bytes behind it.
struct cut_field {
  const char* from = nullptr;
  std::uint32_t size = 0;
  bool is_quoted = false;
};

/// What becomes of the fields at one place.
struct field_plan {
  const column* rule = nullptr; ///< nullptr: passed over.
  std::size_t place = 0;        ///< Of its column in the schema.
  bool has_text_rules = false;
  std::int64_t min = 0;
  std::int64_t max = 0;
  std::string name;
};

/// For each field. The schema must outlive them.
std::vector<field_plan> plans_for(const schema& s, const column_mapping& mapping);

/// What is wrong with a record's values: with the first such field.
struct value_fault {
  reject_kind kind = reject_kind::cast;
  std::size_t field = 0;
  std::string message;
};

/// Puts the fields of `records` records, plans.size() for each, into as many open rows. False if
/// any has something wrong: the open rows are void then.
bool convert_rows(const std::vector<field_plan>& plans, const cut_field* fields,
                  std::size_t records, row_block& rows);
/// One record's into the first open row, or what is wrong with them.
std::optional<value_fault> convert_row(const std::vector<field_plan>& plans,
                                       const cut_field* fields, row_block& rows);

} // namespace dossier::csv
