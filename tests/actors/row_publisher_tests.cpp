// SPDX-License-Identifier: Apache-2.0
// Rows on their way to topics: the production publisher over jobs in virtual time, with a sink in
// memory that stalls, forgets and refuses, and lives that end anywhere.
#include "actors/row_publisher.hpp"

#include "actors/job_request.hpp"
#include "persistence/memory_sink.hpp"
#include "protocol/csv/row_json.hpp"
#include "tests/actors/ingestion_world.hpp"

#include <nlohmann/json.hpp>

#include <fstream>
#include <list>
#include <set>

using namespace dossier;
using namespace dossier::test;
using ingestion::status;

namespace {

constexpr std::uint32_t partitions = 3;
const std::string topic = "rows.cdr";

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

const std::string header
  = "caller_id,recipient,call_date,end_time,duration,cost,reference,currency\r\n";

std::string good(const std::string& key) {
  return "a,b,01/02/2024,10:00:00,1,1," + key + ",GBP\n";
}

} // namespace

BOOST_AUTO_TEST_SUITE(row_publisher_tests)

BOOST_AUTO_TEST_CASE(each_row_of_an_ended_job_is_published_as_it_is_shown) {
  for (std::uint64_t seed = 1; seed <= 5; ++seed) {
    publishing_world w(seed);
    const auto id = w.publish(made_file(seed, 120));
    w.settle();
    const auto shown = w.shown(id);
    BOOST_TEST(shown.size() > 50u);
    BOOST_TEST((w.heard() == shown));
    BOOST_TEST(w.sent().size() == shown.size());
    BOOST_TEST(w.publisher->stats().published.load() == shown.size());
    BOOST_TEST(w.publisher->stats().due_since_ms.load() == 0);
    BOOST_TEST(w.publisher->health().has_value());
    std::map<std::uint32_t, std::uint64_t> last;
    for (const auto& m : w.sent()) {
      const auto value = nlohmann::json::parse(m.value);
      BOOST_TEST(m.key == value["values"]["reference"].get<std::string>());
      BOOST_TEST(m.partition == shard_of(m.key, partitions));
      const std::uint64_t record = value["row"];
      BOOST_TEST(record > last[m.partition]);
      last[m.partition] = record;
    }
  }
}

BOOST_AUTO_TEST_CASE(a_row_is_an_event_that_names_its_job_its_schema_and_the_end) {
  publishing_world w;
  const auto id = w.publish(header + good("R1"));
  const auto ended = *w.view_of(id).ended_at;
  w.world.beat(milliseconds{60'000});
  w.settle();
  BOOST_REQUIRE(w.sent().size() == 1u);
  const auto m = w.sent().front();
  BOOST_TEST(m.topic == "rows.cdr");
  BOOST_TEST(m.key == "R1");
  const event_headers wanted{{"ce_specversion", "1.0"},
                             {"ce_id", id.text() + "-row-1"},
                             {"ce_source", "/dossier"},
                             {"ce_type", "dossier.ingestion.row"},
                             {"ce_subject", "job/" + id.text()},
                             {"ce_time", to_rfc3339(ended)},
                             {"ce_dataschema", "dossier:/schemas/dossier.ingestion.row.cdr/1"},
                             {"content-type", "application/json"}};
  BOOST_TEST((m.headers == wanted));
  BOOST_TEST(read_cloud_event(m.headers, m.value).has_value());
}

BOOST_AUTO_TEST_CASE(without_such_a_job_nothing_is_opened_and_the_place_moves_on) {
  publishing_world w;
  const auto id = w.submit(made_file(1, 50));
  w.run();
  BOOST_TEST((w.view_of(id).status == status::partially_succeeded));
  w.settle();
  BOOST_TEST(w.sinks.empty());
  w.publisher->close(milliseconds{0});
  BOOST_TEST(w.noted(id)
             == std::to_string(w.world.store->read_feed_end(id.shard()).value()) + " 0");
}

BOOST_AUTO_TEST_CASE(nothing_is_published_before_the_job_has_ended) {
  publishing_world w;
  const auto id = w.accept(made_file(1, 120));
  std::size_t steps_with_rows = 0;
  while (w.step()) {
    w.publisher->turn();
    const auto job = w.world.core->jobs().find(id);
    if (job && !job->view.ended_at) {
      BOOST_TEST(w.sinks.empty());
      steps_with_rows += job->view.tally.rows > 0 ? 1 : 0;
    }
  }
  BOOST_TEST(steps_with_rows > 0u);
  w.settle();
  BOOST_TEST((w.heard() == w.shown(id)));
}

BOOST_AUTO_TEST_CASE(no_more_rows_are_on_their_way_than_may_be) {
  publishing_world w;
  w.is_held = true;
  const auto id = w.publish(made_file(1, 120));
  w.turn(50);
  BOOST_REQUIRE(w.sinks.size() == 1u);
  BOOST_TEST(w.sinks.back().under_way() == 8u);
  BOOST_TEST(w.publisher->stats().on_their_way.load() == 8u);
  BOOST_TEST(!w.publisher->health());
  BOOST_TEST(w.publisher->stats().due_since_ms.load() == to_ms(*w.view_of(id).ended_at));
  w.sinks.back().hold(false);
  w.settle();
  BOOST_TEST(w.sent().size() == w.shown(id).size());
}

BOOST_AUTO_TEST_CASE(the_place_is_noted_when_rows_have_arrived_and_not_before) {
  publishing_world w;
  w.is_held = true;
  const auto id = w.publish(made_file(1, 60));
  w.turn(50);
  w.publisher->close(milliseconds{0}); // Nothing of it has arrived.
  BOOST_TEST(w.noted_record(id) == 0u);
  const auto before = w.noted(id);
  w.is_held = false;
  w.restart();
  w.settle();
  BOOST_TEST((w.heard() == w.shown(id)));
  BOOST_TEST(w.noted(id) != before);
  // What has arrived is not sent again.
  const auto count = w.sent().size();
  w.restart();
  for (shard_number shard = 0; shard < w.world.store->shard_count(); ++shard)
    w.news->put_back(shard);
  w.settle();
  BOOST_TEST(w.sent().size() == count);
}

BOOST_AUTO_TEST_CASE(a_new_life_goes_on_in_the_middle_of_a_job) {
  publishing_world w;
  w.bounds.in_flight_max = 100;
  w.bounds.page_rows = 64;
  w.said_max = 10;
  w.restart();
  const auto id = w.publish(made_file(1, 3'000));
  std::set<std::uint64_t> records;
  for (const auto& [event, value] : w.shown(id))
    records.insert(nlohmann::json::parse(value)["row"].get<std::uint64_t>());
  while (w.publisher->stats().published.load() < 1'500)
    w.publisher->turn();
  // Noted with the thousandth, while others were on their way behind it.
  const auto noted = w.noted_record(id);
  BOOST_TEST(w.publisher->stats().on_their_way.load() > 0u);
  BOOST_TEST(noted == *std::next(records.begin(), 999));
  w.restart();
  for (shard_number shard = 0; shard < w.world.store->shard_count(); ++shard)
    w.news->put_back(shard);
  w.settle();
  BOOST_TEST((w.heard() == w.shown(id)));
  BOOST_TEST(w.sent().size() > w.shown(id).size()); // Some twice.
  BOOST_REQUIRE(w.sinks.size() == 2u);
  std::uint64_t first = UINT64_MAX;
  for (std::uint32_t p = 0; p < partitions; ++p)
    for (const auto& m : w.sinks.back().messages(topic, p))
      first = std::min(first, nlohmann::json::parse(m.value)["row"].get<std::uint64_t>());
  BOOST_TEST(first > noted);
}

BOOST_AUTO_TEST_CASE(what_a_reset_forgets_is_sent_again_under_the_same_ids) {
  for (std::size_t kept = 0; kept <= 8; kept += 4) {
    publishing_world w;
    w.is_held = true;
    const auto id = w.publish(made_file(1, 120));
    w.turn(10);
    BOOST_REQUIRE(w.sinks.size() == 1u);
    w.sinks.back().reset(kept);
    w.sinks.back().hold(false);
    w.settle();
    BOOST_TEST((w.heard() == w.shown(id)));
    BOOST_TEST(w.sent().size() == w.shown(id).size() + kept);
    BOOST_TEST(w.publisher->stats().resets.load() == 1u);
  }
}

BOOST_AUTO_TEST_CASE(a_row_that_is_refused_holds_back_its_shard_and_is_not_lost) {
  publishing_world w;
  w.is_held = true;
  const auto id = w.publish(made_file(1, 60));
  w.turn(10);
  BOOST_REQUIRE(w.sinks.size() == 1u);
  auto& sink = w.sinks.back();
  sink.refuse(std::uint64_t{id.shard()} << 48 | 3, fail(errc::too_large, "it is too large"));
  sink.hold(false);
  w.settle();
  BOOST_TEST(w.publisher->stats().refused.load() == 1u);
  BOOST_TEST(w.publisher->health().error().why.find("too large") != std::string::npos);
  BOOST_TEST(w.noted_record(id) <= 3u);
  BOOST_TEST(w.heard().size() < w.shown(id).size());
  // Refused again, it comes alone: what is behind it is not sent with each try. Another shard goes
  // on meanwhile.
  const auto count = w.sent().size();
  sink.refuse(std::uint64_t{id.shard()} << 48 | 9, fail(errc::too_large, "it is too large"));
  const auto other = w.publish(header + good("R1"), "another");
  BOOST_REQUIRE(other.shard() != id.shard());
  w.settle();
  BOOST_TEST(w.publisher->stats().refused.load() == 2u);
  BOOST_TEST(w.sent().size() == count + 1);
  w.world.beat(milliseconds{5'000});
  w.settle();
  auto wanted = w.shown(id);
  wanted.merge(w.shown(other));
  BOOST_TEST((w.heard() == wanted));
  BOOST_TEST(w.publisher->health().has_value());
}

BOOST_AUTO_TEST_CASE(a_repaired_record_is_published_alone) {
  publishing_world w;
  const auto id = w.publish(header + good("R1") + "too,few\n" + good("R3") + "a,b\n");
  w.settle();
  BOOST_TEST(w.sent().size() == 2u);
  w.repair(id, {{2, good("R2")}});
  w.settle();
  BOOST_TEST(w.sent().size() == 3u);
  w.repair(id, {{4, good("R4")}});
  BOOST_TEST((w.view_of(id).status == status::succeeded));
  w.settle();
  BOOST_TEST(w.sent().size() == 4u);
  BOOST_TEST((w.heard() == w.shown(id)));
}

BOOST_AUTO_TEST_CASE(a_failed_job_publishes_nothing_until_it_has_ended_well) {
  const auto text = header + good("R1") + "too,few\n" + good("R3");
  const ingestion::reject_limits none{0, 1'000'000};
  {
    publishing_world w;
    const auto id = w.publish(text, "acme", none);
    BOOST_TEST((w.view_of(id).status == status::failed));
    w.settle();
    BOOST_TEST(w.sinks.empty());
    w.tell(id, ingestion::retry_failed_chunks{ingestion::reject_limits{5, 1'000'000}});
    w.run();
    BOOST_TEST((w.view_of(id).status == status::partially_succeeded));
    w.settle();
    BOOST_TEST(w.sent().size() == 2u);
    BOOST_TEST((w.heard() == w.shown(id)));
  }
  publishing_world w;
  const auto id = w.publish(text, "acme", none);
  w.tell(id, ingestion::cancel{"not this one"});
  w.repair(id, {{2, good("R2")}});
  w.settle();
  const bool ended_well = w.view_of(id).status == status::succeeded;
  BOOST_TEST(w.sent().size() == (ended_well ? 3u : 0u));
}

BOOST_AUTO_TEST_CASE(jobs_of_all_customers_are_published) {
  publishing_world w;
  std::map<std::string, std::string> wanted;
  std::set<shard_number> shards;
  for (const std::string customer : {"acme", "b", "c", "another"}) {
    const auto id = w.publish(made_file(1, 40), customer);
    wanted.merge(w.shown(id));
    shards.insert(id.shard());
  }
  BOOST_TEST(shards.size() > 1u);
  w.settle();
  BOOST_TEST((w.heard() == wanted));
}

BOOST_AUTO_TEST_CASE(a_chunk_that_is_gone_is_passed_over_and_counted) {
  publishing_world w;
  const auto id = w.publish(made_file(1, 120));
  auto wanted = w.shown(id);
  const auto view = w.view_of(id);
  BOOST_REQUIRE(view.chunks.size() > 3u);
  const auto& gone = view.chunks[1];
  BOOST_REQUIRE(w.rows->remove({id, 2, gone.attempt}));
  for (auto record = gone.record; record < gone.record + gone.extent.records; ++record)
    wanted.erase(id.text() + "-row-" + std::to_string(record));
  w.settle();
  BOOST_TEST(w.publisher->stats().passed_over.load() == 0u);
  BOOST_TEST(w.publisher->health().error().why.find("chunk 2") != std::string::npos);
  for (int tries = 0; tries < 3; ++tries) {
    w.world.beat(milliseconds{5'000});
    w.settle();
  }
  BOOST_TEST(w.publisher->stats().passed_over.load() == 1u);
  BOOST_TEST((w.heard() == wanted));
  BOOST_TEST(w.publisher->stats().due_since_ms.load() == 0);
}

BOOST_AUTO_TEST_CASE(a_file_that_was_submitted_without_it_is_not_published_silently) {
  publishing_world w;
  const auto text = header + good("R1");
  const auto id = w.submit(text);
  w.run();
  auto again = w.submission_of(w.store(text));
  const auto same = w.tell(id, ingestion::accept{again, std::nullopt});
  again.publishes_rows = true;
  const auto refused = w.tell(id, ingestion::accept{again, std::nullopt});
  w.run();
  BOOST_REQUIRE(same->has_value());
  BOOST_TEST((*same)->has_value());
  BOOST_REQUIRE(refused->has_value());
  BOOST_TEST(((*refused)->error().code == errc::conflict));
  BOOST_TEST((*refused)->error().why.find("publish") != std::string::npos);
}

BOOST_AUTO_TEST_CASE(rows_without_a_key_cannot_be_published) {
  scratch_directory directory;
  const auto make = [&](const std::string& name) {
    std::ofstream(std::filesystem::path(directory / (name + ".toml")))
      << "name = \"" << name << "\"\nversion = 1\n[[columns]]\nname = \"a\"\ntype = \"text\"\n";
  };
  make("bare");
  const auto schemas = row_schema_registry::open(directory / "").value();
  const auto named = [&](const std::string& schema, std::string_view where) {
    job_wishes wanted;
    wanted.schema = schema;
    wanted.publishes_rows = true;
    ingestion::submission made;
    return name_wishes(wanted, schemas, where, made);
  };
  BOOST_TEST(named("cdr", "schema").has_value());
  BOOST_TEST((named("bare", "schema").error().code == errc::invalid_argument));
  BOOST_TEST(named("bare", "schema").error().where == "publish");
  BOOST_TEST(named("bare", "/schema").error().where == "/options/publish");
}

BOOST_AUTO_TEST_CASE(each_row_arrives_whatever_is_killed_forgotten_and_repaired) {
  for (std::uint64_t seed = 1; seed <= 30; ++seed)
    BOOST_TEST_CONTEXT("seed " << seed) {
      publishing_world w(seed);
      w.bounds.in_flight_max = 1 + w.dice() % 40;
      w.bounds.page_rows = 1 + w.dice() % 30;
      w.said_max = 1 + w.dice() % 20;
      w.restart();
      std::vector<entity_id> jobs;
      for (int action = 0; action < 300; ++action)
        w.act(jobs);
      for (auto& sink : w.sinks)
        sink.hold(false);
      w.run();
      w.settle();
      std::map<std::string, std::string> wanted;
      for (const auto& id : jobs)
        wanted.merge(w.shown(id));
      BOOST_TEST(!wanted.empty());
      BOOST_TEST((w.heard() == wanted));
    }
}

BOOST_AUTO_TEST_SUITE_END()
