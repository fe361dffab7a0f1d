// SPDX-License-Identifier: Apache-2.0
#include "actors/inbox_work.hpp"

#include "actors/inbox.hpp"
#include "protocol/cloud_event.hpp"
#include "protocol/digest.hpp"
#include "protocol/parts_text.hpp"

#include <utility>

namespace dossier {

namespace {

result<void> read_request(inbox_work& work, const received_event& event,
                          const inbox_limits& limits) {
  if (event.type == start_job_type) {
    auto request = read_job_request(event, limits.rejects);
    if (!request)
      return request.error();
    if (request->customer)
      work.arrival.customer = *request->customer;
    // Its document's lane: it stands behind the confirmation of the upload and before a deletion.
    const auto document = entity_id::parse(request->document);
    work.lane = document ? document->view() : work.id.view();
    if (document)
      work.subject = entity_ref{entity_kind::document, *document}.text();
    work.request = std::move(*request);
    return {};
  }
  auto request = read_document_request(event, limits.content_bytes_max);
  if (!request)
    return request.error();
  work.arrival.customer = request->customer;
  // A new document stands behind nothing but its own repetition.
  work.lane = request->document ? request->document->view() : work.id.view();
  work.subject = request->document ? entity_ref{entity_kind::document, *request->document}.text()
                                   : "customer/" + request->customer;
  work.request = std::move(*request);
  return {};
}

} // namespace

result<void> read_work(inbox_work& work, const event_headers& headers, std::string_view value,
                       const std::optional<std::string>& key, const inbox_limits& limits) {
  const auto event = read_cloud_event(headers, value);
  if (!event)
    return event.error();
  work.type = event->type;
  work.event_id = event->id;
  work.id = command_id_of("dossier message 1", {event->source, event->id});
  work.fingerprint = sha256_of(parts_text({event->type, event->data}));
  work.arrival.command = event->type;
  work.arrival.command_id = event->id;
  work.arrival.traceparent = event->extension("traceparent");
  if (key && check_customer(*key))
    work.arrival.customer = *key;
  return read_request(work, *event, limits);
}

failure put_off_reason() {
  return fail(errc::busy, "an earlier command for the same document is being tried again");
}

bool is_transient(errc code) {
  switch (code) {
  case errc::busy:
  case errc::unavailable:
  case errc::timed_out:
  case errc::quarantined:
  case errc::corrupt:
    return true;
  default:
    return false;
  }
}

} // namespace dossier
