// SPDX-License-Identifier: Apache-2.0
#include "actors/inbox_work.hpp"

#include "protocol/cloud_event.hpp"
#include "protocol/digest.hpp"

#include <algorithm>

namespace dossier {

namespace {

/// Each part behind its length, so no two lists of parts have the same text.
void append_part(std::string& text, std::string_view part) {
  text.append(std::to_string(part.size())).append(":").append(part);
}

command_id id_of(const received_event& event) {
  std::string text = "dossier message 1\n";
  append_part(text, event.source);
  append_part(text, event.id);
  const auto digest = sha256_of(text);
  command_id id;
  std::copy_n(digest.begin(), id.bytes.size(), id.bytes.begin());
  return id;
}

sha256_digest fingerprint_of(const received_event& event) {
  std::string text;
  append_part(text, event.type);
  append_part(text, event.data);
  return sha256_of(text);
}

} // namespace

result<void> read_work(inbox_work& work, const event_headers& headers, std::string_view value,
                       const std::optional<std::string>& key, std::uint64_t content_bytes_max) {
  const auto event = read_cloud_event(headers, value);
  if (!event)
    return event.error();
  work.type = event->type;
  work.event_id = event->id;
  work.id = id_of(*event);
  work.fingerprint = fingerprint_of(*event);
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
