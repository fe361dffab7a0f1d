// SPDX-License-Identifier: Apache-2.0
// One connection's life: head, route, body, response, and again. What is refused is refused as
// early as it is known; what cannot be framed ends the connection.
#pragma once

#include "gateway/body.hpp"
#include "gateway/connection.hpp"
#include "gateway/edge.hpp"
#include "gateway/lane.hpp"
#include "gateway/read_buffer.hpp"

#include <cstdint>
#include <memory>
#include <optional>

namespace dossier {

/// Owned by its own coroutine, on its lane's thread.
class session {
public:
  session(edge& shared, lane& home, tcp::socket socket);
  ~session();
  session(const session&) = delete;
  session& operator=(const session&) = delete;

  /// Serves the connection to its end.
  static awaitable<void> run(std::unique_ptr<session> self);
  /// Answers 503 and ends: the server has as many connections as it takes.
  static awaitable<void> turn_away(std::unique_ptr<session> self);

private:
  /// Reads until the guard has a verdict; false: this connection is over, and `lingers_` says how.
  awaitable<bool> read_head();
  /// Waits for a request's first byte.
  awaitable<bool> await_request();
  /// Answers the request whose head is read; sets closes_.
  awaitable<void> serve();
  /// The route that handles the request now; otherwise `refusal` is the answer. Fills request_.
  result<const route*> admit(std::string_view head, std::uint64_t in_flight, response& refusal);
  result<const route*> find_route(response& refusal);
  result<void> check_body(const route& r) const;
  result<void> check_media_type(const route& r) const;
  awaitable<response> handle(const route& r, connection_body& body);
  connection_body make_body(const route* r);
  /// Refuses what has no request: the head could not be read.
  awaitable<void> refuse(failure why);
  awaitable<void> send(response r);
  /// Lets the peer read the answer before the connection goes: closing with bytes unread would
  /// reset it.
  awaitable<void> linger();
  void name_request();

  edge& edge_;
  lane& lane_;
  connection peer_;
  read_buffer buffer_;
  guard_verdict verdict_;
  request request_;
  std::uint32_t requests_ = 0;
  bool closes_ = false;
  bool lingers_ = false;
  bool is_counted_ = false; ///< Among connections_open.
};

} // namespace dossier
