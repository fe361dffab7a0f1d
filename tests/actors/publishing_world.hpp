// SPDX-License-Identifier: Apache-2.0
// Jobs in virtual time whose rows the production publisher sends, with a sink in memory that
// stalls, forgets and refuses, and what its listeners have heard.
#pragma once

#include "actors/row_publisher.hpp"
#include "persistence/memory_sink.hpp"
#include "protocol/csv/row_json.hpp"
#include "tests/actors/ingestion_world.hpp"

#include <deque>
#include <list>
#include <map>
#include <memory>
#include <string>
#include <vector>

namespace dossier::test {

inline constexpr std::uint32_t partitions = 3;
inline const std::string topic = "rows.cdr";

/// A sink that belongs to the test. Says of at most so many deliveries at once.
class borrowed_sink final : public event_sink {
public:
  borrowed_sink(memory_sink& sink, std::size_t said_max)
    : sink_(sink)
    , said_max_(said_max) {}
  bool offer(const outgoing& m, std::uint64_t token) override { return sink_.offer(m, token); }
  void poll(milliseconds patience, sink_report& r) override {
    sink_.poll(patience, r);
    unsaid_.insert(unsaid_.end(), r.delivered.begin(), r.delivered.end());
    r.delivered.clear();
    while (!unsaid_.empty() && r.delivered.size() < said_max_) {
      r.delivered.push_back(unsaid_.front());
      unsaid_.pop_front();
    }
  }
  void close(milliseconds patience, sink_report& r) override { sink_.close(patience, r); }
  result<void> health() const override { return sink_.health(); }

private:
  memory_sink& sink_;
  const std::size_t said_max_;
  std::deque<std::uint64_t> unsaid_;
};

struct publishing_world : ingestion_world {
  explicit publishing_world(std::uint64_t seed = 1)
    : ingestion_world(seed) {
    world.on_stop = [this] {
      publisher = nullptr;
      worker = nullptr;
    };
    world.on_start = [this] {
      start();
      listen();
    };
    listen();
  }
  ~publishing_world() {
    world.commits.on_committed = [](const batch&) {
    };
  }

  void listen() {
    news = row_news::open(*world.store).value();
    world.commits.on_committed = [this, earlier = world.commits.on_committed](const batch& b) {
      earlier(b);
      news->committed(b);
    };
    restart();
  }

  /// A new life; the earlier one was killed.
  void restart() {
    publisher = std::make_unique<row_publisher>(
      row_publisher_parts{*world.store,
                          *news,
                          {world.core->jobs(), *rows, schemas},
                          world.time,
                          [this]() -> result<std::unique_ptr<event_sink>> {
                            sinks.emplace_back();
                            sinks.back().hold(is_held);
                            return std::make_unique<borrowed_sink>(sinks.back(), said_max);
                          }},
      bounds);
  }

  /// Turns until nothing happens any more.
  void settle() {
    for (int turns_left = 100'000; publisher->turn(); --turns_left)
      BOOST_REQUIRE(turns_left > 0);
  }
  void turn(int times) {
    while (times-- > 0)
      publisher->turn();
  }

  entity_id accept(std::string_view text, const std::string& customer = "acme",
                   std::optional<ingestion::reject_limits> limits = {}) {
    auto upload = blobs->begin(customer, false).value();
    BOOST_REQUIRE(upload->append(std::as_bytes(std::span(text))));
    auto made_of = submission_of(upload->finish({}).value());
    made_of.customer = customer;
    made_of.publishes_rows = true;
    const auto id = world.core->jobs().id_of(made_of);
    tell(id, ingestion::accept{made_of, limits});
    return id;
  }
  entity_id publish(std::string_view text, const std::string& customer = "acme",
                    std::optional<ingestion::reject_limits> limits = {}) {
    const auto id = accept(text, customer, limits);
    run();
    return id;
  }

  /// Something happens by chance, or time goes on a little.
  void act(std::vector<entity_id>& jobs) {
    switch (dice() % 16) {
    case 0:
      if (jobs.size() < 4) {
        // Of two files of one customer, many rows of the second have keys of the first.
        jobs.push_back(accept(made_file(dice(), 150), dice() % 2 == 0 ? "acme" : "another"));
        world.run();
      }
      return;
    case 1:
      return world.kill_and_restart();
    case 2:
      return restart();
    case 3:
      if (!sinks.empty())
        sinks.back().reset(dice() % 5);
      return;
    case 4:
      if (!sinks.empty())
        sinks.back().hold(dice() % 2 == 0);
      return;
    case 5:
      return jobs.empty() ? void() : repair_one(jobs[dice() % jobs.size()]);
    default:
      for (int i = 0; i < 20; ++i) {
        step();
        publisher->turn();
      }
      beat(milliseconds{500});
    }
  }
  void repair_one(const entity_id& id) {
    const auto& rejects = read(id).rejects;
    if (!view_of(id).ended_at || rejects.empty())
      return;
    const auto number = rejects.begin()->first;
    repair(id, {{number, "a,b,01/02/2024,10:00:00,1,1,new " + id.text() + std::to_string(number)
                           + ",GBP\n"}});
  }

  /// What readers see of the job's rows: value by the id of its event.
  std::map<std::string, std::string> shown(const entity_id& id) {
    std::map<std::string, std::string> all;
    const auto view = view_of(id);
    for (std::uint32_t number = 1; number <= view.chunks.size(); ++number) {
      const auto& c = view.chunks[number - 1];
      if (c.phase != ingestion::chunk_phase::finished)
        continue;
      const auto chunk = open_chunk_rows(*rows, id, number, c).value();
      const auto schema = schemas.of_text(chunk.schema_text()).value();
      BOOST_REQUIRE(chunk.rows_from(1, UINT64_MAX, [&](const auto& block, std::uint32_t row) {
        json_writer out;
        BOOST_REQUIRE(csv::write_row(out, *schema, block, row));
        all[id.text() + "-row-" + std::to_string(block.number(row))] = out.take();
        return true;
      }));
    }
    return all;
  }

  std::vector<outgoing> sent() const {
    std::vector<outgoing> all;
    for (const auto& sink : sinks)
      for (std::uint32_t p = 0; p < partitions; ++p)
        for (auto& m : sink.messages(topic, p))
          all.push_back(std::move(m));
    return all;
  }

  static std::string header_of(const outgoing& m, std::string_view name) {
    for (const auto& [header, value] : m.headers)
      if (header == name)
        return value;
    return "";
  }

  /// What a listener that drops repeated ids has heard; every repetition is the same.
  std::map<std::string, std::string> heard() const {
    std::map<std::string, std::string> all;
    for (const auto& m : sent()) {
      const auto [at, is_new] = all.emplace(header_of(m, "ce_id"), m.value);
      BOOST_TEST((is_new || at->second == m.value));
    }
    return all;
  }

  std::string noted(const entity_id& job) const {
    return world.store->read_note(job.shard(), "rows").value().value_or("");
  }
  std::uint64_t noted_record(const entity_id& job) const {
    const auto text = noted(job);
    const auto space = text.find(' ');
    return space == std::string::npos ? 0 : std::stoull(text.substr(space + 1));
  }

  row_publisher::limits bounds{{"rows.", "/dossier", partitions}, 8, 5, milliseconds{5'000}, 3};
  std::list<memory_sink> sinks;    ///< One for each life that opened one.
  std::size_t said_max = SIZE_MAX; ///< Deliveries at once, of sinks that are opened from now on.
  bool is_held = false;            ///< Those that are opened from now on.
  std::unique_ptr<row_news> news;
  std::unique_ptr<row_publisher> publisher;
};

} // namespace dossier::test
