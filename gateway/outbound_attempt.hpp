// SPDX-License-Identifier: Apache-2.0
// One call to the outside, from the name to the last byte of the answer, on one connection that
// nobody uses again.
#pragma once

#include "actors/outbound.hpp"
#include "gateway/net.hpp"
#include "gateway/outbound_connection.hpp"

#include <boost/asio/ssl/context.hpp>
#include <boost/asio/thread_pool.hpp>

#include <cstddef>
#include <functional>
#include <string>
#include <vector>

namespace dossier {

/// How a name becomes addresses; may block.
using look_up_function = std::function<result<std::vector<ip_address>>(const std::string& host)>;

/// What all calls of one client share. Outlives them.
struct outbound_parts {
  const clock& time; ///< For Retry-After as a date.
  asio::ssl::context& tls;
  asio::thread_pool& lookups;
  look_up_function look_up;
  bool are_private_allowed = false; ///< Private and loopback addresses may be called.
  std::size_t answer_bytes_max = 65'536;
  std::string user_agent;
};

/// Makes the call; ends at `until` at the latest. If one of the name's addresses may not be called,
/// none is. Connects to the checked addresses in their order, a bounded number of them, without
/// looking up again. Runs on the executor of one thread.
awaitable<result<outbound_answer>> attempt_call(const outbound_parts& parts,
                                                const outbound_request& what, steady_time until);

} // namespace dossier
