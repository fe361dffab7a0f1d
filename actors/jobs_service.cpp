// SPDX-License-Identifier: Apache-2.0
#include "actors/jobs_service.hpp"

#include "actors/entity/answer_codec.hpp"
#include "actors/list_walk.hpp"

#include <utility>

namespace dossier {

jobs_service::jobs_service(entity_services& services, region_actor<job_kind> region,
                           std::size_t scan_max)
  : gate_(services, std::move(region))
  , scan_max_(scan_max) {}

entity_id jobs_service::id_of(const ingestion::submission& made_of) const {
  return ingestion::id_of(made_of,
                          shard_of(made_of.customer, gate_.services().store.shard_count()));
}

void jobs_service::submit(const entity_id& id, ingestion::command what, command_meta meta,
                          std::shared_ptr<reply<ingestion::view>> done) {
  gate_.submit(id, std::move(what), std::move(meta), std::move(done));
}

result<found_job> jobs_service::find(const entity_id& id) const {
  auto found = gate_.find(id);
  if (!found)
    return found.error();
  return found_job{id, std::move(*found)};
}

result<job_page> jobs_service::list(std::string_view list,
                                    const std::optional<std::string>& customer,
                                    const std::optional<listing>& after, std::size_t limit) const {
  job_page page;
  list_walk walk(gate_.services().store, list, after, limit + 1);
  auto place = after;
  for (std::size_t looks = 0; looks < scan_max_; ++looks) {
    const auto row = walk.next();
    if (!row)
      return row.error();
    if (!*row)
      return page;
    if (page.items.size() == limit)
      break;
    place = **row;
    auto found = find(place->entity.id);
    if (!found && found.error().code != errc::not_found)
      return found.error();
    if (found && (!customer || found->view.submission.customer == *customer))
      page.items.push_back(std::move(*found));
  }
  page.next = place;
  return page;
}

result<std::vector<history_entry>> jobs_service::history(const entity_id& id, std::uint64_t first,
                                                         std::size_t limit) const {
  return read_history(gate_.services().store, {job_kind::code, id}, first, limit);
}

result<answer<ingestion::view>> jobs_service::decode_answer(std::string_view bytes) const {
  return decode_answer_of<job_kind>(gate_.services().store, bytes);
}

} // namespace dossier
