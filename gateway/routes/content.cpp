// SPDX-License-Identifier: Apache-2.0
// GET and HEAD of a content through a signed URL. The signature says what was once permitted; the
// document, asked each time, says whether it still is.
#include "config/log.hpp"
#include "gateway/conditions.hpp"
#include "gateway/disposition.hpp"
#include "gateway/range.hpp"
#include "gateway/routes/content_upload.hpp"
#include "gateway/routes/document_access.hpp"
#include "protocol/digest.hpp"

#include <openssl/rand.h>

#include <array>
#include <utility>

namespace dossier {

namespace {

/// A content that may be sent.
struct open_content {
  document::view view;
  std::shared_ptr<const input_file> file;
  std::string tag;
};

result<open_content> open_for_download(shared_parts& shared, const request& r) {
  auto found = find_granted(shared, r, permission::download);
  if (!found)
    return found.error();
  const auto& view = found->view;
  if (view.status != document::status::uploaded || !view.sha256)
    return fail(errc::conflict,
                "The document is not uploaded yet: upload its content and confirm it.");
  auto file = shared.files.open({view.customer, *view.sha256});
  if (!file) {
    // Why look again: it may have ended between the two looks, and its content with it.
    if (const auto again = find_granted(shared, r, permission::download); !again)
      return again.error();
    log(log_level::error, "content missing",
        {{"document", found->id.text()}, {"why", file.error().why}});
    return fail(errc::unavailable,
                "The content cannot be read at present; the operator has been told.");
  }
  open_content content{std::move(found->view), std::move(*file), {}};
  content.tag = to_hex(*content.view.sha256);
  return content;
}

using field_list = std::vector<std::pair<std::string, std::string>>;

/// What every answer about this content carries, also 304.
field_list validators_of(const open_content& content) {
  return {{"ETag", quoted_tag(content.tag)},
          {"Last-Modified", to_http_date(content.view.updated_at)},
          {"Cache-Control", "private, no-store"}};
}

void add_safety(field_list& fields, const open_content& content) {
  fields.emplace_back("Accept-Ranges", "bytes");
  fields.emplace_back("Content-Disposition", attachment_of(content.view.file_name));
  fields.emplace_back("X-Content-Type-Options", "nosniff");
  fields.emplace_back("Content-Security-Policy", "sandbox; default-src 'none'");
}

response whole(const open_content& content, bool is_head) {
  response answer;
  answer.fields = validators_of(content);
  answer.fields.emplace_back("Content-Type", safe_content_type(content.view.content_type));
  add_safety(answer.fields, content);
  answer.fields.emplace_back("Repr-Digest", "sha-256=:" + to_base64(*content.view.sha256) + ":");
  const auto size_bytes = content.file->size_bytes();
  if (is_head)
    answer.announced_size_bytes = size_bytes;
  else if (size_bytes > 0)
    answer.file = file_body{content.file, {{"", 0, size_bytes}}, ""};
  return answer;
}

response one_part(const open_content& content, const byte_range& part) {
  response answer;
  answer.status = 206;
  answer.fields = validators_of(content);
  answer.fields.emplace_back("Content-Type", safe_content_type(content.view.content_type));
  add_safety(answer.fields, content);
  answer.fields.emplace_back("Content-Range", content_range(part, content.file->size_bytes()));
  answer.file = file_body{content.file, {{"", part.first, part.size_bytes()}}, ""};
  return answer;
}

/// Unguessable, so no content can contain it on purpose.
result<std::string> fresh_boundary() {
  std::array<std::uint8_t, 18> dice{};
  if (RAND_bytes(dice.data(), static_cast<int>(dice.size())) != 1)
    return fail(errc::unavailable, "The system's random generator gave nothing.");
  return "part_" + to_base64url(dice);
}

result<response> many_parts(const open_content& content, const std::vector<byte_range>& parts) {
  const auto boundary = fresh_boundary();
  if (!boundary)
    return boundary.error();
  response answer;
  answer.status = 206;
  answer.fields = validators_of(content);
  answer.fields.emplace_back("Content-Type", "multipart/byteranges; boundary=" + *boundary);
  add_safety(answer.fields, content);
  file_body body{content.file, {}, "\r\n--" + *boundary + "--\r\n"};
  const std::string type{safe_content_type(content.view.content_type)};
  for (const auto& part : parts) {
    auto before = (body.slices.empty() ? "--" : "\r\n--") + *boundary + "\r\nContent-Type: " + type
                  + "\r\nContent-Range: " + content_range(part, content.file->size_bytes())
                  + "\r\n\r\n";
    body.slices.push_back({std::move(before), part.first, part.size_bytes()});
  }
  answer.file = std::move(body);
  return answer;
}

response unsatisfied(const shared_parts& shared, const request& r, const failure& why,
                     std::uint64_t size_bytes) {
  auto answer = problem(why, r.request_id, shared.parts.settings.http.retry_after_s);
  answer.fields.emplace_back("Content-Range", unsatisfied_range(size_bytes));
  return answer;
}

awaitable<result<response>> get_content(shared_parts& shared, request& r, body_reader&) {
  const auto content = open_for_download(shared, r);
  if (!content)
    co_return content.error();
  const validators present{content->tag, content->view.updated_at};
  const auto verdict = check_conditions(r, present);
  if (!verdict)
    co_return verdict.error();
  if (*verdict == condition_verdict::not_modified) {
    response unchanged;
    unchanged.status = 304;
    unchanged.fields = validators_of(*content);
    co_return unchanged;
  }
  const bool is_head = r.verb == verb::head;
  const auto range = r.field("Range");
  // RFC 9110 14.2: Range means something with GET only.
  if (is_head || range.empty() || !if_range_holds(r, present))
    co_return whole(*content, is_head);
  const auto size_bytes = content->file->size_bytes();
  const auto parts = ranges_of(range, size_bytes);
  if (!parts)
    co_return unsatisfied(shared, r, parts.error(), size_bytes);
  if (!*parts)
    co_return whole(*content, false);
  if ((*parts)->size() == 1)
    co_return one_part(*content, (*parts)->front());
  co_return many_parts(*content, **parts);
}

} // namespace

void add_content_routes(route_table& table) {
  const auto signed_url = access::signed_url;
  table.add(verb::put, "/content/{id}", body_kind::content, signed_url, "putContent", put_content);
  table.add(verb::get, "/content/{id}", body_kind::none, signed_url, "getContent", get_content);
  table.add(verb::head, "/content/{id}", body_kind::none, signed_url, "headContent", get_content);
}

} // namespace dossier
