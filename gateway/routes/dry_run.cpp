// SPDX-License-Identifier: Apache-2.0
#include "gateway/routes/dry_run.hpp"

#include "actors/ingested_file.hpp"
#include "gateway/routes/row_text.hpp"
#include "protocol/json_text.hpp"

#include <string>
#include <utility>

namespace dossier {

namespace {

constexpr std::size_t rejects_shown = 100;

std::string_view one(const char& c) {
  return {&c, 1};
}

void write_dialect(json_writer& out, const csv::sniffed_dialect& found) {
  const auto& d = found.dialect;
  out.key("dialect").begin_object();
  out.key("delimiter").string(one(d.delimiter));
  out.key("quote").string(one(d.quote));
  out.key("header").boolean(d.has_header);
  out.key("encoding").string(csv::to_string(d.encoding));
  out.key("reasons").begin_array();
  for (const auto& reason : found.reasons)
    out.string(reason);
  out.end_array().end_object();
}

void write_columns(json_writer& out, const csv::column_mapping& mapping, const csv::schema& s) {
  out.key("fields").begin_array();
  for (std::size_t i = 0; i < mapping.columns.size(); ++i) {
    out.begin_object().key("name").string(mapping.names[i]).key("column");
    mapping.columns[i] ? out.string(s.columns[*mapping.columns[i]].name) : out.null();
    out.end_object();
  }
  out.end_array();
}

result<std::string> text_of(const shared_parts& shared, const ingestion::submission& what,
                            std::uint32_t rows_max) {
  const auto file = open_ingested_file(shared.parts.blobs, shared.parts.schemas, what,
                                       shared.parts.settings.ingestion.record_bytes_max);
  if (!file)
    return file.error();
  const auto found = try_file(**file, rows_max, rejects_shown);
  if (!found)
    return found.error();
  json_writer out{2'048};
  out.begin_object();
  write_dialect(out, (*file)->plan.found);
  write_columns(out, (*file)->plan.mapping, (*file)->schema->schema);
  out.key("rows").number(found->counts.rows);
  out.key("rejects").number(found->counts.rejects);
  out.key("emptyLines").number(found->counts.empty_lines);
  out.key("items").begin_array();
  for (const auto& r : found->rejects)
    write_reject(out, r);
  out.end_array().end_object();
  return out.take();
}

} // namespace

awaitable<result<response>> dry_run(shared_parts& shared, ingestion::submission of,
                                    std::uint32_t rows_max, std::shared_ptr<const void> held) {
  auto job = [&shared, what = std::move(of), rows_max, held = std::move(held)] {
    return text_of(shared, what, rows_max);
  };
  auto text = co_await run_on(shared.parts.readers, std::move(job));
  if (!text)
    co_return text.error();
  co_return json_response(200, std::move(*text));
}

} // namespace dossier
