// SPDX-License-Identifier: Apache-2.0
// A call that a guard makes for somebody: as often as it has to, and never at the same time as
// another one of its key.
#pragma once

#include "actors/outbound.hpp"
#include "protocol/result.hpp"

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <utility>

namespace dossier {

/// How a call ended.
struct call_ending {
  enum class how_type : std::uint8_t {
    succeeded,    ///< The destination did what was asked.
    refused,      ///< It never will; or the call cannot be made at all.
    withdrawn,    ///< Its owner took it back before this attempt.
    exhausted,    ///< The last allowed attempt failed.
    not_accepted, ///< The guard is full: nothing was tried, offer it again later.
    stopped,      ///< The guard has ended before the call did. It may have taken effect.
  };
  how_type how = how_type::stopped;
  std::uint32_t attempts = 0;
  std::optional<outbound_answer> answer; ///< The last one, whatever it says.
  std::optional<failure> why;            ///< Set unless it succeeded.
};

/// Owned by the messages and the guard that carry it. If all of them vanish, it ends as stopped, so
/// that nobody waits for nothing.
class guarded_call {
public:
  /// Makes the request of one attempt. Runs on the guard's thread, must not block; its deadline is
  /// set by the guard. A failure ends the call: conflict as withdrawn, any other as refused.
  using prepare_function = std::function<result<outbound_request>()>;
  /// Called once, on any thread; must not block.
  using ended_function = std::function<void(call_ending)>;

  guarded_call(std::string key, prepare_function prepare, ended_function ended)
    : key_(std::move(key))
    , prepare_(std::move(prepare))
    , ended_(std::move(ended)) {}
  guarded_call(const guarded_call&) = delete;
  guarded_call& operator=(const guarded_call&) = delete;
  ~guarded_call() {
    end({.how = call_ending::how_type::stopped,
         .attempts = 0,
         .answer = std::nullopt,
         .why = fail(errc::unavailable, "the guard of the destination ended before the call did")});
  }

  const std::string& key() const { return key_; }
  result<outbound_request> prepare() const { return prepare_(); }
  /// The first time counts. One thread at a time: the owner.
  void end(call_ending ending) {
    if (const auto ended = std::exchange(ended_, nullptr))
      ended(std::move(ending));
  }

private:
  const std::string key_;
  const prepare_function prepare_;
  ended_function ended_;
};

} // namespace dossier
