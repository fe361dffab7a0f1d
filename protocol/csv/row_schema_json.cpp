// SPDX-License-Identifier: Apache-2.0
#include "protocol/csv/row_schema_json.hpp"

#include "protocol/json_text.hpp"

namespace dossier::csv {

namespace {

std::string_view json_type_of(value_type type) {
  switch (type) {
  case value_type::integer:
    return "integer";
  case value_type::decimal:
    return "number";
  case value_type::boolean:
    return "boolean";
  case value_type::text:
  case value_type::date:
  case value_type::time:
  case value_type::timestamp:
  case value_type::enumeration:
    break;
  }
  return "string";
}

void write_bounds(json_writer& out, const column& c) {
  if (c.length_min)
    out.key("minLength").number(*c.length_min);
  if (c.length_max)
    out.key("maxLength").number(*c.length_max);
  if (c.type == value_type::integer && c.min)
    out.key("minimum").number(*c.min);
  if (c.type == value_type::integer && c.max)
    out.key("maximum").number(*c.max);
  if (c.type == value_type::date)
    out.key("format").string("date");
  if (c.type == value_type::timestamp)
    out.key("format").string("date-time");
}

void write_column(json_writer& out, const column& c) {
  out.begin_object();
  if (c.type == value_type::enumeration) {
    out.key("enum").begin_array();
    for (const auto& choice : c.choices)
      out.string(choice);
    if (!c.is_required)
      out.null();
    out.end_array();
  } else if (c.is_required) {
    out.key("type").string(json_type_of(c.type));
  } else {
    out.key("type").begin_array().string(json_type_of(c.type)).string("null").end_array();
  }
  write_bounds(out, c);
  out.end_object();
}

void write_whole_number(json_writer& out, std::string_view name, int lowest,
                        std::string_view what) {
  out.key(name).begin_object().key("type").string("integer").key("minimum").number(lowest);
  out.key("description").string(what).end_object();
}

} // namespace

std::string to_json_schema(const schema& s, std::string_view type) {
  json_writer out(2'048);
  out.begin_object();
  out.key("$schema").string("https://json-schema.org/draft/2020-12/schema");
  out.key("$id").string("/schemas/" + std::string(type) + '/' + std::to_string(s.version));
  out.key("title").string(type);
  out.key("description").string("A row of an ingested file.");
  out.key("type").string("object");
  out.key("properties").begin_object();
  write_whole_number(out, "row", 1, "The number of its record in the file.");
  write_whole_number(out, "offset", 0, "Where its record begins in the file, in bytes.");
  out.key("values").begin_object();
  out.key("type").string("object");
  out.key("properties").begin_object();
  for (const auto& c : s.columns) {
    out.key(c.name);
    write_column(out, c);
  }
  out.end_object();
  out.key("required").begin_array();
  for (const auto& c : s.columns)
    out.string(c.name);
  out.end_array().key("additionalProperties").boolean(false).end_object();
  out.end_object();
  out.key("required").begin_array().string("row").string("offset").string("values").end_array();
  out.key("additionalProperties").boolean(false);
  out.end_object();
  return out.take();
}

} // namespace dossier::csv
