// SPDX-License-Identifier: Apache-2.0
#include "gateway/routes/repaired_records.hpp"

#include "gateway/routes/row_text.hpp"
#include "protocol/csv/file_plan.hpp"
#include "protocol/csv/row_parser.hpp"

#include <algorithm>
#include <optional>
#include <string>
#include <utility>

namespace dossier {

namespace {

constexpr std::uint32_t block_rows = 1'024;

csv::schema two_columns() {
  csv::schema s;
  s.name = "repaired records";
  s.columns.resize(2);
  s.columns[0].name = "row";
  s.columns[0].type = csv::value_type::integer;
  s.columns[0].is_required = true;
  s.columns[0].min = 1;
  s.columns[1].name = "text";
  s.columns[1].is_required = true;
  return s;
}

csv::read_options as_it_was_given() {
  csv::read_options o;
  o.wishes = {',', '"', true, csv::text_encoding::utf8};
  return o;
}

result<void> take_rows(const csv::row_block& block, std::vector<corrected_record>& records) {
  const auto bytes = block.encode();
  const auto rows = csv::row_block_reader::open(bytes);
  if (!rows)
    return rows.error();
  for (std::uint32_t i = 0; i < rows->rows(); ++i)
    records.push_back({static_cast<std::uint64_t>(rows->value(i, 0)),
                       std::string(without_apostrophe(rows->text(i, 1).value_or("")))});
  return {};
}

} // namespace

result<std::vector<corrected_record>> read_repaired_records(std::string_view csv) {
  static const csv::schema schema = two_columns();
  const auto plan = csv::plan_file(csv, schema, as_it_was_given(), csv::record_bytes_max_highest);
  if (!plan)
    return plan.error();
  std::vector<corrected_record> records;
  csv::row_parser parser(schema, plan->mapping, plan->law, plan->data);
  csv::row_block block(schema, block_rows, UINT32_MAX);
  std::optional<failure> refused;
  const csv::reject_sink note = [&](const csv::reject& r) {
    if (!refused)
      refused = fail(errc::invalid_argument, "Line " + std::to_string(r.record.line)
                                               + " of the repairs: " + r.message + '.');
  };
  auto rest = csv.substr(std::min<std::uint64_t>(plan->data.offset, csv.size()));
  while (!rest.empty() && !refused && records.size() <= repair_records_max) {
    const auto progress = parser.parse(rest, true, block, note);
    rest.remove_prefix(progress.consumed);
    if (auto taken = take_rows(block, records); !taken)
      return taken.error();
    block.clear();
  }
  if (refused)
    return *refused;
  std::ranges::sort(records, {}, &corrected_record::number);
  const auto twice
    = std::ranges::adjacent_find(records, std::equal_to{}, &corrected_record::number);
  if (twice != records.end())
    return fail(errc::invalid_argument,
                "Row " + std::to_string(twice->number) + " is in the repairs twice.");
  return records;
}

} // namespace dossier
