// SPDX-License-Identifier: Apache-2.0
// A client that sends exactly the bytes it is given. Every wait ends after 20 s, so no test hangs.
#pragma once

#include <array>
#include <cctype>
#include <cerrno>
#include <cstddef>
#include <cstdint>
#include <map>
#include <netinet/in.h>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <sys/socket.h>
#include <unistd.h>
#include <utility>

namespace dossier::test {

/// One response as it came over the wire.
struct received_answer {
  unsigned status = 0;                       ///< 0: the connection ended before a whole head.
  std::map<std::string, std::string> fields; ///< Names in lower case.
  std::string body;

  std::string field(const std::string& name) const {
    const auto found = fields.find(name);
    return found == fields.end() ? "" : found->second;
  }
};

/// A blocking connection.
class client {
public:
  explicit client(std::uint16_t port, int receive_buffer_bytes = 0) {
    socket_ = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    const timeval patience{20, 0};
    ::setsockopt(socket_, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
    ::setsockopt(socket_, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof patience);
    if (receive_buffer_bytes > 0)
      ::setsockopt(socket_, SOL_SOCKET, SO_RCVBUF, &receive_buffer_bytes, sizeof(int));
    sockaddr_in peer{};
    peer.sin_family = AF_INET;
    peer.sin_port = htons(port);
    peer.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    if (::connect(socket_, reinterpret_cast<sockaddr*>(&peer), sizeof peer) != 0)
      throw std::runtime_error("cannot connect to the server under test");
  }
  ~client() { ::close(socket_); }
  client(const client&) = delete;
  client& operator=(const client&) = delete;

  /// False: the server has closed the connection.
  bool send(std::string_view bytes) {
    while (!bytes.empty()) {
      const auto sent = ::send(socket_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
      if (sent <= 0)
        return false;
      bytes.remove_prefix(static_cast<std::size_t>(sent));
    }
    return true;
  }

  /// Reads one response; of a HEAD request only the head follows.
  received_answer receive(bool is_head = false) {
    received_answer out;
    while (buffer_.find("\r\n\r\n") == std::string::npos)
      if (!fill())
        return out;
    const auto end = buffer_.find("\r\n\r\n");
    read_head(buffer_.substr(0, end + 2), out);
    buffer_.erase(0, end + 4);
    const auto length = out.field("content-length");
    const auto size = is_head || out.status == 304 || length.empty() ? 0 : std::stoull(length);
    while (buffer_.size() < size)
      if (!fill())
        return {};
    out.body = buffer_.substr(0, size);
    buffer_.erase(0, size);
    return out;
  }

  /// Reads a body in chunks; nothing if the connection ends before the last one.
  std::optional<std::string> receive_chunks() {
    std::string body;
    for (;;) {
      std::size_t end = 0;
      while ((end = buffer_.find("\r\n")) == std::string::npos)
        if (!fill())
          return std::nullopt;
      const auto size = std::stoull(buffer_.substr(0, end), nullptr, 16);
      while (buffer_.size() < end + 2 + size + 2)
        if (!fill())
          return std::nullopt;
      body += buffer_.substr(end + 2, size);
      buffer_.erase(0, end + 2 + size + 2);
      if (size == 0)
        return body;
    }
  }
  /// All that comes until the connection ends.
  std::string receive_rest() {
    while (fill())
      continue;
    return std::exchange(buffer_, {});
  }
  /// Whether the connection ends without another byte.
  bool is_ended() { return buffer_.empty() && !fill() && is_over_; }
  /// Reads and forgets up to the end; the number of bytes, or nothing if no end came in time.
  std::optional<std::size_t> read_to_end() {
    std::size_t bytes = 0;
    do {
      bytes += buffer_.size();
      buffer_.clear();
    } while (fill());
    return is_over_ ? std::optional(bytes) : std::nullopt;
  }

private:
  static void read_head(std::string_view head, received_answer& out) {
    out.status = static_cast<unsigned>(std::stoul(std::string(head.substr(9, 3))));
    head.remove_prefix(head.find("\r\n") + 2);
    while (!head.empty()) {
      const auto line = head.substr(0, head.find("\r\n"));
      head.remove_prefix(line.size() + 2);
      std::string name(line.substr(0, line.find(':')));
      for (auto& c : name)
        c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
      out.fields[name] = line.substr(line.find(':') + 2);
    }
  }

  bool fill() {
    std::array<char, 65'536> block;
    const auto got = ::recv(socket_, block.data(), block.size(), 0);
    // A reset ends the connection too; only silence does not.
    is_over_ = got == 0 || (got < 0 && errno == ECONNRESET);
    if (got <= 0)
      return false;
    buffer_.append(block.data(), static_cast<std::size_t>(got));
    return true;
  }

  int socket_ = -1;
  bool is_over_ = false;
  std::string buffer_;
};

/// A complete GET.
inline std::string get(const std::string& target, const std::string& fields = "") {
  return "GET " + target + " HTTP/1.1\r\nHost: test\r\n" + fields + "\r\n";
}

} // namespace dossier::test
