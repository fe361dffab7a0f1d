// SPDX-License-Identifier: Apache-2.0
#include "protocol/csv/schema.hpp"

#include "protocol/utf8.hpp"

#include <set>

namespace dossier::csv {

namespace {

class checker {
public:
  explicit checker(const schema& s)
    : schema_(s) {}

  std::vector<schema_problem> check() {
    if (schema_.name.empty())
      complain({}, "a schema has a name");
    if (schema_.version == 0)
      complain({}, "versions begin at 1");
    if (schema_.columns.empty() || schema_.columns.size() > columns_max)
      complain({}, "a schema has from 1 to 1024 columns");
    if (schema_.key && *schema_.key >= schema_.columns.size())
      complain({}, "the key is one of the columns");
    else if (schema_.key && !schema_.columns[*schema_.key].is_required)
      complain(*schema_.key,
               "the key must be required, or rows without it could not be told apart");
    std::set<std::string_view> names;
    for (std::size_t i = 0; i < schema_.columns.size(); ++i) {
      const column& c = schema_.columns[i];
      if (c.name.empty() || !is_utf8(c.name))
        complain(i, "a column has a name of UTF-8");
      else if (!names.insert(c.name).second)
        complain(i, "there are two columns called " + c.name);
      check_rules(i, c);
    }
    return std::move(problems_);
  }

private:
  void complain(std::optional<std::size_t> column, std::string what) {
    problems_.push_back({column, std::move(what)});
  }

  void check_rules(std::size_t i, const column& c) {
    const bool is_text = c.type == value_type::text;
    const bool has_order
      = !is_text && c.type != value_type::boolean && c.type != value_type::enumeration;
    if (to_string(c.type) == "unknown")
      complain(i, "there is no such type");
    if (c.scale > scale_max)
      complain(i, "a decimal has at most 18 decimals");
    if (c.scale != 0 && c.type != value_type::decimal)
      complain(i, "only a decimal has a scale");
    if ((c.min || c.max) && !has_order)
      complain(i, "min and max are for numbers, dates and times");
    if (c.min && c.max && *c.min > *c.max)
      complain(i, "min may not be above max");
    if (c.format && c.type != value_type::date && c.type != value_type::time
        && c.type != value_type::timestamp)
      complain(i, "formats are for dates, times and timestamps");
    if ((c.length_min || c.length_max || c.pattern) && !is_text)
      complain(i, "lengths and patterns are for texts");
    if (c.length_min && c.length_max && *c.length_min > *c.length_max)
      complain(i, "length_min may not be above length_max");
    check_choices(i, c);
  }

  void check_choices(std::size_t i, const column& c) {
    if (c.type != value_type::enumeration) {
      if (!c.choices.empty())
        complain(i, "only an enum has values to choose from");
      return;
    }
    if (c.choices.empty() || c.choices.size() > choices_max)
      complain(i, "an enum has from 1 to 256 values");
    const std::set<std::string_view> different(c.choices.begin(), c.choices.end());
    if (different.size() != c.choices.size())
      complain(i, "the values of an enum are different");
    if (different.contains(""))
      complain(i, "an empty field has no value, so an enum has no empty one");
  }

  const schema& schema_;
  std::vector<schema_problem> problems_;
};

} // namespace

std::string_view to_string(value_type type) {
  switch (type) {
  case value_type::text:
    return "text";
  case value_type::integer:
    return "integer";
  case value_type::decimal:
    return "decimal";
  case value_type::date:
    return "date";
  case value_type::time:
    return "time";
  case value_type::timestamp:
    return "timestamp";
  case value_type::boolean:
    return "boolean";
  case value_type::enumeration:
    return "enum";
  }
  return "unknown";
}

bool parse_value_type(std::string_view name, value_type& type) {
  for (int value = 1; value <= static_cast<int>(value_type::enumeration); ++value)
    if (to_string(static_cast<value_type>(value)) == name) {
      type = static_cast<value_type>(value);
      return true;
    }
  return false;
}

std::string_view to_string(duplicate_policy p) {
  switch (p) {
  case duplicate_policy::reject:
    return "reject";
  case duplicate_policy::replace:
    return "replace";
  case duplicate_policy::keep:
    return "keep";
  }
  return "unknown";
}

bool parse_duplicate_policy(std::string_view name, duplicate_policy& p) {
  using enum duplicate_policy;
  for (const auto each : {reject, replace, keep})
    if (to_string(each) == name) {
      p = each;
      return true;
    }
  return false;
}

const moment_format& format_of(const column& c) {
  static const moment_format date(moment_format::kind::date);
  static const moment_format time(moment_format::kind::time);
  static const moment_format timestamp(moment_format::kind::timestamp);
  if (c.format)
    return *c.format;
  return c.type == value_type::date ? date : c.type == value_type::time ? time : timestamp;
}

std::vector<schema_problem> problems_of(const schema& s) {
  return checker(s).check();
}

} // namespace dossier::csv
