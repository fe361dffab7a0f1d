// SPDX-License-Identifier: Apache-2.0
#include "actors/threads.hpp"

#include <boost/test/unit_test.hpp>

#include <algorithm>
#include <future>

using namespace dossier;

BOOST_AUTO_TEST_SUITE(threads_tests)

BOOST_AUTO_TEST_CASE(a_beat_that_is_asked_for_during_a_beat_is_not_forgotten) {
  pulse_thread heart;
  std::promise<milliseconds> shortest_gap;
  auto gap = milliseconds::max();
  auto last = milliseconds::min();
  int beats_left = 20;
  heart.start([&](milliseconds uptime) {
    if (last != milliseconds::min())
      gap = std::min(gap, uptime - last);
    last = uptime;
    if (--beats_left == 0)
      shortest_gap.set_value(gap);
    else if (beats_left > 0)
      heart.wake_within(milliseconds{1});
  });
  BOOST_TEST(shortest_gap.get_future().get().count() < 90); // Forgotten, it would be 100 each time.
  heart.stop();
}

BOOST_AUTO_TEST_CASE(work_runs_in_order_of_arrival_and_stops_when_told) {
  worker_threads workers{1};
  std::vector<int> done;
  std::promise<void> last;
  for (int i = 0; i < 100; ++i)
    workers.run([&, i] {
      done.push_back(i);
      if (i == 99)
        last.set_value();
    });
  last.get_future().wait();
  workers.stop();
  BOOST_TEST(std::ranges::is_sorted(done));
  BOOST_TEST(done.size() == 100u);
  workers.run([&] { done.clear(); });
  BOOST_TEST(done.size() == 100u);
}

BOOST_AUTO_TEST_SUITE_END()
