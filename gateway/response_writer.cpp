// SPDX-License-Identifier: Apache-2.0
#include "gateway/response_writer.hpp"

#include "config/log.hpp"
#include "protocol/ascii.hpp"
#include "protocol/assert.hpp"

#include <boost/beast/http/status.hpp>

#include <algorithm>
#include <array>
#include <charconv>
#include <vector>

namespace dossier {

namespace {

// A body up to this size is copied behind its head: cheaper than a second piece for the kernel.
constexpr std::size_t copied_body_bytes_max = 4'096;
// A file up to this size is read and sent with its head in one call.
constexpr std::uint64_t copied_file_bytes_max = 16'384;
// For disks without descriptors, which are those of tests.
constexpr std::size_t read_bytes = 65'536;

void append_number(std::string& out, std::uint64_t number) {
  std::array<char, 20> digits{};
  out.append(digits.data(),
             std::to_chars(digits.data(), digits.data() + digits.size(), number).ptr);
}

bool breaks_lines(std::string_view text) {
  return std::any_of(text.begin(), text.end(), [](char c) {
    const auto byte = static_cast<unsigned char>(c);
    return (byte < 0x20 && byte != '\t') || byte == 0x7f;
  });
}

// What a route announces counts only where no body follows that could contradict it.
std::uint64_t body_size_bytes(const response& r, const message_frame& frame) {
  if (r.announced_size_bytes && !has_body(r, frame))
    return *r.announced_size_bytes;
  if (!r.file)
    return r.body.size();
  std::uint64_t size = r.file->after.size();
  for (const auto& slice : r.file->slices)
    size += slice.before.size() + slice.size_bytes;
  return size;
}

// 1xx and 204 have no length by definition; a 304 may say one, and must not say a wrong one.
bool says_length(const response& r) {
  if (r.status == 304)
    return r.announced_size_bytes.has_value();
  return r.status != 204 && !r.stream;
}

void append_status_line(std::string& out, unsigned status) {
  const auto reason
    = boost::beast::http::obsolete_reason(boost::beast::http::int_to_status(status));
  out = "HTTP/1.1 ";
  append_number(out, status);
  out.append(" ").append(reason.data(), reason.size()).append("\r\n");
}

result<std::size_t> read_fully(const input_file& file, std::uint64_t offset,
                               std::span<std::byte> into) {
  std::size_t done = 0;
  while (done < into.size()) {
    const auto read = file.read(offset + done, into.subspan(done));
    if (!read)
      return read.error();
    if (*read == 0)
      return fail(errc::corrupt, "a content file is shorter than its announced "
                                   + std::to_string(offset + into.size()) + " bytes");
    done += *read;
  }
  return done;
}

io_status report(const failure& why, std::string_view request_id) {
  log(log_level::error, "response broken off",
      {{"request", std::string(request_id)}, {"why", why.why}});
  return io_status::failed;
}

// Appends the file's bytes to `out`, so that they leave together with what is there.
result<void> append_file(std::string& out, const input_file& file, const file_slice& slice) {
  const auto begin = out.size();
  out.resize(begin + slice.size_bytes);
  const std::span place(reinterpret_cast<std::byte*>(out.data() + begin), slice.size_bytes);
  const auto read = read_fully(file, slice.offset, place);
  if (!read)
    return read.error();
  return {};
}

awaitable<io_status> send_copied(connection& peer, const input_file& file, const file_slice& slice,
                                 std::string_view request_id, patience& p) {
  std::vector<std::byte> block(
    static_cast<std::size_t>(std::min<std::uint64_t>(read_bytes, slice.size_bytes)));
  for (std::uint64_t done = 0; done < slice.size_bytes;) {
    const auto wanted = std::min<std::uint64_t>(block.size(), slice.size_bytes - done);
    const std::span place(block.data(), static_cast<std::size_t>(wanted));
    const auto read = read_fully(file, slice.offset + done, place);
    if (!read)
      co_return report(read.error(), request_id);
    const std::string_view text(reinterpret_cast<const char*>(place.data()), place.size());
    const auto sent = co_await peer.send(text, {}, false, p);
    if (sent != io_status::ok)
      co_return sent;
    done += wanted;
  }
  co_return io_status::ok;
}

// `pending` is what must leave before the next piece of the file; small pieces join it.
awaitable<io_status> send_file_body(connection& peer, std::string& pending, const file_body& body,
                                    std::string_view request_id, patience& p) {
  for (const auto& slice : body.slices) {
    pending += slice.before;
    if (slice.size_bytes <= copied_file_bytes_max && pending.size() <= copied_file_bytes_max) {
      const auto appended = append_file(pending, *body.file, slice);
      if (!appended)
        co_return report(appended.error(), request_id);
      continue;
    }
    auto status = co_await peer.send(pending, {}, true, p);
    if (status != io_status::ok)
      co_return status;
    pending.clear();
    if (body.file->descriptor() < 0)
      status = co_await send_copied(peer, *body.file, slice, request_id, p);
    else
      status = co_await peer.send_file(body.file->descriptor(), slice.offset, slice.size_bytes, p);
    if (status != io_status::ok)
      co_return status;
  }
  pending += body.after;
  const auto status = co_await peer.send(pending, {}, false, p);
  co_return status;
}

void append_chunk(std::string& out, std::string_view piece) {
  std::array<char, 16> digits{};
  out.append(digits.data(),
             std::to_chars(digits.data(), digits.data() + digits.size(), piece.size(), 16).ptr);
  out.append("\r\n").append(piece).append("\r\n");
}

// Nothing above catches what is thrown once the head is out, and it would take the thread along.
awaitable<result<std::optional<std::string>>> next_piece(body_stream& stream) {
  try {
    auto piece = co_await stream.next();
    co_return piece;
  } catch (const std::exception& bug) {
    co_return fail(errc::internal, std::string{"making the stream's next piece: "} + bug.what());
  }
}

// `pending` is the head. HTTP/1.0 knows no chunks: there the end of the connection is the end.
awaitable<io_status> send_stream(connection& peer, std::string& pending, body_stream& stream,
                                 const message_frame& frame, patience& p) {
  for (;;) {
    const auto sent = co_await peer.send(pending, {}, false, p);
    if (sent != io_status::ok)
      co_return sent;
    pending.clear();
    peer.rest();
    auto piece = co_await next_piece(stream);
    if (!piece)
      co_return report(piece.error(), frame.request_id);
    if (!*piece)
      break;
    if (frame.is_http_1_0)
      pending = std::move(**piece);
    else
      append_chunk(pending, **piece);
  }
  if (frame.is_http_1_0)
    co_return io_status::ok;
  const auto ended = co_await peer.send("0\r\n\r\n", {}, false, p);
  co_return ended;
}

} // namespace

bool has_body(const response& r, const message_frame& frame) {
  return !frame.is_head && r.status != 204 && r.status != 304;
}

void format_head(std::string& out, const response& r, const message_frame& frame) {
  append_status_line(out, r.status);
  out.append("Date: ").append(frame.date).append("\r\n");
  bool has_sniff = false;
  bool has_cache = false;
  for (const auto& [name, value] : r.fields) {
    DOSSIER_ASSERT(!breaks_lines(name) && !breaks_lines(value),
                   "a response field holds no control characters");
    has_sniff = has_sniff || equals_ignoring_case(name, "X-Content-Type-Options");
    has_cache = has_cache || equals_ignoring_case(name, "Cache-Control");
    out.append(name).append(": ").append(value).append("\r\n");
  }
  if (!has_sniff)
    out += "X-Content-Type-Options: nosniff\r\n";
  if (!has_cache)
    out += "Cache-Control: no-store\r\n";
  out.append("X-Request-Id: ").append(frame.request_id).append("\r\n");
  if (says_length(r)) {
    out += "Content-Length: ";
    append_number(out, body_size_bytes(r, frame));
    out += "\r\n";
  }
  if (r.stream && !frame.is_http_1_0)
    out += "Transfer-Encoding: chunked\r\n";
  if (frame.closes)
    out += "Connection: close\r\n";
  else if (frame.is_http_1_0)
    out += "Connection: keep-alive\r\n";
  out += "\r\n";
}

awaitable<io_status> send_formatted(connection& peer, std::string& head, const response& r,
                                    const message_frame& frame, patience& p) {
  if (!has_body(r, frame)) {
    const auto status = co_await peer.send(head, {}, false, p);
    co_return status;
  }
  if (r.file) {
    const auto status = co_await send_file_body(peer, head, *r.file, frame.request_id, p);
    co_return status;
  }
  if (r.stream) {
    const auto status = co_await send_stream(peer, head, *r.stream, frame, p);
    co_return status;
  }
  if (r.body.size() <= copied_body_bytes_max) {
    head += r.body;
    const auto status = co_await peer.send(head, {}, false, p);
    co_return status;
  }
  const auto status = co_await peer.send(head, r.body, false, p);
  co_return status;
}

} // namespace dossier
