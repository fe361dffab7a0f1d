// SPDX-License-Identifier: Apache-2.0
#include "protocol/csv/conversion.hpp"

#include "protocol/assert.hpp"

#include <limits>

namespace dossier::csv {

namespace {

bool is_null(const field_plan& plan, const cut_field& f) {
  return f.size == 0 && !(f.is_quoted && plan.rule->type == value_type::text);
}

/// Whether the bytes alone say that there are neither too few nor too many characters, each of
/// which has from 1 to 4.
bool has_length_at_a_glance(const column& c, std::size_t bytes) {
  return bytes <= c.length_max.value_or(std::numeric_limits<std::uint32_t>::max())
         && bytes >= std::size_t{4} * c.length_min.value_or(0);
}

bool suits(const column& c, std::string_view text, value_fault* fault) {
  if (!has_length_at_a_glance(c, text.size())) {
    const std::size_t characters = characters_of(text);
    if (characters < c.length_min.value_or(0)
        || characters > c.length_max.value_or(std::numeric_limits<std::uint32_t>::max())) {
      if (fault != nullptr)
        *fault = {reject_kind::bound, 0, length_sentence(c, characters, text)};
      return false;
    }
  }
  if (c.pattern && !c.pattern->matches(text)) {
    if (fault != nullptr)
      *fault = {reject_kind::pattern, 0, pattern_sentence(c, text)};
    return false;
  }
  return true;
}

/// The texts of one column.
bool convert_texts(const field_plan& plan, const cut_field* fields, std::size_t stride,
                   std::size_t records, row_block& rows) {
  std::size_t bytes = 0;
  for (std::size_t i = 0; i < records; ++i)
    bytes += fields[i * stride].size;
  auto texts = rows.open_texts(plan.place, bytes);
  for (std::size_t i = 0; i < records; ++i) {
    const cut_field& f = fields[i * stride];
    if (f.size == 0 && is_null(plan, f)) [[unlikely]] {
      if (plan.rule->is_required)
        return false;
      rows.put_null(plan.place, i);
    }
    texts.put(f.from, f.size);
    if (plan.has_text_rules && f.size != 0 && !suits(*plan.rule, {f.from, f.size}, nullptr))
      [[unlikely]]
      return false;
  }
  return true;
}

/// The values of one column; `read` takes a field to its value.
template <class Read>
bool convert_values(const field_plan& plan, const cut_field* fields, std::size_t stride,
                    std::size_t records, row_block& rows, const Read& read) {
  std::int64_t* values = rows.open_values(plan.place);
  for (std::size_t i = 0; i < records; ++i) {
    const cut_field& f = fields[i * stride];
    if (f.size == 0) [[unlikely]] {
      if (plan.rule->is_required)
        return false;
      rows.put_null(plan.place, i);
      continue;
    }
    std::int64_t value = 0;
    if (read(f.from, f.size, value) != cast::good || value < plan.min || value > plan.max)
      [[unlikely]]
      return false;
    values[i] = value;
  }
  return true;
}

bool convert_column(const field_plan& plan, const cut_field* fields, std::size_t stride,
                    std::size_t records, row_block& rows) {
  const column& c = *plan.rule;
  const auto values = [&](const auto& read) {
    return convert_values(plan, fields, stride, records, rows, read);
  };
  switch (c.type) {
  case value_type::text:
    return convert_texts(plan, fields, stride, records, rows);
  case value_type::integer:
    return values(read_integer);
  case value_type::decimal:
    return values([scale = c.scale](const char* from, std::size_t size, std::int64_t& value) {
      return read_decimal(from, size, scale, value);
    });
  case value_type::date:
  case value_type::time:
  case value_type::timestamp:
    return values(
      [&format = format_of(c)](const char* from, std::size_t size, std::int64_t& value) {
        return format.read(from, size, value);
      });
  case value_type::boolean:
    return values(read_boolean);
  case value_type::enumeration:
    return values([&c](const char* from, std::size_t size, std::int64_t& value) {
      return read_choice({from, size}, c.choices, value);
    });
  }
  return false;
}

/// What is wrong with one field, as convert_column() would find it.
std::optional<value_fault> fault_of(const field_plan& plan, const cut_field& f) {
  const column& c = *plan.rule;
  const std::string_view text(f.from, f.size);
  value_fault fault;
  if (is_null(plan, f)) {
    if (!c.is_required)
      return std::nullopt;
    return value_fault{reject_kind::required, 0, plan.name + ": a value is required"};
  }
  if (c.type == value_type::text)
    return f.size == 0 || suits(c, text, &fault) ? std::nullopt : std::optional(fault);
  std::int64_t value = 0;
  const cast ended = read_padded_value(c, f.from, f.size, value);
  if (ended != cast::good)
    return value_fault{reject_kind::cast, 0, cast_sentence(c, ended, text)};
  if (value < plan.min || value > plan.max)
    return value_fault{reject_kind::bound, 0, bound_sentence(c, value, text)};
  return std::nullopt;
}

} // namespace

std::vector<field_plan> plans_for(const schema& s, const column_mapping& mapping) {
  std::vector<field_plan> plans;
  for (std::size_t i = 0; i < mapping.columns.size(); ++i) {
    field_plan plan;
    plan.name = i < mapping.names.size() ? mapping.names[i] : "";
    if (mapping.columns[i]) {
      DOSSIER_ASSERT(*mapping.columns[i] < s.columns.size(), "A field's column is in the schema.");
      const column& c = s.columns[*mapping.columns[i]];
      plan.rule = &c;
      plan.place = *mapping.columns[i];
      plan.has_text_rules = c.length_min || c.length_max || c.pattern;
      plan.min = c.min.value_or(std::numeric_limits<std::int64_t>::min());
      plan.max = c.max.value_or(std::numeric_limits<std::int64_t>::max());
      plan.name = c.name;
    }
    plans.push_back(std::move(plan));
  }
  return plans;
}

bool convert_rows(const std::vector<field_plan>& plans, const cut_field* fields,
                  std::size_t records, row_block& rows) {
  for (std::size_t i = 0; i < plans.size(); ++i)
    if (plans[i].rule != nullptr
        && !convert_column(plans[i], fields + i, plans.size(), records, rows))
      return false;
  return true;
}

std::optional<value_fault> convert_row(const std::vector<field_plan>& plans,
                                       const cut_field* fields, row_block& rows) {
  if (convert_rows(plans, fields, 1, rows))
    return std::nullopt;
  for (std::size_t i = 0; i < plans.size(); ++i) {
    if (plans[i].rule == nullptr)
      continue;
    if (auto fault = fault_of(plans[i], fields[i])) {
      fault->field = i;
      return fault;
    }
  }
  throw broken_invariant("A record that is no row has something wrong.");
}

} // namespace dossier::csv
