// SPDX-License-Identifier: Apache-2.0
// What users do with documents, as dice decide: create, upload, confirm, change, wait for the end,
// remove.
#pragma once

#include "tests/power_loss/dice.hpp"
#include "tests/power_loss/machine.hpp"
#include "tests/power_loss/oracle.hpp"

#include <string>
#include <vector>

namespace dossier::power_loss {

/// Drives one machine until the power goes or it is told to stop; the oracle learns each answer.
class workload {
public:
  /// All must outlive it.
  workload(dice& d, hand_clock& time, crash_disk& disk, machine& running, oracle& known)
    : dice_(d)
    , time_(time)
    , disk_(disk)
    , machine_(running)
    , known_(known) {}

  /// Hands in again, while nothing else is on its way. Each must be refused if it is there already
  /// and take effect if it is not.
  void repeat(const std::vector<batch>& changes);
  /// One group of decisions about different documents, and what they need of the blob store.
  void play_round();
  /// Collects all content that nothing refers to; what is left must be what documents refer to.
  void collect_everything();

  /// What went wrong while the power was on.
  const std::vector<std::string>& violations() const { return violations_; }
  std::uint64_t acknowledged() const { return acknowledged_; }

private:
  struct decided {
    batch change;
    document::state after;
  };

  void violated(const std::string& what);
  void decide(const entity_ref& entity, const document::state& state, std::uint64_t version,
              const document::command& c);
  std::optional<document::command> due_timer_of(const known_document& known) const;
  std::optional<document::command> think_of(const known_document& known);
  document::create think_of_document(const std::string& customer);
  document::change think_of_change();
  std::optional<document::command> upload(const known_document& known);
  bool send(blob_upload& entering, std::string_view content);
  void create_document();
  void commit_decided();
  void collect_dropped(const std::vector<content_reference>& dropped);
  std::string some_content();
  std::string some_text();

  dice& dice_;
  hand_clock& time_;
  crash_disk& disk_;
  machine& machine_;
  oracle& known_;
  std::vector<decided> decided_;     ///< Of the round being played.
  std::vector<stored_content> pins_; ///< Held until the round is answered.
  std::vector<std::string> violations_;
  std::uint64_t acknowledged_ = 0;
};

} // namespace dossier::power_loss
