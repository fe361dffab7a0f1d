// SPDX-License-Identifier: Apache-2.0
// Batches are answered once, after they are durable, in groups that gather while the disk is busy.
#include "persistence/commit_queue.hpp"

#include "persistence/memory_journal.hpp"
#include "tests/persistence/journal_samples.hpp"

#include <boost/test/unit_test.hpp>

#include <future>
#include <latch>
#include <memory>
#include <stdexcept>
#include <utility>

using namespace dossier;
using namespace dossier::samples;

namespace commit_queue_tests {

struct stopped_clock final : clock {
  timestamp now() const override { return noon; }
};

/// A journal whose writes stand still until they are let through, one at a time.
class gate {
public:
  explicit gate(memory_journal& store) {
    store.fail_writes([this]() -> std::optional<failure> {
      std::unique_lock lock{mutex_};
      ++arrived_;
      changed_.notify_all();
      changed_.wait(lock, [this] { return passes_ > 0; });
      --passes_;
      return std::nullopt;
    });
  }
  void open(int passes) {
    const std::lock_guard lock{mutex_};
    passes_ += passes;
    changed_.notify_all();
  }
  void wait_until_write(int n) {
    std::unique_lock lock{mutex_};
    changed_.wait(lock, [&] { return arrived_ >= n; });
  }

private:
  std::mutex mutex_;
  std::condition_variable changed_;
  int arrived_ = 0;
  int passes_ = 0;
};

/// A committer over a journal in memory, and what it said of the device.
struct committing {
  explicit committing(group_committer::limits bounds = {})
    : committer(*store, time, bounds,
                [this](const failure& why) { device_failure.set_value(why); }) {}

  std::future<write_outcome> submit(batch b) {
    auto answered = std::make_shared<std::promise<write_outcome>>();
    auto future = answered->get_future();
    committer.submit(
      std::move(b), [answered](write_outcome outcome) { answered->set_value(std::move(outcome)); });
    return future;
  }

  std::unique_ptr<memory_journal> store = memory_journal::make(shard_count);
  stopped_clock time;
  std::promise<failure> device_failure;
  group_committer committer;
};

} // namespace commit_queue_tests

BOOST_AUTO_TEST_SUITE(commit_queue_tests)

BOOST_AUTO_TEST_CASE(a_batch_is_answered_after_it_is_stored) {
  committing c;
  // What is checked is handed to the test's own thread: Boost.Test knows one thread only.
  std::promise<std::pair<bool, std::size_t>> seen;
  c.committer.submit(batch_of(entity_in(1, 1), 0), [&](const write_outcome& outcome) {
    seen.set_value(
      {outcome.has_value(), c.store->read_events(entity_in(1, 1), 1, 9).value().size()});
  });
  const auto [is_accepted, events_stored] = seen.get_future().get();
  BOOST_TEST(is_accepted);
  BOOST_TEST(events_stored == 1u);
}

BOOST_AUTO_TEST_CASE(a_refused_batch_is_answered_with_its_conflict) {
  committing c;
  BOOST_TEST(c.submit(batch_of(entity_in(1, 1), 0)).get().has_value());
  BOOST_TEST((c.submit(batch_of(entity_in(1, 1), 0)).get().error().code == errc::conflict));
  c.committer.stop();
  BOOST_TEST(c.committer.stats().batches == 2u);
  BOOST_TEST(c.committer.stats().conflicts == 1u);
  BOOST_TEST(c.committer.stats().events == 1u);
  BOOST_TEST(c.committer.stats().waiting == 0u);
}

BOOST_AUTO_TEST_CASE(no_answer_comes_before_the_write_and_the_next_group_gathers_meanwhile) {
  committing c;
  gate disk{*c.store};
  auto first = c.submit(batch_of(entity_in(1, 0), 0));
  disk.wait_until_write(1);
  std::vector<std::future<write_outcome>> later;
  for (std::uint64_t n = 1; n <= 20; ++n)
    later.push_back(c.submit(batch_of(entity_in(1, n), 0)));
  BOOST_TEST((first.wait_for(milliseconds{0}) == std::future_status::timeout));
  BOOST_TEST(c.committer.stats().waiting == 21u);
  disk.open(1);
  BOOST_TEST(first.get().has_value());
  disk.wait_until_write(2);
  BOOST_TEST((later.back().wait_for(milliseconds{0}) == std::future_status::timeout));
  disk.open(1);
  for (auto& answered : later)
    BOOST_TEST(answered.get().has_value());
  c.committer.stop();
  BOOST_TEST(c.committer.stats().groups == 2u);
  BOOST_TEST(c.committer.stats().batches == 21u);
}

BOOST_AUTO_TEST_CASE(a_group_keeps_its_bounds) {
  const auto groups_of_ten = [](group_committer::limits bounds, std::size_t event_bytes) {
    committing c{bounds};
    gate disk{*c.store};
    auto first = c.submit(batch_of(entity_in(1, 0), 0));
    disk.wait_until_write(1);
    for (std::uint64_t n = 1; n <= 10; ++n)
      c.submit(batch_of(entity_in(1, n), 0, {std::string(event_bytes, 'x')}));
    disk.open(100);
    c.committer.stop();
    BOOST_TEST(c.committer.stats().batches == 11u);
    BOOST_TEST(c.store->read_outbox_depth().rows == 11u);
    return c.committer.stats().groups.load() - 1;
  };
  BOOST_TEST(groups_of_ten({10, 1u << 20}, 1) == 1u);
  BOOST_TEST(groups_of_ten({4, 1u << 20}, 1) == 3u);
  BOOST_TEST(groups_of_ten({10, 5000}, 2000) == 5u);
  BOOST_TEST(groups_of_ten({10, 5000}, 9000) == 10u);
}

BOOST_AUTO_TEST_CASE(listeners_hear_of_durable_batches_only_and_before_their_answers) {
  committing c;
  std::vector<std::string> heard;
  c.committer.on_committed([&](const batch& b) { heard.push_back("told " + b.events.front()); });
  gate disk{*c.store};
  auto first = c.submit(batch_of(entity_in(1, 0), 0, {"first"}));
  disk.wait_until_write(1);
  const auto note = [&](const char* name) {
    return [&heard, name](const write_outcome&) {
      heard.push_back(std::string{"answered "} + name);
    };
  };
  c.committer.submit(batch_of(entity_in(1, 1), 0, {"good"}), note("good"));
  c.committer.submit(batch_of(entity_in(1, 2), 5, {"bad"}), note("bad"));
  c.committer.submit(batch_of(entity_in(1, 3), 0, {"last"}), note("last"));
  disk.open(2);
  c.committer.stop();
  BOOST_TEST(heard
             == (std::vector<std::string>{"told first", "told good", "told last", "answered good",
                                          "answered bad", "answered last"}));
}

BOOST_AUTO_TEST_CASE(after_a_device_failure_nobody_is_answered_and_nothing_is_written) {
  committing c;
  int writes = 0;
  std::latch is_writing{1};
  std::latch is_queued{1};
  c.store->fail_writes([&]() -> std::optional<failure> {
    ++writes;
    is_writing.count_down();
    is_queued.wait();
    return fail(errc::unavailable, "the disk is gone");
  });
  int answers = 0;
  const auto count = [&answers](const write_outcome&) {
    ++answers;
  };
  c.committer.submit(batch_of(entity_in(1, 1), 0), count);
  is_writing.wait();
  c.committer.submit(batch_of(entity_in(1, 2), 0), count);
  is_queued.count_down();
  BOOST_TEST(c.device_failure.get_future().get().why == "the disk is gone");
  BOOST_TEST((c.submit(batch_of(entity_in(1, 3), 0)).get().error().code == errc::unavailable));
  c.committer.stop();
  BOOST_TEST(answers == 0);
  BOOST_TEST(writes == 1);
  BOOST_TEST(c.store->read_outbox_depth().rows == 0u);
  BOOST_TEST(c.committer.stats().waiting == 2u);
}

BOOST_AUTO_TEST_CASE(a_store_that_throws_counts_as_a_failed_device) {
  committing c;
  c.store->fail_writes([]() -> std::optional<failure> { throw std::runtime_error("out of luck"); });
  auto answered = c.submit(batch_of(entity_in(1, 1), 0));
  const auto why = c.device_failure.get_future().get();
  BOOST_TEST((why.code == errc::unavailable));
  BOOST_TEST(why.why.find("out of luck") != std::string::npos, why.why);
  c.committer.stop();
  // The promise went unset with its batch.
  BOOST_CHECK_THROW(answered.get(), std::future_error);
}

BOOST_AUTO_TEST_CASE(stopping_writes_and_answers_what_is_queued) {
  committing c;
  gate disk{*c.store};
  auto first = c.submit(batch_of(entity_in(1, 0), 0));
  disk.wait_until_write(1);
  auto queued = c.submit(batch_of(entity_in(1, 1), 0));
  disk.open(2);
  c.committer.stop();
  BOOST_TEST(first.get().has_value());
  BOOST_TEST(queued.get().has_value());
  const auto late = c.submit(batch_of(entity_in(1, 2), 0)).get();
  BOOST_TEST((late.error().code == errc::unavailable));
  BOOST_TEST(c.store->read_events(entity_in(1, 2), 1, 1).value().empty());
  c.committer.stop(); // Stopping twice is stopping.
}

BOOST_AUTO_TEST_CASE(batches_of_many_threads_are_each_answered_once) {
  constexpr int threads = 4;
  constexpr int batches_each = 500;
  std::atomic<int> accepted{0};
  committing c{{64, 1u << 20}};
  {
    std::vector<std::jthread> submitters;
    for (int t = 0; t < threads; ++t) {
      submitters.emplace_back([&, t] {
        for (int n = 0; n < batches_each; ++n)
          c.committer.submit(
            batch_of(entity_in(static_cast<shard_number>(t), static_cast<std::uint64_t>(n)), 0),
            [&](const write_outcome& outcome) { accepted += outcome ? 1 : 100'000; });
      });
    }
  }
  c.committer.stop();
  BOOST_TEST(accepted == threads * batches_each);
  BOOST_TEST(c.store->read_outbox_depth().rows == std::uint64_t{threads} * batches_each);
  BOOST_TEST(c.committer.stats().events == std::uint64_t{threads} * batches_each);
  BOOST_TEST(c.committer.stats().waiting == 0u);
}

BOOST_AUTO_TEST_SUITE_END()
