// SPDX-License-Identifier: Apache-2.0
#include "gateway/routes/document_reads.hpp"

#include "gateway/conditions.hpp"
#include "gateway/fields.hpp"
#include "gateway/routes/document_access.hpp"
#include "gateway/routes/document_json.hpp"
#include "protocol/document_request.hpp"

#include <algorithm>
#include <utility>

namespace dossier {

namespace {

constexpr std::size_t list_limit_default = 50;

/// One page of a list, as asked for. Owns everything: it is read on another thread.
struct list_question {
  std::string customer;
  document_filter filter;
  std::optional<listing> after;
  std::size_t limit = 0;
  timestamp now;
};

result<list_question> list_question_of(const shared_parts& shared, const request& r) {
  const auto limit_max = shared.parts.settings.documents.list_limit_max;
  list_question question;
  question.customer = r.params.front();
  question.now = shared.now();
  const auto limit = page_limit(r, limit_max, list_limit_default);
  if (!limit)
    return limit.error();
  question.limit = *limit;
  if (const auto status = r.query_value("status")) {
    const auto parsed = document::parse_status(*status);
    if (!parsed)
      return fail(errc::invalid_argument, "The query parameter status must be pending or uploaded.",
                  "status");
    question.filter.status = *parsed;
  }
  if (const auto type = r.query_value("documentType")) {
    if (!is_document_type(*type))
      return fail(
        errc::invalid_argument,
        "The query parameter documentType must be 1 to 64 characters of A-Z a-z 0-9 . _ -",
        "documentType");
    question.filter.document_type = std::string{*type};
  }
  if (const auto cursor = r.query_value("cursor")) {
    const auto place = read_cursor(question.customer, *cursor);
    if (!place)
      return place.error();
    question.after = *place;
  }
  return question;
}

result<std::string> list_text(const documents& source, const list_question& question) {
  const auto page = source.list(question.customer, question.filter, question.after, question.limit);
  if (!page)
    return page.error();
  json_writer out{page->items.size() * 640 + 64};
  out.begin_object();
  out.key("items").begin_array();
  for (const auto& item : page->items) {
    // Why: what is over by the clock is over, also while its timer is on its way.
    if (!item.view.expiry || *item.view.expiry > question.now)
      write_document(out, item.id, item.view, question.now);
  }
  out.end_array();
  out.key("nextCursor");
  if (page->next)
    out.string(write_cursor(question.customer, *page->next));
  else
    out.null();
  out.end_object();
  return out.take();
}

/// One page of a history.
struct history_question {
  entity_id id;
  std::uint64_t version = 0;
  std::uint64_t after = 0;
  std::size_t limit = 0;
};

result<std::string> history_text(const documents& source, const history_question& question) {
  const auto entries = source.history(question.id, question.after + 1, question.limit);
  if (!entries)
    return entries.error();
  json_writer out{entries->size() * 512 + 64};
  out.begin_object();
  out.key("items").begin_array();
  for (const auto& entry : *entries)
    write_history_entry(out, entry);
  out.end_array();
  out.key("next");
  if (!entries->empty() && entries->back().sequence < question.version)
    out.number(entries->back().sequence);
  else
    out.null();
  out.end_object();
  return out.take();
}

response fresh_json(std::string text) {
  auto answer = json_response(200, std::move(text));
  answer.fields.emplace_back("Cache-Control", "private, no-cache");
  return answer;
}

} // namespace

awaitable<result<response>> read_document(shared_parts& shared, request& r, body_reader&) {
  if (auto known = check_query(r, {"customerId"}); !known)
    co_return known.error();
  const auto found = find_visible(shared, r);
  if (!found)
    co_return found.error();
  const auto now = shared.now();
  if (auto living = check_living(found->view, now); !living)
    co_return living.error();
  const validators present{version_tag(found->view.version), std::nullopt};
  const auto verdict = check_conditions(r, present);
  if (!verdict)
    co_return verdict.error();
  response answer;
  if (*verdict == condition_verdict::not_modified) {
    answer.status = 304;
  } else {
    json_writer out{768};
    write_document(out, found->id, found->view, now);
    answer = json_response(200, out.take());
  }
  answer.fields.emplace_back("ETag", quoted_tag(present.tag));
  answer.fields.emplace_back("Cache-Control", "private, no-cache");
  co_return answer;
}

awaitable<result<response>> list_documents(shared_parts& shared, request& r, body_reader&) {
  if (auto visible = check_visible_customer(r, r.params.front()); !visible)
    co_return visible.error();
  if (auto known = check_query(r, {"limit", "cursor", "status", "documentType"}); !known)
    co_return known.error();
  auto question = list_question_of(shared, r);
  if (!question)
    co_return question.error();
  const auto& source = shared.parts.documents;
  auto job = [&source, question = std::move(*question)] {
    return list_text(source, question);
  };
  auto text = co_await run_on(shared.parts.readers, std::move(job));
  if (!text)
    co_return text.error();
  co_return fresh_json(std::move(*text));
}

awaitable<result<response>> grant_download(shared_parts& shared, request& r, body_reader&) {
  if (auto known = check_query(r, {"customerId"}); !known)
    co_return known.error();
  const auto found = find_visible(shared, r);
  if (!found)
    co_return found.error();
  const auto now = shared.now();
  if (auto living = check_living(found->view, now); !living)
    co_return living.error();
  if (found->view.status != document::status::uploaded)
    co_return fail(errc::conflict,
                   "The document is not uploaded yet: upload its content and confirm it.");
  const auto until = now + seconds{shared.parts.settings.documents.download_grant_s};
  const auto download = grant(shared, permission::download, found->id, found->view, until);
  json_writer out;
  out.begin_object();
  out.key("downloadSasUri").string(download.url);
  out.key("expiresAt").time(download.expires_at);
  out.end_object();
  auto answer = json_response(200, out.take());
  answer.fields.emplace_back("Cache-Control", "private, no-store");
  co_return answer;
}

awaitable<result<response>> read_history(shared_parts& shared, request& r, body_reader&) {
  if (auto known = check_query(r, {"customerId", "after", "limit"}); !known)
    co_return known.error();
  const auto found = find_visible(shared, r);
  if (!found)
    co_return found.error();
  const std::uint64_t limit_max = shared.parts.settings.documents.history_limit_max;
  const auto after = query_number(r, "after", 0, 0, std::uint64_t{1} << 53);
  if (!after)
    co_return after.error();
  const auto limit = page_limit(r, limit_max);
  if (!limit)
    co_return limit.error();
  const auto& source = shared.parts.documents;
  const history_question question{found->id, found->view.version, *after,
                                  static_cast<std::size_t>(*limit)};
  auto job = [&source, question] {
    return history_text(source, question);
  };
  auto text = co_await run_on(shared.parts.readers, std::move(job));
  if (!text)
    co_return text.error();
  co_return fresh_json(std::move(*text));
}

} // namespace dossier
