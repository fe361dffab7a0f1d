// SPDX-License-Identifier: Apache-2.0
// Calls to servers outside, as actors make them. A seam: gateway/outbound_client makes them over
// HTTP/1.1, tests answer by hand.
#pragma once

#include "protocol/destination.hpp"
#include "protocol/result.hpp"
#include "protocol/time.hpp"

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace dossier {

/// One request. Host, User-Agent, Connection and Content-Length are added by who sends it.
struct outbound_request {
  enum class method_type : std::uint8_t { post, options };

  method_type method = method_type::post;
  destination to;
  /// Values of visible ASCII and inner spaces.
  std::vector<std::pair<std::string, std::string>> fields;
  std::string body;
  milliseconds deadline{15'000}; ///< From call() to the end of the answer, all waiting included.
};

/// A whole answer; its body was read and thrown away.
struct outbound_answer {
  unsigned status = 0;                     ///< 200 to 599. Redirects are answers like others.
  std::optional<milliseconds> retry_after; ///< What Retry-After asks for; never negative.
  std::string allowed_origin;              ///< WebHook-Allowed-Origin; empty if there is none.
};

/// Thread-safe.
class outbound {
public:
  /// Failures: forbidden, the destination has an address that may not be called; not_found, the
  /// name has none; timed_out, the deadline passed; unavailable, no connection, a broken one or a
  /// certificate that does not hold; malformed, what came is no whole HTTP answer; busy, too many
  /// calls wait; invalid_argument, a field that cannot be sent. `why` names the destination's host,
  /// never a header or the body.
  using called = std::function<void(result<outbound_answer>)>;

  virtual ~outbound() = default;
  /// `done` is called once, on any thread, at the deadline at the latest, and must not block; after
  /// the stop not at all. The request may have taken effect although it failed.
  virtual void call(outbound_request what, called done) = 0;
};

} // namespace dossier
