// SPDX-License-Identifier: Apache-2.0
// Webhooks that are being made and not listed yet, so that many at once do not overrun the limit of
// their customer. Thread-safe.
#pragma once

#include "protocol/ids.hpp"

#include <map>
#include <memory>
#include <mutex>
#include <set>
#include <string>

namespace dossier {

class webhook_places {
public:
  /// A place, and whose places were taken before. Those that come later see this one, so of two
  /// that take the last place at once one is too late, and not both.
  struct taken {
    std::shared_ptr<const void> place;
    std::set<entity_id> before;
  };

  /// The place may outlive these.
  taken take(const entity_id& id, const std::string& customer) {
    const std::lock_guard lock{all_->mutex};
    auto& ids = all_->ids[customer];
    taken made{nullptr, ids};
    ids.insert(id);
    made.place = std::shared_ptr<const void>{nullptr, [all = all_, id, customer](const void*) {
                                               all->give_back(id, customer);
                                             }};
    return made;
  }

private:
  struct places {
    void give_back(const entity_id& id, const std::string& customer) {
      const std::lock_guard lock{mutex};
      const auto found = ids.find(customer);
      found->second.erase(id);
      if (found->second.empty())
        ids.erase(found);
    }

    std::mutex mutex;
    std::map<std::string, std::set<entity_id>> ids; ///< By customer.
  };

  std::shared_ptr<places> all_ = std::make_shared<places>();
};

} // namespace dossier
