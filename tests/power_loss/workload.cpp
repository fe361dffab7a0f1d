// SPDX-License-Identifier: Apache-2.0
#include "tests/power_loss/workload.hpp"

#include "protocol/envelope.hpp"

#include <algorithm>
#include <set>

namespace dossier::power_loss {

namespace {

constexpr std::size_t documents_max = 40;
constexpr std::size_t content_bytes_max = 12'000;
constexpr std::array customers{"anna", "bert", "cleo"};

std::span<const std::byte> bytes_of(std::string_view text) {
  return std::as_bytes(std::span(text.data(), text.size()));
}

template <class Row>
std::vector<Row> without(std::vector<Row> rows, const std::vector<Row>& others) {
  std::erase_if(rows,
                [&](const Row& row) { return std::ranges::find(others, row) != others.end(); });
  return rows;
}

/// What a shell hands in for this decision.
batch batch_of(const entity_ref& entity, std::uint64_t version, const document::state& before,
               const document::state& after, std::vector<std::string> events) {
  batch b;
  b.entity = entity;
  b.expected_version = version;
  b.state = state_row{version + events.size(), document::state_format, encode_state(after)};
  b.events = std::move(events);
  b.timers_set = without(timers_of(after), timers_of(before));
  b.timers_erased = without(timers_of(before), timers_of(after));
  b.projections_put = without(projections_of(after), projections_of(before));
  b.projections_erased = without(projections_of(before), projections_of(after));
  return b;
}

std::vector<content_reference> references_in(const std::vector<projection>& projections) {
  std::vector<content_reference> references;
  for (const auto& p : projections)
    if (const auto* reference = std::get_if<content_reference>(&p))
      references.push_back(*reference);
  return references;
}

} // namespace

void workload::violated(const std::string& what) {
  // Why: without power everything fails, and that is no lie.
  if (!disk_.is_dead())
    violations_.push_back(what);
}

std::string workload::some_text() {
  return "t" + std::to_string(dice_.below(1000));
}

std::string workload::some_content() {
  // Few different small ones, so that equal content meets.
  if (dice_.chance(30))
    return std::string(dice_.below(4) * 700, 'c');
  std::string content(dice_.below(content_bytes_max), '\0');
  for (auto& byte : content)
    byte = static_cast<char>(dice_.below(256));
  return content;
}

void workload::decide(const entity_ref& entity, const document::state& state, std::uint64_t version,
                      const document::command& c) {
  context ctx{time_.now(), entity.id, static_cast<std::uint32_t>(dice_.next())};
  document::policy rules;
  rules.leads_s = {60, 10};
  auto events = document::decide(state, version, c, ctx, rules);
  if (!events || events->empty())
    return;
  auto after = state;
  std::vector<std::string> encoded;
  for (const auto& e : *events) {
    document::evolve(after, e, {version + encoded.size() + 1, ctx.now});
    auto payload = document::encode(e);
    cause why{std::string(document::name_of(c)), "key:power-loss", "", ""};
    encoded.push_back(encode(envelope{std::string(payload.type), payload.version, ctx.now,
                                      std::move(why), std::move(payload.data)}));
  }
  auto change = batch_of(entity, version, state, after, std::move(encoded));
  if (dice_.chance(60)) {
    stored_answer answer;
    for (auto& byte : answer.id.bytes)
      byte = static_cast<std::uint8_t>(dice_.below(256));
    answer.fingerprint = sha256_of(some_text());
    answer.expires_at = ctx.now + std::chrono::hours(24);
    answer.bytes = "answer " + std::to_string(dice_.next());
    change.answer = std::move(answer);
  }
  decided_.push_back({std::move(change), std::move(after)});
}

std::optional<document::command> workload::due_timer_of(const known_document& known) const {
  for (const auto& t : document::timers_of(known.state))
    if (t.due <= time_.now())
      return document::fire_timer{t.name, t.due};
  return {};
}

document::create workload::think_of_document(const std::string& customer) {
  document::create c;
  c.customer = customer;
  c.document_type = some_text();
  c.file_name = some_text() + ".pdf";
  c.content_type = "application/pdf";
  if (dice_.chance(60))
    c.expiry = time_.now() + seconds(dice_.between(5, 200));
  return c;
}

document::change workload::think_of_change() {
  document::change c;
  if (dice_.chance(70)) {
    c.expiry.emplace();
    if (dice_.chance(80))
      c.expiry->emplace(time_.now() + seconds(dice_.between(5, 200)));
  }
  if (dice_.chance(50))
    c.file_name = some_text();
  return c;
}

std::optional<document::command> workload::think_of(const known_document& known) {
  if (std::holds_alternative<document::pending>(known.state)) {
    auto thrown = dice_.below(100);
    if (thrown < 55)
      return upload(known);
    if (thrown < 80)
      return document::confirm_upload{};
    if (thrown < 90)
      return think_of_change();
    return document::remove{};
  }
  if (dice_.chance(20))
    return document::remove{};
  return think_of_change();
}

bool workload::send(blob_upload& entering, std::string_view content) {
  while (!content.empty()) {
    auto piece = content.substr(0, dice_.between(1, 6000));
    if (auto appended = entering.append(bytes_of(piece)); !appended) {
      violated("an upload was not taken: " + appended.error().why);
      return false;
    }
    content.remove_prefix(piece.size());
  }
  return true;
}

std::optional<document::command> workload::upload(const known_document& known) {
  auto entering = machine_.blobs().begin(known.customer, true);
  if (!entering) {
    violated("an upload could not begin: " + entering.error().why);
    return {};
  }
  auto content = some_content();
  if (!send(**entering, content))
    return {};

  content_checks checks;
  if (dice_.chance(50))
    checks.size_bytes = content.size();
  if (dice_.chance(50))
    checks.sha256 = sha256_of(content);
  bool is_declared_wrong = dice_.chance(15);
  if (is_declared_wrong)
    checks.sha256 = sha256_of(content + "!");

  auto stored = (*entering)->finish(checks);
  if (is_declared_wrong) {
    if (stored)
      violated("content was taken although its declared SHA-256 is another");
    else if (stored.error().code != errc::content_mismatch)
      violated("content of another SHA-256 was refused wrongly: " + stored.error().why);
    return {};
  }
  if (!stored) {
    violated("content was refused: " + stored.error().why);
    return {};
  }
  if (stored->sha256 != sha256_of(content) || stored->size_bytes != content.size())
    violated("content was stored under a wrong digest or size");
  // Why: content on its way to its first reference must withstand the collector.
  if (dice_.chance(20))
    collect_dropped({{known.customer, stored->sha256}});
  document::store_content command{stored->sha256, stored->size_bytes};
  pins_.push_back(*std::move(stored));
  return command;
}

void workload::create_document() {
  std::string customer = customers[dice_.below(customers.size())];
  std::array<std::uint8_t, 10> random{};
  for (auto& byte : random)
    byte = static_cast<std::uint8_t>(dice_.below(256));
  auto shard = shard_of(customer, machine::shard_count);
  entity_ref entity{entity_kind::document, entity_id::make(time_.now(), shard, random)};
  decide(entity, document::absent{}, 0, think_of_document(customer));
}

void workload::play_round() {
  time_.advance(milliseconds(dice_.below(20'000)));
  auto wished = dice_.between(1, 8);
  std::vector<entity_ref> living;
  for (const auto& [entity, known] : known_.documents()) {
    if (std::holds_alternative<document::ended>(known.state) || known.events.empty())
      continue;
    if (auto due = due_timer_of(known); due && decided_.size() < 2 * wished)
      decide(entity, known.state, known.events.size(), *due);
    else if (!due)
      living.push_back(entity);
  }
  while (decided_.size() < wished && !disk_.is_dead()) {
    bool has_room = living.size() < documents_max;
    if (living.empty() || (has_room && dice_.chance(25))) {
      create_document();
      continue;
    }
    auto picked = living.begin() + static_cast<std::ptrdiff_t>(dice_.below(living.size()));
    const auto& known = known_.document(*picked);
    if (auto command = think_of(known))
      decide(*picked, known.state, known.events.size(), *command);
    living.erase(picked);
  }
  std::vector<batch> some_of_them;
  for (const auto& d : decided_)
    if (dice_.chance(3))
      some_of_them.push_back(d.change);
  commit_decided();
  if (!disk_.is_dead())
    repeat(some_of_them);
  if (dice_.chance(5))
    if (auto collected = machine_.blobs().collect_all([] { return false; }); !collected)
      violated("content could not be collected: " + collected.error().why);
}

void workload::commit_decided() {
  std::vector<batch> batches;
  std::map<entity_ref, std::vector<content_reference>> dropped;
  for (auto& d : decided_) {
    batches.push_back(d.change);
    dropped[d.change.entity] = references_in(d.change.projections_erased);
    known_.submitted(std::move(d.change), std::move(d.after));
  }
  decided_.clear();
  auto answers = machine_.commit(std::move(batches));
  pins_.clear();
  for (const auto& answer : answers) {
    if (answer.outcome) {
      known_.acknowledged(answer.entity);
      ++acknowledged_;
      collect_dropped(dropped[answer.entity]);
    } else if (answer.outcome.error().code != errc::unavailable) {
      known_.refused(answer.entity);
      violated(answer.entity.text() + ": a change was refused: " + answer.outcome.error().why);
    } else {
      violated(answer.entity.text()
               + ": the device failed with power on: " + answer.outcome.error().why);
    }
  }
}

void workload::collect_dropped(const std::vector<content_reference>& dropped) {
  for (const auto& reference : dropped)
    if (dice_.chance(70))
      if (auto collected = machine_.blobs().collect({reference.customer, reference.sha256});
          !collected)
        violated("content could not be collected: " + collected.error().why);
}

void workload::repeat(const std::vector<batch>& changes) {
  for (const auto& change : changes) {
    auto found = known_.documents().find(change.entity);
    bool is_there = found->second.events.size() > change.expected_version;
    if (!is_there) {
      auto after = fold([&] {
        auto events = found->second.events;
        events.insert(events.end(), change.events.begin(), change.events.end());
        return events;
      }());
      known_.submitted(change, after.value());
    }
    for (const auto& answer : machine_.commit({change})) {
      if (is_there && answer.outcome)
        violated(change.entity.text() + ": a change that had happened was taken a second time");
      if (!is_there && answer.outcome)
        known_.acknowledged(change.entity);
      if (!is_there && !answer.outcome)
        violated(change.entity.text()
                 + ": a change that had not happened was refused: " + answer.outcome.error().why);
    }
  }
}

void workload::collect_everything() {
  auto collected = machine_.blobs().collect_all([] { return false; });
  if (!collected)
    return violated("content could not be collected: " + collected.error().why);
  std::set<content_key> referred;
  for (const auto& [entity, known] : known_.documents())
    for (const auto& reference : references_in(document::projections_of(known.state)))
      referred.insert({reference.customer, reference.sha256});
  auto walked = machine_.blobs().each([&](const content_key& key, std::uint64_t) {
    if (referred.erase(key) == 0)
      violated("content " + to_hex(key.sha256).substr(0, 12) + " of customer " + key.customer
               + " was not collected");
    return true;
  });
  if (!walked)
    violated("content could not be walked: " + walked.error().why);
  for (const auto& key : referred)
    violated("content " + to_hex(key.sha256).substr(0, 12) + " of customer " + key.customer
             + " is referred to and not among the stored");
}

} // namespace dossier::power_loss
