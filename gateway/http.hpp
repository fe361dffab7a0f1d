// SPDX-License-Identifier: Apache-2.0
// A request and a response as routes see them: no sockets, no parser. A route is a coroutine on the
// connection's own thread; it never blocks.
#pragma once

#include "gateway/net.hpp"
#include "persistence/files.hpp"
#include "protocol/result.hpp"

#include <array>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace dossier {

enum class verb : std::uint8_t { get, head, post, put, patch, del, options };
inline constexpr std::array all_verbs{verb::get,   verb::head, verb::post,   verb::put,
                                      verb::patch, verb::del,  verb::options};
std::string_view to_string(verb v);

/// Who is asking, as far as auth knows. Public routes see nobody.
struct principal {
  enum class role_type : std::uint8_t { nobody, customer, admin };
  role_type role = role_type::nobody;
  std::string name;                   ///< The key's name, for causes and logs.
  std::vector<std::string> customers; ///< A customer key's own; empty for admin.

  bool is_admin() const { return role == role_type::admin; }
  /// Whether this customer's things exist for the caller.
  bool may_see(std::string_view customer) const;
};

/// One request's head. String views live as long as the request.
struct request {
  dossier::verb verb = verb::get;
  std::string_view target; ///< As received, byte for byte.
  std::string_view path;   ///< Up to '?'; still percent-encoded.
  std::vector<std::pair<std::string_view, std::string_view>> fields; ///< As received, in order.
  std::vector<std::string> params;                        ///< Decoded path parameters, in order.
  std::vector<std::pair<std::string, std::string>> query; ///< Decoded, in order.
  std::string remote;                                     ///< The peer's address.
  std::string request_id; ///< The client's X-Request-Id if it is sane, else ours.
  principal caller;

  /// The only field of this name (any case), or empty. Fields that must not repeat were checked
  /// before.
  std::string_view field(std::string_view name) const;
  /// The first query parameter of this name.
  std::optional<std::string_view> query_value(std::string_view name) const;
};

/// A request's body on its way in. The session enforces length, deadline and minimum rate: a
/// violation is returned as a failure, after which the route returns that failure as its response.
class body_reader {
public:
  virtual ~body_reader() = default;
  /// Content-Length, if the body has one. Chunked bodies have none.
  virtual std::optional<std::uint64_t> declared_size_bytes() const = 0;
  /// Bytes of the body in order; 0 at its end. `into` must live until the await ends.
  virtual awaitable<result<std::size_t>> read_some(std::span<std::byte> into) = 0;
};

/// A piece of a file between two pieces of text: how ranges and multipart/byteranges are sent.
struct file_slice {
  std::string before;
  std::uint64_t offset = 0;
  std::uint64_t size_bytes = 0;
};

/// A body that is sent from a file by sendfile.
struct file_body {
  std::shared_ptr<const input_file> file;
  std::vector<file_slice> slices;
  std::string after;
};

/// A body that is made while it is sent.
class body_stream {
public:
  virtual ~body_stream() = default;
  /// The next piece, of at least one byte, within http.handler_deadline_ms; nullopt at the end. A
  /// failure ends the connection, so that the peer knows that something is missing. Asked on the
  /// connection's thread, one piece after another.
  virtual awaitable<result<std::optional<std::string>>> next() = 0;
};

struct response {
  unsigned status = 200;
  /// Without Content-Length, Date and Connection.
  std::vector<std::pair<std::string, std::string>> fields;
  std::string body;
  std::optional<file_body> file; ///< Instead of `body`.
  std::shared_ptr<body_stream>
    stream; ///< Instead of both: sent in chunks, for as long as it goes on.
  /// HEAD and 304: the length that GET would have sent; the session writes no body.
  std::optional<std::uint64_t> announced_size_bytes;
  bool closes = false; ///< End the connection after this.
};

/// How much of a body a route reads, and who enforces it: known before the first byte of it is
/// read.
enum class body_kind : std::uint8_t {
  none,    ///< Any body is refused.
  json,    ///< At most http.json_bytes_max, application/json, within http.json_deadline_ms.
  content, ///< At most http.content_bytes_max, any type, at the minimum rate.
};

/// Who may call a route.
enum class access : std::uint8_t {
  open,       ///< Anybody.
  signed_url, ///< The route checks the URL's signature itself.
  key,        ///< Any key.
  admin,      ///< An admin key.
};

using handler = std::function<awaitable<response>(request&, body_reader&)>;

/// One line of the route table.
struct route {
  dossier::verb verb;
  std::string pattern; ///< "/api/documents/{id}/events"; a parameter is one whole segment.
  body_kind body;
  dossier::access access;
  std::string operation; ///< OpenAPI operationId and metrics label, e.g. "readDocument".
  dossier::handler handler;
};

/// RFC 9457. The single place where errc becomes HTTP: status, type URI ("/problems/<name>"),
/// title, detail, instance (the request id) and, where known, `pointer`. 503 and 429 carry
/// Retry-After; 401 carries WWW-Authenticate. Framing errors close.
response problem(const failure& why, std::string_view request_id, std::uint32_t retry_after_s = 1);
unsigned status_of(errc code);

response json_response(unsigned status, std::string body);

} // namespace dossier
