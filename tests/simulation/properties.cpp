// SPDX-License-Identifier: Apache-2.0
#include "tests/simulation/properties.hpp"

#include "actors/document/kind.hpp"
#include "actors/entity/hosted.hpp"

#include <algorithm>
#include <utility>

namespace dossier::simulation {

create_request oracle::new_create(document::create what, std::mt19937_64& dice) {
  create_request request{std::move(what), {}};
  for (auto& byte : request.command.bytes)
    byte = static_cast<std::uint8_t>(1 + dice() % 255);
  unanswered_[request.command] = request;
  return request;
}

std::optional<create_request> oracle::unanswered_create(std::uint64_t dice) const {
  // Only one whose last attempt is over may be repeated: the edge refuses the others as in
  // progress.
  std::vector<const create_request*> free;
  for (const auto& [command, request] : unanswered_) {
    const auto is_waiting
      = std::any_of(waiting_.begin(), waiting_.end(), [&](const waiting_command& w) {
          return w.create && w.create->command == command && !*w.seen;
        });
    if (!is_waiting)
      free.push_back(&request);
  }
  if (free.empty())
    return std::nullopt;
  return *free[dice % free.size()];
}

void oracle::sent(const entity_id& id, const std::string& request,
                  std::shared_ptr<test::outcome> seen,
                  const std::optional<create_request>& create) {
  waiting_.push_back({id, request, std::move(seen), create});
  if (create)
    creates_by_request_[request] = create->command;
}

const entity_id* oracle::some_document(std::uint64_t dice) const {
  return documents_.empty() ? nullptr : &documents_[dice % documents_.size()];
}

void oracle::create_answered(const create_request& request, const answer<document::view>& what) {
  const auto [at, is_first] = creates_.emplace(request.command, what.id);
  if (!is_first && at->second != what.id)
    violated("one create was answered with two documents");
  if (is_first)
    documents_.push_back(what.id);
  unanswered_.erase(request.command);
}

std::vector<std::uint64_t> oracle::take_answers() {
  std::vector<std::uint64_t> traces;
  std::vector<waiting_command> still;
  for (auto& w : waiting_) {
    if (!*w.seen) {
      still.push_back(std::move(w));
      continue;
    }
    const auto& got = **w.seen;
    traces.push_back(got ? got->view.version
                         : 1'000'000 + static_cast<std::uint64_t>(got.error().code));
    if (!got)
      continue;
    if (w.create)
      create_answered(*w.create, *got);
    acknowledged_.push_back({w.id, w.request, got->view});
  }
  waiting_ = std::move(still);
  return traces;
}

std::vector<std::string> oracle::check(timestamp now) {
  for (shard_number shard = 0; shard < store_.shard_count(); ++shard) {
    const auto walked = store_.each_entity(shard, [this](const entity_ref& entity) {
      check_entity(entity);
      return true;
    });
    if (!walked)
      violated(walked.error().why);
  }
  check_rows(now);
  check_acknowledgements();
  check_creates();
  return std::move(violations_);
}

/// Fold of events = stored state; and what happened makes sense as a life.
void oracle::check_entity(const entity_ref& entity) {
  hosted<document_kind> folded;
  if (const auto read = fold_events(store_, entity, folded); !read)
    return violated(read.error().why);
  versions_[entity] = folded.version;
  const auto row = store_.read_state(entity);
  if (!row || !*row || (*row)->version != folded.version)
    return violated("the state row of " + entity.text() + " is not as new as its events");
  const auto state = document_kind::decode_state((*row)->bytes);
  if (!state || *state != folded.state)
    violated("the state row of " + entity.text() + " differs from its events");
  std::vector<std::pair<std::uint64_t, std::string>> types;
  const auto events = store_.read_events(entity, 1, 100'000);
  for (const auto& stored : *events) {
    const auto event = decode_envelope(stored.bytes);
    types.emplace_back(stored.sequence, event->type);
    if (!event->cause.request_id.empty())
      sequences_by_request_[entity][event->cause.request_id].push_back(stored.sequence);
    const auto decoded = document::decode_event(event->type, event->version, event->data);
    if (const auto* gone = std::get_if<document::expired>(&*decoded);
        gone && event->at < gone->expiry)
      violated(entity.text() + " expired before its time");
  }
  check_life(entity, types);
}

void oracle::check_life(const entity_ref& entity,
                        const std::vector<std::pair<std::uint64_t, std::string>>& types) {
  std::map<std::int64_t, int> announced; // By lead, for the present expiry.
  bool has_ended = false;
  bool has_content = false;
  const auto events = store_.read_events(entity, 1, 100'000);
  for (std::size_t i = 0; i < types.size(); ++i) {
    const auto& type = types[i].second;
    if (has_ended)
      violated(entity.text() + " went on after its end with " + type);
    const auto envelope = decode_envelope((*events)[i].bytes);
    const auto event = document::decode_event(envelope->type, envelope->version, envelope->data);
    if (const auto* changed = std::get_if<document::changed>(&*event); changed && changed->expiry)
      announced.clear();
    if (const auto* soon = std::get_if<document::expiring>(&*event))
      if (++announced[soon->lead_s] > 1)
        violated(entity.text() + " announced its expiry twice " + std::to_string(soon->lead_s)
                 + " s ahead");
    if (std::holds_alternative<document::expired>(*event) && announced.empty())
      violated(entity.text() + " expired unannounced");
    has_content |= std::holds_alternative<document::content_stored>(*event);
    if (std::holds_alternative<document::uploaded>(*event) && !has_content)
      violated(entity.text() + " was confirmed without content");
    has_ended = std::holds_alternative<document::expired>(*event)
                || std::holds_alternative<document::abandoned>(*event)
                || std::holds_alternative<document::removed>(*event);
  }
}

/// Timers and projections are those that the states wish for; the outbox follows the journal;
/// nothing that is overdue is left.
void oracle::check_rows(timestamp now) {
  std::map<entity_ref, std::vector<timer>> timers;
  std::map<entity_ref, std::vector<projection>> projections;
  std::map<entity_ref, std::uint64_t> published;
  for (shard_number shard = 0; shard < store_.shard_count(); ++shard) {
    for (const auto& row :
         *store_.read_timers(shard, std::nullopt, from_ms(INT64_MAX / 2), 1'000'000))
      timers[row.entity].push_back(row.timer);
    (void)store_.each_projection(shard, [&](const projection& p, const entity_ref& entity) {
      projections[entity].push_back(p);
      return true;
    });
    for (const auto& row : *store_.read_feed(shard, 0, 1'000'000))
      if (row.sequence != ++published[row.entity])
        violated("the outbox of " + row.entity.text() + " is out of order or has a gap");
  }
  for (const auto& [entity, version] : versions_) {
    const auto found = recover<document_kind>(store_, entity);
    auto stored = timers[entity];
    std::sort(stored.begin(), stored.end());
    if (stored != timers_of(found->state))
      violated("the timers of " + entity.text() + " are not those its state wishes for");
    for (const auto& t : stored)
      if (t.due + seconds{5} < now)
        violated("timer " + t.name + " of " + entity.text() + " never fired");
    auto rows = projections[entity];
    std::sort(rows.begin(), rows.end());
    if (rows != projections_of(found->state))
      violated("the projections of " + entity.text() + " are not those its state wishes for");
    if (published[entity] != version)
      violated("the outbox of " + entity.text() + " ends at " + std::to_string(published[entity])
               + ", its events at " + std::to_string(version));
    timers.erase(entity);
  }
  for (const auto& [entity, left] : timers)
    if (!left.empty())
      violated("timers of " + entity.text() + ", which has no events, are left");
}

/// What a client was told is in the journal, from exactly one batch.
void oracle::check_acknowledgements() {
  for (const auto& told : acknowledged_) {
    const entity_ref entity{entity_kind::document, told.id};
    const auto at = versions_.find(entity);
    if (at == versions_.end() || at->second < told.view.version) {
      violated("acknowledged version " + std::to_string(told.view.version) + " of " + entity.text()
               + " is lost");
      continue;
    }
    // A command that changed nothing has no events; one that did has them side by side, once.
    const auto sequences = sequences_by_request_[entity][told.request];
    for (std::size_t i = 1; i < sequences.size(); ++i)
      if (sequences[i] != sequences[i - 1] + 1)
        violated(told.request + " took effect twice on " + entity.text());
    if (!sequences.empty() && sequences.back() != told.view.version)
      violated(told.request + " was answered with version " + std::to_string(told.view.version)
               + " of " + entity.text() + " and recorded as " + std::to_string(sequences.back()));
    hosted<document_kind> then;
    const auto events = store_.read_events(entity, 1, told.view.version);
    for (const auto& stored : *events) {
      const auto e = decode_envelope(stored.bytes);
      evolve(then.state, *document::decode_event(e->type, e->version, e->data),
             occurrence{stored.sequence, e->at});
    }
    if (view_of(then.state, told.view.version) != told.view)
      violated(told.request + " was told something about " + entity.text()
               + " that its events deny");
  }
}

/// One create, one document, however often it was asked for.
void oracle::check_creates() {
  std::map<command_id, entity_ref> made;
  for (const auto& [entity, by_request] : sequences_by_request_)
    for (const auto& [request, sequences] : by_request) {
      const auto asked = creates_by_request_.find(request);
      if (asked == creates_by_request_.end() || sequences.empty() || sequences.front() != 1)
        continue;
      if (!made.emplace(asked->second, entity).second)
        violated("one create, sent twice, made two documents");
    }
  for (const auto& [command, id] : creates_)
    if (!versions_.contains({entity_kind::document, id}))
      violated("the acknowledged document " + id.text() + " is lost");
}

} // namespace dossier::simulation
