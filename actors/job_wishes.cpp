// SPDX-License-Identifier: Apache-2.0
#include "actors/job_wishes.hpp"

#include <limits>

namespace dossier {

namespace {

constexpr std::string_view delimiter_rule = "must be one character, or tab.";
constexpr std::string_view quote_rule = "must be one character.";
constexpr std::string_view encoding_rule = "must be utf-8, utf-16le, utf-16be or latin-1.";
constexpr std::string_view columns_rule = "must be name or position.";

std::optional<char> character_of(const std::string& text) {
  if (text == "tab" || text == "\t")
    return '\t';
  return text.size() == 1 ? std::optional(text[0]) : std::nullopt;
}

void read_options(const wish_source& from, csv::read_options& o) {
  auto& w = o.wishes;
  if (const auto text = from.text("delimiter"); text && !(w.delimiter = character_of(*text)))
    from.refuse("delimiter", delimiter_rule);
  if (const auto text = from.text("quote"); text && !(w.quote = character_of(*text)))
    from.refuse("quote", quote_rule);
  w.has_header = from.flag("header");
  if (const auto text = from.text("encoding");
      text && !(w.encoding = csv::parse_text_encoding(*text)))
    from.refuse("encoding", encoding_rule);
  if (const auto text = from.text("columns")) {
    o.is_by_position = *text == "position";
    if (*text != "name" && *text != "position")
      from.refuse("columns", columns_rule);
  }
}

} // namespace

job_wishes read_job_wishes(const wish_source& from, const ingestion::reject_limits& most) {
  job_wishes made;
  if (const auto version = from.count("schemaVersion", std::numeric_limits<std::uint32_t>::max()))
    made.schema_version = static_cast<std::uint32_t>(*version);
  read_options(from, made.options);
  const auto rejects = from.count("rejectsMax", most.rejects_max);
  const auto ppm = from.count("rejectsPpmMax", most.rejects_ppm_max);
  if (rejects || ppm)
    made.limits = {rejects.value_or(most.rejects_max),
                   static_cast<std::uint32_t>(ppm.value_or(most.rejects_ppm_max))};
  if (const auto rows = from.count("dryRun", dry_run_rows_max)) {
    made.dry_run_rows = static_cast<std::uint32_t>(*rows);
    if (*rows == 0)
      from.refuse("dryRun", "must be at least 1.");
  }
  made.is_kept = from.flag("keep").value_or(false);
  made.publishes_rows = from.flag("publish").value_or(false);
  return made;
}

job_wishes read_job_wishes(json_body& body, const ingestion::reject_limits& most) {
  const auto schema = body.optional_string("schema");
  job_wishes made;
  if (auto* options = body.optional_object("options"))
    made = read_job_wishes({[=](std::string_view name) { return options->optional_string(name); },
                            [=](std::string_view name, std::uint64_t highest) {
                              return options->optional_count(name, highest);
                            },
                            [=](std::string_view name) { return options->optional_bool(name); },
                            [=](std::string_view name, std::string_view why) {
                              options->refuse(name, why);
                            }},
                           most);
  made.schema = schema.value_or(made.schema);
  return made;
}

} // namespace dossier
