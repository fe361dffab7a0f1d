// SPDX-License-Identifier: Apache-2.0
// The letters' face: commands go to the region, reads go to the journal.
#pragma once

#include "actors/entity/gate.hpp"
#include "actors/letter/kind.hpp"
#include "actors/letter_tally.hpp"
#include "actors/letters.hpp"
#include "config/settings.hpp"

#include <memory>
#include <optional>

namespace dossier {

class letters_service final : public letters {
public:
  letters_service(entity_services& services, region_actor<letter_kind> region,
                  const letter_tally& tally, const letter_settings& limits);

  entity_id next_id(shard_number shard) override;
  void submit(const entity_id& id, letter::command what, command_meta meta,
              std::shared_ptr<reply<letter::view>> done) override;
  result<found_letter> find(const entity_id& id) const override;
  result<std::vector<history_entry>> history(const entity_id& id, std::uint64_t first,
                                             std::size_t limit) const override;
  result<letter_page> list(const letter_filter& filter, const std::optional<listing>& after,
                           std::size_t limit) const override;
  result<letter_groups> groups(letter::status status) const override;
  result<letter_counts> counts() const override { return tally_.counts(); }

private:
  entity_gate<letter_kind> gate_;
  const letter_tally& tally_;
  const letter_settings limits_;
};

} // namespace dossier
