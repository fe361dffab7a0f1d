// SPDX-License-Identifier: Apache-2.0
// Rows by their key, whichever job they came with.
#include "gateway/fields.hpp"
#include "gateway/routes/document_access.hpp"
#include "gateway/routes/row_pieces.hpp"
#include "persistence/key_index.hpp"
#include "protocol/csv/reject.hpp"
#include "protocol/csv/values.hpp"

#include <utility>

namespace dossier {

namespace {

/// A key as the index knows it, from the text that a file would have.
result<std::string> key_of(const csv::column& column, std::string_view text) {
  if (column.type == csv::value_type::text)
    return std::string(text);
  std::int64_t value = 0;
  if (const auto ended = csv::read_value(column, text, value); ended != csv::cast::good)
    return bad_parameter(
      "key", "is no value of the key column: " + csv::cast_sentence(column, ended, text) + '.');
  return key_bytes_of(value);
}

awaitable<result<response>> find_records(shared_parts& shared, request& r, body_reader&) {
  if (auto known = check_query(r, {"key", "customerId", "limit"}); !known)
    co_return known.error();
  key_question q;
  q.schema = r.params.front();
  const auto schema = shared.parts.schemas.newest(q.schema);
  if (!schema)
    co_return schema.error();
  const auto key = r.query_value("key");
  if (!key)
    co_return bad_parameter("key", "names the row; it is missing.");
  if (!(*schema)->schema.key)
    co_return fail(errc::invalid_argument, "The schema " + q.schema + " has no key column.");
  auto bytes = key_of((*schema)->schema.columns[*(*schema)->schema.key], *key);
  if (!bytes)
    co_return bytes.error();
  q.key = std::move(*bytes);
  const std::uint64_t most = shared.parts.settings.ingestion.list_limit_max;
  const auto limit = page_limit(r, most);
  if (!limit)
    co_return limit.error();
  // What was replaced is not found any more.
  q.limit = (*schema)->schema.duplicates == csv::duplicate_policy::replace ? 1 : *limit;
  q.chunks_max = shared.parts.settings.ingestion.scan_max;
  auto customer = visible_customer(r);
  if (!customer)
    co_return customer.error();
  q.customer = std::move(*customer);
  auto job = [from = row_sources{shared.parts.jobs, shared.parts.rows, shared.parts.schemas},
              q = std::move(q)] {
    return find_by_key(from, q);
  };
  auto text = co_await run_on(shared.parts.readers, std::move(job));
  if (!text)
    co_return text.error();
  co_return json_response(200, std::move(*text));
}

} // namespace

void add_record_routes(route_table& table) {
  table.add(verb::get, "/api/records/{schema}", body_kind::none, access::key, "findRecords",
            find_records);
}

} // namespace dossier
