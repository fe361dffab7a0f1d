// SPDX-License-Identifier: Apache-2.0
#include "tests/power_loss/oracle.hpp"

#include "protocol/envelope.hpp"

#include <algorithm>
#include <set>

namespace dossier::power_loss {

namespace {

constexpr std::size_t page_rows = 200;
constexpr timestamp end_of_time = from_ms(253402300799999);

std::string name_of(const projection& p) {
  if (const auto* listed = std::get_if<customer_listing>(&p))
    return "the listing under customer " + listed->customer;
  const auto& reference = std::get<content_reference>(p);
  return "the reference to content " + to_hex(reference.sha256).substr(0, 12) + " of customer "
         + reference.customer;
}

/// Everything one opened store holds beside what it is expected to hold.
class comparison {
public:
  comparison(const journal& store, const blob_store& blobs, timestamp now)
    : store_(store)
    , blobs_(blobs)
    , now_(now) {}

  /// How many of the events the store has: those known, or those and the ones in doubt.
  std::size_t compare_events(const entity_ref& entity, const known_document& known) {
    auto expected = known.events;
    if (known.in_doubt)
      expected.insert(expected.end(), known.in_doubt->change.events.begin(),
                      known.in_doubt->change.events.end());
    auto found = store_.read_events(entity, 1, expected.size() + 1);
    if (!found) {
      violated(entity, "its events cannot be read: " + found.error().why);
      return known.events.size();
    }
    for (std::size_t i = 0; i < found->size(); ++i)
      if (i >= expected.size() || (*found)[i].sequence != i + 1
          || (*found)[i].bytes != expected[i]) {
        violated(entity, "event " + std::to_string((*found)[i].sequence) + " is not the one that "
                           + "was handed in as " + std::to_string(i + 1));
        return known.events.size();
      }
    if (found->size() < known.events.size())
      violated(entity, "acknowledged events are lost: " + std::to_string(found->size()) + " of "
                         + std::to_string(known.events.size()) + " are there");
    else if (found->size() != known.events.size() && found->size() != expected.size())
      violated(entity, "half a batch is there: " + std::to_string(found->size()) + " events, "
                         + std::to_string(known.events.size()) + " or "
                         + std::to_string(expected.size()) + " would be whole");
    return found->size();
  }

  void compare_state(const entity_ref& entity, const known_document& known) {
    auto folded = fold(known.events);
    auto row = store_.read_state(entity);
    if (!folded || !row) {
      violated(entity, "it cannot be read: " + (folded ? row.error() : folded.error()).why);
      return;
    }
    if (known.events.empty()) {
      if (*row)
        violated(entity, "a state row is there without events");
      return;
    }
    if (!*row)
      violated(entity, "its state row is missing");
    else if ((*row)->version != known.events.size())
      violated(entity, "its state row has version " + std::to_string((*row)->version) + ", its "
                         + "events end at " + std::to_string(known.events.size()));
    else if ((*row)->bytes != document::encode_state(*folded))
      violated(entity, "its state row is not the fold of its events");
  }

  void compare_answers(const entity_ref& entity, const known_document& known) {
    for (const auto& expected : known.answers) {
      auto found = store_.find_answer(entity.shard(), expected.id, now_);
      if (!found || !*found || (*found)->bytes != expected.bytes
          || (*found)->fingerprint != expected.fingerprint)
        violated(entity, "the answer to an acknowledged command is not stored as given");
    }
  }

  /// An answer without its change.
  void compare_absent_answer(const entity_ref& entity, const batch& absent) {
    if (!absent.answer)
      return;
    auto found = store_.find_answer(entity.shard(), absent.answer->id, now_);
    if (!found || *found)
      violated(entity, "an answer is stored for a change that did not happen");
  }

  void expect_rows(const entity_ref& entity, const known_document& known) {
    for (const auto& t : document::timers_of(known.state))
      timers_.emplace(entity, t);
    for (const auto& p : document::projections_of(known.state)) {
      projections_.emplace(p, entity);
      if (const auto* listed = std::get_if<customer_listing>(&p))
        listings_[listed->customer].insert({listed->created_at, entity});
      if (const auto* reference = std::get_if<content_reference>(&p))
        compare_content(entity, known, *reference);
    }
    for (std::size_t i = 0; i < known.events.size(); ++i)
      outbox_.emplace(entity, i + 1);
    listings_[known.customer];
    if (!known.events.empty())
      entities_.insert(entity);
  }

  void compare_all_rows(const std::map<entity_ref, known_document>& documents) {
    for (shard_number shard = 0; shard < store_.shard_count(); ++shard) {
      find_timers(shard);
      find_outbox(shard, documents);
      find_entities(shard);
      find_projections(shard);
    }
    for (const auto& [customer, expected] : listings_)
      find_listings(customer, expected);
    for (const auto& [entity, t] : timers_)
      violated(entity, "its timer " + t.name + " is missing");
    for (const auto& [p, entity] : projections_)
      violated(entity, name_of(p) + " is missing");
    for (const auto& [entity, sequence] : outbox_)
      violated(entity, "event " + std::to_string(sequence) + " has no outbox row");
    for (const auto& entity : entities_)
      violated(entity, "it is not among the entities of its shard");
  }

  std::vector<std::string> take_violations() { return std::move(violations_); }

private:
  void violated(const entity_ref& entity, const std::string& what) {
    violations_.push_back(entity.text() + ": " + what);
  }

  void unreadable(const std::string& what, const failure& f) {
    violations_.push_back(what + " cannot be read: " + f.why);
  }

  void compare_content(const entity_ref& entity, const known_document& known,
                       const content_reference& reference) {
    content_key key{reference.customer, reference.sha256};
    if (auto checked = blobs_.check(key); !checked) {
      violated(entity, "its acknowledged content is not there whole: " + checked.error().why);
      return;
    }
    auto file = blobs_.read(key);
    auto wanted = document::view_of(known.state, known.events.size()).size_bytes;
    if (!file || (*file)->size_bytes() != wanted)
      violated(entity, "its content has another size than was acknowledged");
    auto referred = store_.is_referenced(key.customer, key.sha256);
    if (!referred || !*referred)
      violated(entity, "its content counts as not referred to");
  }

  void find_timers(shard_number shard) {
    std::optional<timer_cursor> after;
    while (true) {
      auto rows = store_.read_timers(shard, after, end_of_time, page_rows);
      if (!rows)
        return unreadable("timers", rows.error());
      for (const auto& row : *rows) {
        if (timers_.erase({row.entity, row.timer}) == 0)
          violated(row.entity, "a timer " + row.timer.name + " is stored that it does not wish");
        after = timer_cursor{row.timer.due, row.entity, row.timer.name};
      }
      if (rows->size() < page_rows)
        return;
    }
  }

  void find_outbox(shard_number shard, const std::map<entity_ref, known_document>& documents) {
    std::vector<known_document::span_of_change> in_order;
    std::map<entity_ref, std::uint64_t> last_sequences;
    std::uint64_t after = 0;
    while (true) {
      auto rows = store_.read_feed(shard, after, page_rows);
      if (!rows)
        return unreadable("the outbox", rows.error());
      for (const auto& row : *rows) {
        after = row.position;
        if (outbox_.erase({row.entity, row.sequence}) == 0) {
          violated(row.entity, "an outbox row is there for an event that is not, or twice: "
                                 + std::to_string(row.sequence));
          continue;
        }
        if (row.sequence != ++last_sequences[row.entity])
          violated(row.entity, "its outbox rows are not in the order of its events");
        in_order.push_back(documents.at(row.entity).changes[row.sequence - 1]);
      }
      if (rows->size() < page_rows)
        break;
    }
    // Why backwards: a row stands before all whose change was handed in after its answer.
    auto earliest_answer = UINT64_MAX;
    for (auto row = in_order.rbegin(); row != in_order.rend(); ++row) {
      if (earliest_answer < row->submitted_at)
        violations_.push_back("shard " + std::to_string(shard)
                              + ": outbox positions do not follow the order of commits");
      earliest_answer = std::min(earliest_answer, row->answered_at);
    }
  }

  void find_entities(shard_number shard) {
    auto walked = store_.each_entity(shard, [&](const entity_ref& entity) {
      if (entities_.erase(entity) == 0)
        violated(entity, "nobody created it, or it is there twice");
      return true;
    });
    if (!walked)
      unreadable("entities", walked.error());
  }

  void find_projections(shard_number shard) {
    auto walked = store_.each_projection(shard, [&](const projection& p, const entity_ref& entity) {
      if (projections_.erase({p, entity}) == 0)
        violated(entity, name_of(p) + " is stored and it does not wish it");
      return true;
    });
    if (!walked)
      unreadable("projections", walked.error());
  }

  void find_listings(const std::string& customer, std::set<listing> expected) {
    std::optional<listing> after;
    while (true) {
      auto rows = store_.read_listings(customer, after, page_rows);
      if (!rows)
        return unreadable("the list of customer " + customer, rows.error());
      for (const auto& row : *rows) {
        if (expected.erase(row) == 0)
          violated(row.entity, "it stands in the list of " + customer + " and should not");
        if (after && row.created_at > after->created_at)
          violated(row.entity, "it stands too late in the list of " + customer);
        after = row;
      }
      if (rows->size() < page_rows)
        break;
    }
    for (const auto& row : expected)
      violated(row.entity, "it is missing in the list of " + customer);
  }

  const journal& store_;
  const blob_store& blobs_;
  const timestamp now_;
  // What is expected and not yet found.
  std::set<std::pair<entity_ref, timer>> timers_;
  std::set<std::pair<projection, entity_ref>> projections_;
  std::map<std::string, std::set<listing>> listings_;
  std::set<std::pair<entity_ref, std::uint64_t>> outbox_;
  std::set<entity_ref> entities_;
  std::vector<std::string> violations_;
};

} // namespace

result<document::state> fold(const std::vector<std::string>& events) {
  document::state state;
  for (std::size_t i = 0; i < events.size(); ++i) {
    auto recorded = decode_envelope(events[i]);
    if (!recorded)
      return recorded.error();
    auto event = document::decode_event(recorded->type, recorded->version, recorded->data);
    if (!event)
      return event.error();
    document::evolve(state, *event, {i + 1, recorded->at});
  }
  return state;
}

void oracle::submitted(batch change, document::state after) {
  auto& known = documents_[change.entity];
  auto customer = document::view_of(after, 0).customer;
  known.customer = customer;
  known.in_doubt = attempt{std::move(change), std::move(after), ++count_};
}

void oracle::adopt(known_document& known) {
  auto& change = known.in_doubt->change;
  known.events.insert(known.events.end(), change.events.begin(), change.events.end());
  known.changes.resize(known.events.size(), {known.in_doubt->submitted_at, ++count_});
  if (change.answer)
    known.answers.push_back(*change.answer);
  known.state = std::move(known.in_doubt->after);
  known.in_doubt.reset();
}

void oracle::acknowledged(const entity_ref& entity) {
  adopt(documents_.at(entity));
}

void oracle::refused(const entity_ref& entity) {
  documents_.at(entity).in_doubt.reset();
}

std::vector<std::string> oracle::check(const journal& store, const blob_store& blobs,
                                       timestamp now) {
  comparison compared(store, blobs, now);
  for (auto& [entity, known] : documents_) {
    auto found = compared.compare_events(entity, known);
    if (known.in_doubt && found > known.events.size())
      adopt(known);
    else if (known.in_doubt) {
      compared.compare_absent_answer(entity, known.in_doubt->change);
      known.in_doubt.reset();
    }
    compared.compare_state(entity, known);
    compared.compare_answers(entity, known);
    compared.expect_rows(entity, known);
  }
  compared.compare_all_rows(documents_);
  return compared.take_violations();
}

} // namespace dossier::power_loss
