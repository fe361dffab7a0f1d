// SPDX-License-Identifier: Apache-2.0
#include "gateway/routes/content_upload.hpp"

#include "gateway/conditions.hpp"
#include "gateway/routes/document_access.hpp"
#include "gateway/routes/received_content.hpp"
#include "protocol/digest.hpp"

#include <utility>

namespace dossier {

namespace {

/// The document that the URL is for, if it still takes content.
result<found_document> find_open_for_upload(const shared_parts& shared, const request& r) {
  auto found = find_granted(shared, r, permission::upload);
  if (!found)
    return found.error();
  if (found->view.status != document::status::pending)
    return fail(
      errc::conflict,
      "The content cannot be replaced: its upload is confirmed. Create another document.");
  return found;
}

/// Joins what was declared at creation with what the fields say; refuses what contradicts before a
/// byte of the body is read.
result<content_checks> join_checks(content_checks checks, const document::view& view,
                                   std::optional<std::uint64_t> length) {
  // Why only before the first content: afterwards the view tells of that content, and the rules
  // still know what was declared.
  if (!view.has_content) {
    checks.size_bytes = view.size_bytes;
    if (checks.sha256 && view.sha256 && *checks.sha256 != *view.sha256)
      return fail(errc::content_mismatch,
                  "Repr-Digest is not the SHA-256 that was declared when the document was created: "
                    + to_hex(*view.sha256) + ".",
                  "Repr-Digest");
    if (view.sha256)
      checks.sha256 = view.sha256;
  }
  if (length && checks.size_bytes && *length != *checks.size_bytes)
    return fail(errc::content_mismatch,
                "Content-Length is " + std::to_string(*length) + ", but "
                  + std::to_string(*checks.size_bytes)
                  + " bytes were declared when the document was created.",
                "Content-Length");
  return checks;
}

} // namespace

awaitable<result<response>> put_content(shared_parts& shared, request& r, body_reader& body) {
  const auto found = find_open_for_upload(shared, r);
  if (!found)
    co_return found.error();
  const auto& view = found->view;
  auto fields = read_content_fields(r);
  if (!fields)
    co_return fields.error();
  const validators present{view.has_content && view.sha256 ? to_hex(*view.sha256) : "",
                           std::nullopt};
  if (auto met = check_conditions(r, present); !met)
    co_return met.error();
  const auto length = body.declared_size_bytes();
  const auto checks = join_checks(std::move(*fields), view, length);
  if (!checks)
    co_return checks.error();

  auto stored = co_await receive_content(shared, body, view.customer, *checks);
  if (!stored)
    co_return stored.error();

  const content_key key{view.customer, (*stored)->sha256};
  document::command what{document::store_content{(*stored)->sha256, (*stored)->size_bytes}};
  command_meta meta;
  meta.cause = cause_of(r, what);
  // The pin goes along: it holds the content until the core has answered.
  auto pinned = std::move(*stored);
  const auto kept = co_await submit_command(shared, found->id, std::move(what), std::move(meta),
                                            std::move(pinned));
  if (!kept) {
    co_await discard_refused_content(shared, key, kept.error().code);
    co_return kept.error();
  }
  response done;
  done.status = 201;
  done.fields.emplace_back("ETag", quoted_tag(to_hex(key.sha256)));
  if (checks->md5)
    done.fields.emplace_back("Content-MD5", to_base64(*checks->md5));
  co_return done;
}

} // namespace dossier
