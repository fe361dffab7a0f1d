// SPDX-License-Identifier: Apache-2.0
// The inbox's third part: what a command is carried out by. It is known if it had its effect
// before; else it goes to its document, or to the job that it asks for.
#include "actors/inbox.hpp"
#include "actors/inbox_work.hpp"
#include "protocol/command_reply.hpp"

#include <memory>
#include <utility>
#include <variant>

namespace dossier {

void inbox::begin(const inbox_work_ptr& work) {
  const auto begun
    = std::visit([&](const auto& wanted) { return begin(work, wanted); }, work->request);
  if (!begun)
    give_up(work, begun.error());
}

result<void> inbox::begin(const inbox_work_ptr& work, const document_request& wanted) {
  const auto first = parts_.documents.find_answer(wanted.customer, work->id);
  if (!first)
    return first.error();
  if (*first)
    return repeat(work, **first);
  auto meta = meta_of(*work);
  meta.is_fresh_entity = !wanted.document;
  // What the document's rules cannot know: whose it is, and whether its content is there.
  if (wanted.document) {
    const auto found = find_of(wanted.customer, *wanted.document);
    if (!found)
      return found.error();
    const auto& view = found->view;
    if (std::holds_alternative<document::confirm_upload>(wanted.what) && view.has_content
        && view.sha256 && !view.is_gone() && !parts_.blobs.has({view.customer, *view.sha256}))
      return fail(errc::conflict, "The upload cannot be confirmed: its content is not there. "
                                  "Upload it again, then confirm.");
  }
  const auto id = wanted.document ? *wanted.document : parts_.documents.next_id(wanted.customer);
  parts_.documents.submit(id, wanted.what, std::move(meta),
                          reply_to<document::view>(work, nullptr));
  return {};
}

result<void> inbox::begin(const inbox_work_ptr& work, const job_request& wanted) {
  const auto id = entity_id::parse(wanted.document);
  const auto found = id ? find_of(wanted.customer, *id)
                        : result<found_document>(
                          fail(errc::not_found, "There is no such document.", "/documentId"));
  if (!found)
    return found.error();
  work->arrival.customer = found->view.customer;
  // A job stands in its customer's shard as documents do, so one place knows the answers of both.
  const auto first = parts_.documents.find_answer(found->view.customer, work->id);
  if (!first)
    return first.error();
  if (*first)
    return repeat(work, **first);
  auto made = submission_of(found->view, wanted.wanted, parts_.schemas, parts_.time.now());
  if (!made)
    return made.error();
  // The document may be deleted before the job holds its content: until then this does.
  auto pin = parts_.blobs.hold({made->customer, made->sha256});
  if (!pin)
    return fail(errc::conflict, "The document's content is not there any more.");
  auto held = std::make_shared<const content_pin>(std::move(*pin));
  const auto job = parts_.jobs.id_of(*made);
  parts_.jobs.submit(job, ingestion::accept{std::move(*made), wanted.wanted.limits}, meta_of(*work),
                     reply_to<ingestion::view>(work, std::move(held)));
  return {};
}

/// The document if it is this customer's, or anybody's if none is named; not_found else.
result<found_document> inbox::find_of(const std::optional<std::string>& customer,
                                      const entity_id& document) const {
  auto found = parts_.documents.find(document);
  if (!found && found.error().code != errc::not_found)
    return found.error();
  if (!found || (customer && found->view.customer != *customer))
    return fail(errc::not_found,
                "There is no document " + document.text() + (customer ? " of this customer." : "."),
                "/documentId");
  return found;
}

result<void> inbox::repeat(const inbox_work_ptr& work, const stored_answer& first) {
  if (first.fingerprint != work->fingerprint)
    return fail(errc::unprocessable,
                "A command with this source and id said something else before.", "id");
  stats_.repeated.fetch_add(1, std::memory_order_relaxed);
  if (work->letter) {
    succeed(work);
    return {};
  }
  auto again = reply_again(*work, first);
  if (!again)
    return again.error();
  // Nothing happens to the document or job again. The batch is of an entity that never comes to be.
  batch bare;
  bare.entity = {entity_kind::document, parts_.documents.next_id(work->arrival.customer)};
  bare.handled = work->arrival.place;
  bare.reply = std::move(*again);
  work->bare = std::move(bare);
  record(work);
  return {};
}

result<std::string> inbox::reply_again(const inbox_work& work, const stored_answer& first) const {
  const auto now = parts_.time.now();
  if (std::holds_alternative<job_request>(work.request)) {
    const auto then = parts_.jobs.decode_answer(first.bytes);
    if (!then)
      return then.error();
    return encode_reply(work.arrival, now,
                        job_taken{then->id, then->view.version, then->view.status});
  }
  const auto then = parts_.documents.decode_answer(first.bytes);
  if (!then)
    return then.error();
  command_done done{then->id, then->view.version, std::nullopt};
  if (!std::get<document_request>(work.request).document)
    done.upload_expires_at = then->view.upload_expires_at;
  return encode_reply(work.arrival, now, done);
}

command_meta inbox::meta_of(const inbox_work& work) const {
  command_meta meta;
  meta.cause.by = "message";
  meta.cause.request_id = work.event_id;
  meta.cause.traceparent = work.arrival.traceparent;
  meta.id = work.id;
  meta.fingerprint = work.fingerprint;
  meta.arrival = std::make_shared<const arrival>(work.arrival);
  meta.answer_kept = limits_.command_ids_kept;
  return meta;
}

/// Tells the inbox how the command ended; `held` is kept until then.
template <class View>
std::shared_ptr<reply<View>> inbox::reply_to(const inbox_work_ptr& work,
                                             std::shared_ptr<const void> held) const {
  return std::make_shared<reply<View>>(
    [to = arrived_, work, held = std::move(held)](const result<answer<View>>& what) {
      const std::lock_guard lock(to->mutex);
      to->outcomes.emplace_back(work, what ? result<void>{} : result<void>{what.error()});
      to->woken.notify_one();
    });
}

} // namespace dossier
