// SPDX-License-Identifier: Apache-2.0
#include "actors/documents_service.hpp"

#include "actors/entity/answer_codec.hpp"

#include <caf/send.hpp>

#include <utility>

namespace dossier {

documents_service::documents_service(entity_services& services, region_actor<document_kind> region,
                                     const document_settings& limits)
  : services_(services)
  , region_(std::move(region))
  , limits_(limits) {}

entity_id documents_service::next_id(std::string_view customer) {
  return services_.ids.next(services_.time.now(),
                            shard_of(customer, services_.store.shard_count()));
}

void documents_service::submit(const entity_id& id, document::command what, command_meta meta,
                               std::shared_ptr<reply<document::view>> done) {
  auto& counters = services_.counters;
  if (counters.pending.load(std::memory_order_relaxed) >= services_.limits.pending_max) {
    done->deliver(fail(errc::busy, "as many commands wait as actors.pending_max allows"));
    return;
  }
  counters.commands.fetch_add(1, std::memory_order_relaxed);
  caf::anon_send(region_,
                 dossier::submit<document_kind>{std::make_shared<command_job<document_kind>>(
                   counters, id, std::move(what), std::move(meta), std::move(done))});
}

bool documents_service::has_room() const {
  return services_.counters.pending.load(std::memory_order_relaxed) < services_.limits.pending_max;
}

result<found_document> documents_service::find(const entity_id& id) const {
  if (id.shard() >= services_.store.shard_count())
    return fail(errc::not_found, "there is no document " + id.text());
  auto entity = recover<document_kind>(services_.store, {entity_kind::document, id});
  if (!entity)
    return entity.error();
  if (entity->version == 0)
    return fail(errc::not_found, "there is no document " + id.text());
  return found_document{id, view_of(entity->state, entity->version)};
}

result<document_page> documents_service::list(std::string_view customer,
                                              const document_filter& filter,
                                              const std::optional<listing>& after,
                                              std::size_t limit) const {
  document_page page;
  auto place = after;
  std::size_t looks_left = limits_.list_scan_max;
  while (looks_left > 0) {
    const auto wanted = std::min(looks_left, limit - page.items.size() + 1);
    auto rows = services_.store.read_listings(customer, place, wanted);
    if (!rows)
      return rows.error();
    for (const auto& row : *rows) {
      if (page.items.size() == limit) {
        page.next = place;
        return page;
      }
      auto found = find(row.entity.id);
      if (!found && found.error().code != errc::not_found)
        return found.error();
      place = row;
      --looks_left;
      // A document that ended between the two reads is not listed.
      if (!found || found->view.is_gone())
        continue;
      if ((!filter.status || found->view.status == *filter.status)
          && (!filter.document_type || found->view.document_type == *filter.document_type))
        page.items.push_back(std::move(*found));
    }
    if (rows->size() < wanted)
      return page;
  }
  page.next = place;
  return page;
}

result<std::vector<history_entry>>
documents_service::history(const entity_id& id, std::uint64_t first, std::size_t limit) const {
  return read_history(services_.store, {entity_kind::document, id}, first, limit);
}

result<std::optional<stored_answer>> documents_service::find_answer(std::string_view customer,
                                                                    const command_id& id) const {
  return services_.store.find_answer(shard_of(customer, services_.store.shard_count()), id,
                                     services_.time.now());
}

result<answer<document::view>> documents_service::decode_answer(std::string_view bytes) const {
  return decode_answer_of<document_kind>(services_.store, bytes);
}

} // namespace dossier
