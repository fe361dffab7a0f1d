// SPDX-License-Identifier: Apache-2.0
// The routes that change documents: create, confirm, change, remove.
#include "gateway/body.hpp"
#include "gateway/conditions.hpp"
#include "gateway/fields.hpp"
#include "gateway/routes/document_access.hpp"
#include "gateway/routes/document_json.hpp"
#include "gateway/routes/document_reads.hpp"
#include "protocol/document_request.hpp"

#include <utility>

namespace dossier {

namespace {

/// What the core is told beside the command.
command_meta meta_of(const request& r, const document::command& what, const repetition& known) {
  command_meta meta;
  meta.cause = cause_of(r, what);
  if (known.key) {
    meta.id = known.key->id;
    meta.fingerprint = known.key->fingerprint;
  }
  return meta;
}

response created_response(const shared_parts& shared, const document_answer& made) {
  const auto upload
    = grant(shared, permission::upload, made.id, made.view, made.view.upload_expires_at);
  const auto id = made.id.text();
  json_writer out;
  out.begin_object();
  out.key("documentId").string(id);
  out.key("uploadSasUri").string(upload.url);
  out.key("blobPath").string(made.view.blob_path);
  out.key("uploadExpiresAt").time(upload.expires_at);
  out.end_object();
  auto answer = json_response(201, out.take());
  answer.fields.emplace_back("Location", "/api/documents/" + id);
  return answer;
}

response document_response(const entity_id& id, const document::view& view, timestamp as_of) {
  json_writer out{768};
  write_document(out, id, view, as_of);
  auto answer = json_response(200, out.take());
  answer.fields.emplace_back("ETag", quoted_tag(version_tag(view.version)));
  return answer;
}

/// After a refusal: the same request may have been answered meanwhile, by an attempt whose answer
/// got lost.
result<document_answer> answered_before(const shared_parts& shared, std::string_view customer,
                                        const repetition& known, const failure& refused) {
  if (!known.key || refused.code != errc::conflict)
    return refused;
  auto first = first_answer(shared, customer, *known.key);
  if (!first)
    return first.error();
  if (!*first)
    return refused;
  (*first)->is_replay = true;
  return std::move(**first);
}

awaitable<result<response>> create_document(shared_parts& shared, request& r, body_reader& body) {
  const auto& settings = shared.parts.settings;
  const auto text = co_await read_text(body, settings.http.json_bytes_max);
  if (!text)
    co_return text.error();
  const auto& customer = r.params.front();
  if (auto visible = check_visible_customer(r, customer); !visible)
    co_return visible.error();
  if (auto known = check_query(r, {}); !known)
    co_return known.error();
  auto command = read_create(*text, customer, settings.http.content_bytes_max);
  if (!command)
    co_return command.error();
  const auto known = recognise(shared, r, "createDocument", customer, customer, *text);
  if (!known)
    co_return known.error();
  if (known->first)
    co_return replayed(created_response(shared, *known->first));
  document::command what{std::move(*command)};
  auto meta = meta_of(r, what, *known);
  meta.is_fresh_entity = true;
  const auto id = shared.parts.documents.next_id(customer);
  auto made = co_await submit_command(shared, id, std::move(what), std::move(meta), known->turn);
  if (!made)
    made = answered_before(shared, customer, *known, made.error());
  if (!made)
    co_return made.error();
  auto answer = created_response(shared, *made);
  co_return made->is_replay ? replayed(std::move(answer)) : std::move(answer);
}

/// The blob store must have what the document says it has.
result<void> check_content(const shared_parts& shared, const document::view& view) {
  if (!view.has_content || !view.sha256 || shared.parts.blobs.has({view.customer, *view.sha256}))
    return {};
  return fail(errc::conflict,
              "The upload cannot be confirmed: its content is not there. Upload it again, "
              "then confirm.");
}

awaitable<result<response>> confirm_upload(shared_parts& shared, request& r, body_reader& body) {
  const auto text = co_await read_text(body, shared.parts.settings.http.json_bytes_max);
  if (!text)
    co_return text.error();
  if (auto known = check_query(r, {"customerId"}); !known)
    co_return known.error();
  const auto found = find_visible(shared, r);
  if (!found)
    co_return found.error();
  if (auto confirmed = read_confirmation(*text); !confirmed)
    co_return confirmed.error();
  const auto& customer = found->view.customer;
  const auto known = recognise(shared, r, "confirmUpload", found->id.text(), customer, *text);
  if (!known)
    co_return known.error();
  // Why as of its last change: a repeated answer must be the same, down to its ttl.
  if (known->first)
    co_return replayed(
      document_response(found->id, known->first->view, known->first->view.updated_at));
  if (auto living = check_living(found->view, shared.now()); !living)
    co_return living.error();
  if (auto there = check_content(shared, found->view); !there)
    co_return there.error();
  document::command what{document::confirm_upload{}};
  auto meta = meta_of(r, what, *known);
  auto done
    = co_await submit_command(shared, found->id, std::move(what), std::move(meta), known->turn);
  if (!done)
    done = answered_before(shared, customer, *known, done.error());
  if (!done)
    co_return done.error();
  const bool was_confirmed = found->view.status == document::status::uploaded;
  const auto as_of = was_confirmed && !done->is_replay ? shared.now() : done->view.updated_at;
  auto answer = document_response(found->id, done->view, as_of);
  co_return done->is_replay ? replayed(std::move(answer)) : std::move(answer);
}

/// The version that a change must still find, or nullopt for If-Match: *.
result<std::optional<std::uint64_t>> expected_version(const request& r,
                                                      const document::view& view) {
  const auto wanted = read_tags(r, "If-Match");
  if (!wanted)
    return wanted.error();
  if (!*wanted)
    return fail(
      errc::precondition_required,
      "A change needs If-Match with the ETag of the document as you know it, or If-Match: *.",
      "If-Match");
  if ((*wanted)->is_any)
    return std::nullopt;
  if (!(*wanted)->has_strong(version_tag(view.version)))
    return fail(errc::precondition_failed,
                "The document has another version now: " + quoted_tag(version_tag(view.version))
                  + ". Read it again, then repeat the change.",
                "If-Match");
  return std::optional{view.version};
}

awaitable<result<response>> change_document(shared_parts& shared, request& r, body_reader& body) {
  const auto text = co_await read_text(body, shared.parts.settings.http.json_bytes_max);
  if (!text)
    co_return text.error();
  if (auto known = check_query(r, {"customerId"}); !known)
    co_return known.error();
  const auto found = find_visible(shared, r);
  if (!found)
    co_return found.error();
  auto change = read_change(*text);
  if (!change)
    co_return change.error();
  if (auto living = check_living(found->view, shared.now()); !living)
    co_return living.error();
  const auto version = expected_version(r, found->view);
  if (!version)
    co_return version.error();
  change->expected_version = *version;
  document::command what{std::move(*change)};
  auto meta = meta_of(r, what, {});
  const auto changed
    = co_await submit_command(shared, found->id, std::move(what), std::move(meta), nullptr);
  if (!changed)
    co_return changed.error();
  co_return document_response(found->id, changed->view, shared.now());
}

awaitable<result<response>> remove_document(shared_parts& shared, request& r, body_reader&) {
  if (auto known = check_query(r, {"customerId"}); !known)
    co_return known.error();
  const auto found = find_visible(shared, r);
  if (!found)
    co_return found.error();
  response done;
  done.status = 204;
  if (found->view.is_gone())
    co_return done;
  const validators present{version_tag(found->view.version), std::nullopt};
  if (auto met = check_conditions(r, present); !met)
    co_return met.error();
  document::command what{document::remove{}};
  auto meta = meta_of(r, what, {});
  const auto removed
    = co_await submit_command(shared, found->id, std::move(what), std::move(meta), nullptr);
  if (!removed && removed.error().code != errc::gone)
    co_return removed.error();
  if (found->view.has_content && found->view.sha256)
    shared.files.forget({found->view.customer, *found->view.sha256});
  co_return done;
}

} // namespace

void add_document_routes(route_table& table) {
  const auto key = access::key;
  table.add(verb::post, "/api/customers/{customerId}/documents", body_kind::json, key,
            "createDocument", create_document);
  table.add(verb::get, "/api/customers/{customerId}/documents", body_kind::none, key,
            "listDocuments", list_documents);
  table.add(verb::get, "/api/documents/{id}", body_kind::none, key, "readDocument", read_document);
  table.add(verb::patch, "/api/documents/{id}", body_kind::json, key, "changeDocument",
            change_document);
  table.add(verb::del, "/api/documents/{id}", body_kind::none, key, "removeDocument",
            remove_document);
  table.add(verb::post, "/api/documents/{id}/confirm-upload", body_kind::json, key, "confirmUpload",
            confirm_upload);
  table.add(verb::get, "/api/documents/{id}/download", body_kind::none, key, "grantDownload",
            grant_download);
  table.add(verb::get, "/api/documents/{id}/events", body_kind::none, key, "readHistory",
            read_history);
}

} // namespace dossier
