// SPDX-License-Identifier: Apache-2.0
#include "persistence/kafka_condition.hpp"

#include "protocol/time.hpp"

#include <utility>

namespace dossier {

void kafka_condition::reach(bool is_reached) {
  const std::lock_guard lock{mutex_};
  is_reached_ = is_reached;
}

void kafka_condition::complain(std::string_view text) {
  const std::lock_guard lock{mutex_};
  complaint_ = text;
}

void kafka_condition::trouble(std::string why) {
  const std::lock_guard lock{mutex_};
  trouble_ = std::move(why);
}

void kafka_condition::deliver() {
  const std::lock_guard lock{mutex_};
  is_reached_ = true;
  trouble_.clear();
  complaint_.clear();
}

void kafka_condition::wait_since(std::optional<instant> oldest) {
  const std::lock_guard lock{mutex_};
  waiting_since_ = oldest;
}

result<void> kafka_condition::judge(const kafka_settings& s) const {
  const std::lock_guard lock{mutex_};
  const auto what = "publishing to Kafka at " + s.bootstrap_servers + ": ";
  const auto because = complaint_.empty() ? std::string() : " (" + complaint_ + ")";
  if (!is_reached_)
    return fail(errc::unavailable, what + "no broker can be reached" + because
                                     + "; start one or correct kafka.bootstrap_servers; events "
                                       "wait in the outbox");
  const milliseconds stuck_after{s.stuck_after_ms};
  if (waiting_since_ && std::chrono::steady_clock::now() - *waiting_since_ > stuck_after)
    return fail(errc::unavailable, what + "a message is under way for more than "
                                     + std::to_string(s.stuck_after_ms) + " ms" + because
                                     + "; look at the brokers' logs; events wait in the outbox");
  if (!trouble_.empty())
    return fail(errc::unavailable, trouble_);
  return {};
}

} // namespace dossier
