// SPDX-License-Identifier: Apache-2.0
// The documents' face towards the edge: commands go to the region, reads go to the journal.
#pragma once

#include "actors/document/kind.hpp"
#include "actors/documents.hpp"
#include "actors/entity/gate.hpp"
#include "config/settings.hpp"

#include <memory>
#include <optional>
#include <string_view>
#include <vector>

namespace dossier {

class documents_service final : public documents {
public:
  documents_service(entity_services& services, region_actor<document_kind> region,
                    const document_settings& limits);

  entity_id next_id(std::string_view customer) override;
  void submit(const entity_id& id, document::command what, command_meta meta,
              std::shared_ptr<reply<document::view>> done) override;
  bool has_room() const override;
  result<found_document> find(const entity_id& id) const override;
  result<document_page> list(std::string_view customer, const document_filter& filter,
                             const std::optional<listing>& after, std::size_t limit) const override;
  result<std::vector<history_entry>> history(const entity_id& id, std::uint64_t first,
                                             std::size_t limit) const override;
  result<std::optional<stored_answer>> find_answer(std::string_view customer,
                                                   const command_id& id) const override;
  result<answer<document::view>> decode_answer(std::string_view bytes) const override;

private:
  entity_gate<document_kind> gate_;
  const document_settings limits_;
};

} // namespace dossier
