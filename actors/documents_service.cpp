// SPDX-License-Identifier: Apache-2.0
#include "actors/documents_service.hpp"

#include "actors/entity/answer_codec.hpp"

#include <utility>

namespace dossier {

documents_service::documents_service(entity_services& services, region_actor<document_kind> region,
                                     const document_settings& limits)
  : gate_(services, std::move(region))
  , limits_(limits) {}

entity_id documents_service::next_id(std::string_view customer) {
  return gate_.services().ids.next(gate_.services().time.now(),
                                   shard_of(customer, gate_.services().store.shard_count()));
}

void documents_service::submit(const entity_id& id, document::command what, command_meta meta,
                               std::shared_ptr<reply<document::view>> done) {
  gate_.submit(id, std::move(what), std::move(meta), std::move(done));
}

bool documents_service::has_room() const {
  return gate_.has_room();
}

result<found_document> documents_service::find(const entity_id& id) const {
  auto found = gate_.find(id);
  if (!found)
    return found.error();
  return found_document{id, std::move(*found)};
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
    auto rows = gate_.services().store.read_listings(customer, place, wanted);
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
  return read_history(gate_.services().store, {entity_kind::document, id}, first, limit);
}

result<std::optional<stored_answer>> documents_service::find_answer(std::string_view customer,
                                                                    const command_id& id) const {
  return gate_.services().store.find_answer(
    shard_of(customer, gate_.services().store.shard_count()), id, gate_.services().time.now());
}

result<answer<document::view>> documents_service::decode_answer(std::string_view bytes) const {
  return decode_answer_of<document_kind>(gate_.services().store, bytes);
}

} // namespace dossier
