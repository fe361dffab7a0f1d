// SPDX-License-Identifier: Apache-2.0
#include "actors/inbox_work.hpp"

#include "protocol/cloud_event.hpp"
#include "protocol/digest.hpp"
#include "protocol/parts_text.hpp"

namespace dossier {

result<void> read_work(inbox_work& work, const event_headers& headers, std::string_view value,
                       const std::optional<std::string>& key, std::uint64_t content_bytes_max) {
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
  auto request = read_document_request(*event, content_bytes_max);
  if (!request)
    return request.error();
  work.request = std::move(*request);
  work.arrival.customer = work.request.customer;
  // A new document stands behind nothing but its own repetition.
  work.lane = work.request.document ? work.request.document->view() : work.id.view();
  work.subject = work.request.document
                   ? entity_ref{entity_kind::document, *work.request.document}.text()
                   : "customer/" + work.request.customer;
  return {};
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
