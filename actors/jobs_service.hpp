// SPDX-License-Identifier: Apache-2.0
// The jobs' face towards the edge and the ingester: commands go to the region, reads to the
// journal.
#pragma once

#include "actors/entity/gate.hpp"
#include "actors/ingestion/kind.hpp"
#include "actors/jobs.hpp"

#include <cstddef>

namespace dossier {

class jobs_service final : public jobs {
public:
  /// `scan_max`: jobs that are looked at for one page.
  jobs_service(entity_services& services, region_actor<job_kind> region, std::size_t scan_max);

  entity_id id_of(const ingestion::submission& made_of) const override;
  void submit(const entity_id& id, ingestion::command what, command_meta meta,
              std::shared_ptr<reply<ingestion::view>> done) override;
  result<found_job> find(const entity_id& id) const override;
  result<job_page> list(std::string_view list, const std::optional<std::string>& customer,
                        const std::optional<listing>& after, std::size_t limit) const override;
  result<std::vector<history_entry>> history(const entity_id& id, std::uint64_t first,
                                             std::size_t limit) const override;
  result<answer<ingestion::view>> decode_answer(std::string_view bytes) const override;

private:
  entity_gate<job_kind> gate_;
  const std::size_t scan_max_;
};

} // namespace dossier
