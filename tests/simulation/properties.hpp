// SPDX-License-Identifier: Apache-2.0
// What clients of a simulated Dossier were told, and what must therefore be true of its journal.
#pragma once

#include "persistence/journal.hpp"
#include "protocol/document.hpp"
#include "tests/support/stepped_world.hpp"

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <random>
#include <string>
#include <vector>

namespace dossier::simulation {

/// A create with an idempotency key, as a client holds it until it is answered.
struct create_request {
  document::create what;
  command_id command;
};

class oracle {
public:
  explicit oracle(const journal& store)
    : store_(store) {}

  std::string next_request() { return "request-" + std::to_string(++requests_); }
  create_request new_create(document::create what, std::mt19937_64& dice);
  std::optional<create_request> unanswered_create(std::uint64_t dice) const;
  void sent(const entity_id& id, const std::string& request, std::shared_ptr<test::outcome> seen,
            const std::optional<create_request>& create);
  void create_answered(const create_request& request, const answer<document::view>& what);
  const entity_id* some_document(std::uint64_t dice) const;
  /// Times in events prove nothing about lateness once somebody has moved the clock.
  void clock_was_stepped() { clock_stepped_ = true; }
  /// Takes note of what was answered since; a number for each, for the trace.
  std::vector<std::uint64_t> take_answers();
  std::uint64_t acknowledged() const { return acknowledged_.size() + creates_.size(); }

  /// Everything that does not hold, in words.
  std::vector<std::string> check(timestamp now);

private:
  struct waiting_command {
    entity_id id;
    std::string request;
    std::shared_ptr<test::outcome> seen;
    std::optional<create_request> create;
  };
  /// A client was told that its command led to this version.
  struct acknowledgement {
    entity_id id;
    std::string request;
    document::view view;
  };

  void check_entity(const entity_ref& entity);
  void check_life(const entity_ref& entity,
                  const std::vector<std::pair<std::uint64_t, std::string>>& types);
  void check_rows(timestamp now);
  void check_acknowledgements();
  void check_creates();
  void violated(std::string what) { violations_.push_back(std::move(what)); }

  const journal& store_;
  std::uint64_t requests_ = 0;
  bool clock_stepped_ = false;
  std::vector<waiting_command> waiting_;
  std::vector<acknowledgement> acknowledged_;
  std::vector<entity_id> documents_;
  std::map<command_id, create_request> unanswered_;
  std::map<command_id, entity_id> creates_;
  std::map<std::string, command_id> creates_by_request_;
  std::map<entity_ref, std::map<std::string, std::vector<std::uint64_t>>> sequences_by_request_;
  std::map<entity_ref, std::uint64_t> versions_;
  std::vector<std::string> violations_;
};

} // namespace dossier::simulation
