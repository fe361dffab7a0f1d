// SPDX-License-Identifier: Apache-2.0
// What a store must hold, judged by what its user was told: every acknowledged change whole, every
// unanswered one whole or absent, nothing else.
#pragma once

#include "actors/document/rules.hpp"
#include "persistence/blob_store.hpp"
#include "persistence/journal.hpp"

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

namespace dossier::power_loss {

/// A change that was handed in and not answered yet: it may have happened or not.
struct attempt {
  batch change;
  document::state after;
  std::uint64_t submitted_at = 0; ///< On the oracle's own count of submissions and answers.
};

/// One document's story as its user knows it.
struct known_document {
  std::string customer;
  document::state state;           ///< After all of `events`.
  std::vector<std::string> events; ///< Encoded, as acknowledged; the version is their number.
  std::vector<stored_answer> answers;
  std::optional<attempt> in_doubt;

  /// When the change that made each event was handed in and when it was answered.
  struct span_of_change {
    std::uint64_t submitted_at = 0;
    std::uint64_t answered_at = 0;
  };
  std::vector<span_of_change> changes;
};

/// Folds encoded envelopes, from the first on.
result<document::state> fold(const std::vector<std::string>& events);

/// One thread at a time. Copies are independent.
class oracle {
public:
  void submitted(batch change, document::state after);
  void acknowledged(const entity_ref& entity);
  /// The store said that it never happened.
  void refused(const entity_ref& entity);

  const std::map<entity_ref, known_document>& documents() const { return documents_; }
  known_document& document(const entity_ref& entity) { return documents_.at(entity); }

  /// Compares everything; each violation is a sentence. What was in doubt is settled as it is
  /// found.
  std::vector<std::string> check(const journal& store, const blob_store& blobs, timestamp now);

private:
  void adopt(known_document& known);

  std::map<entity_ref, known_document> documents_;
  std::uint64_t count_ = 0;
};

} // namespace dossier::power_loss
