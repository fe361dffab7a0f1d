// SPDX-License-Identifier: Apache-2.0
// From a route's response to bytes on the wire: one call to the kernel for most of them, sendfile
// for content.
#pragma once

#include "gateway/connection.hpp"
#include "gateway/http.hpp"

#include <string>
#include <string_view>

namespace dossier {

/// What the connection says about a response besides its route.
struct message_frame {
  bool is_head = false;     ///< The request was HEAD: announce the body, send none.
  bool closes = false;      ///< The connection ends after it.
  bool is_http_1_0 = false; ///< Such a client must be told when the connection stays.
  std::string_view date;
  std::string_view request_id;
};

/// Writes status line and fields over `out`. Content-Length is what the body will have, or what the
/// route announces. Adds nosniff and no-store unless the route says otherwise. A field that would
/// break the head's lines is a bug and asserted.
void format_head(std::string& out, const response& r, const message_frame& frame);

/// Whether anything follows the head.
bool has_body(const response& r, const message_frame& frame);

/// Sends what format_head wrote, and the body. `head` is scratch after that and lives until the
/// await ends. Not ok: the connection is of no more use.
awaitable<io_status> send_formatted(connection& peer, std::string& head, const response& r,
                                    const message_frame& frame, patience& p);

} // namespace dossier
