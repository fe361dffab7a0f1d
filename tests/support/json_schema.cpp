// SPDX-License-Identifier: Apache-2.0
#include "tests/support/json_schema.hpp"

#include <nlohmann/json.hpp>

#include <algorithm>
#include <regex>
#include <set>

namespace dossier::test {

namespace {

class json_schema {
public:
  using json = nlohmann::json;

  /// `root` is the document that $ref points into; it outlives this.
  explicit json_schema(const json& root)
    : root_(root) {}

  /// Everything in which `value` differs from the schema.
  std::vector<std::string> check(const json& schema, const json& value) const {
    std::vector<std::string> findings;
    check(schema, value, "", findings);
    return findings;
  }

private:
  using findings_list = std::vector<std::string>;

  void check(const json& schema, const json& value, const std::string& at,
             findings_list& found) const {
    if (schema.contains("$ref")) {
      const auto pointer = schema["$ref"].get<std::string>().substr(1);
      check(root_.at(json::json_pointer{pointer}), value, at, found);
      return;
    }
    check_keywords(schema, at, found);
    if (schema.contains("const") && value != schema["const"])
      found.push_back(at + " is not " + schema["const"].dump());
    if (schema.contains("enum") && !has(schema["enum"], value))
      found.push_back(at + " is none of " + schema["enum"].dump());
    if (schema.contains("oneOf"))
      check_one_of(schema["oneOf"], value, at, found);
    if (schema.contains("type") && !is_of_type(schema["type"], value))
      found.push_back(at + " is not of type " + schema["type"].dump() + ": " + value.dump());
    else if (value.is_string())
      check_string(schema, value.get<std::string>(), at, found);
    else if (value.is_number())
      check_number(schema, value, at, found);
    else if (value.is_array())
      check_array(schema, value, at, found);
    else if (value.is_object())
      check_object(schema, value, at, found);
  }

  static void check_keywords(const json& schema, const std::string& at, findings_list& found) {
    static const std::set<std::string> known{
      "type",      "description",   "properties", "required", "additionalProperties",
      "examples",  "pattern",       "minimum",    "maximum",  "minLength",
      "maxLength", "minProperties", "format",     "enum",     "const",
      "items",     "oneOf",         "default",    "$schema",  "$id",
      "title",     "uniqueItems",   "minItems",   "maxItems"};
    for (const auto& [keyword, ignored] : schema.items())
      if (!known.contains(keyword))
        found.push_back(at + " has a schema with the unknown keyword " + keyword);
  }

  static bool has(const json& list, const json& value) {
    return std::find(list.begin(), list.end(), value) != list.end();
  }

  static bool is_of_type(const json& type, const json& value) {
    if (type.is_array())
      return std::any_of(type.begin(), type.end(),
                         [&](const auto& each) { return is_of_type(each, value); });
    const auto name = type.get<std::string>();
    return (name == "null" && value.is_null()) || (name == "string" && value.is_string())
           || (name == "boolean" && value.is_boolean())
           || (name == "integer" && value.is_number_integer())
           || (name == "number" && value.is_number()) || (name == "array" && value.is_array())
           || (name == "object" && value.is_object());
  }

  void check_one_of(const json& choices, const json& value, const std::string& at,
                    findings_list& found) const {
    std::size_t fitting = 0;
    for (const auto& choice : choices)
      fitting += check(choice, value).empty();
    if (fitting != 1)
      found.push_back(at + " fits " + std::to_string(fitting) + " of the choices");
  }

  static void check_string(const json& schema, const std::string& text, const std::string& at,
                           findings_list& found) {
    if (schema.contains("pattern")
        && !std::regex_search(text, std::regex{schema["pattern"].get<std::string>()}))
      found.push_back(at + " does not match its pattern: " + text);
    if (text.size() < schema.value("minLength", 0u)
        || text.size() > schema.value("maxLength", 1u << 30))
      found.push_back(at + " has a wrong length");
    static const std::regex date_time{R"(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z)"};
    if (schema.value("format", "") == "date-time" && !std::regex_match(text, date_time))
      found.push_back(at + " is no time: " + text);
    if (schema.value("format", "") == "uri" && !text.starts_with("http"))
      found.push_back(at + " is no URL: " + text);
  }

  static void check_number(const json& schema, const json& value, const std::string& at,
                           findings_list& found) {
    if (schema.contains("minimum") && value < schema["minimum"])
      found.push_back(at + " is too small");
    if (schema.contains("maximum") && value > schema["maximum"])
      found.push_back(at + " is too large");
  }

  void check_array(const json& schema, const json& value, const std::string& at,
                   findings_list& found) const {
    if (schema.value("uniqueItems", false)
        && std::set<json>(value.begin(), value.end()).size() != value.size())
      found.push_back(at + " has an item twice");
    if (value.size() < schema.value("minItems", 0u)
        || value.size() > schema.value("maxItems", 1u << 30))
      found.push_back(at + " has too few or too many items");
    if (!schema.contains("items"))
      return;
    for (std::size_t i = 0; i < value.size(); ++i)
      check(schema["items"], value[i], at + "/" + std::to_string(i), found);
  }

  void check_object(const json& schema, const json& value, const std::string& at,
                    findings_list& found) const {
    if (value.size() < schema.value("minProperties", 0u))
      found.push_back(at + " has too few members");
    for (const auto& name : schema.value("required", json::array()))
      if (!value.contains(name))
        found.push_back(at + "/" + name.get<std::string>() + " is missing");
    const auto properties = schema.value("properties", json::object());
    for (const auto& [name, member] : value.items()) {
      if (properties.contains(name))
        check(properties[name], member, at + "/" + name, found);
      else if (const auto others = schema.value("additionalProperties", json(true));
               others.is_object())
        check(others, member, at + "/" + name, found);
      else if (others == json(false))
        found.push_back(at + "/" + name + " is not described");
    }
  }

  const json& root_;
};

} // namespace

std::vector<std::string> schema_findings(const nlohmann::json& root, const nlohmann::json& schema,
                                         const nlohmann::json& value) {
  return json_schema{root}.check(schema, value);
}

} // namespace dossier::test
