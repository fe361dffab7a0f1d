// SPDX-License-Identifier: Apache-2.0
// The peer for uploads: receive, hash, write, fdatasync, answer 201; a thread for each connection.
// Reads only as much HTTP as curl and wrk send: PUT with Content-Length, without Expect.
#include <openssl/evp.h>

#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <memory>
#include <string>
#include <thread>
#include <vector>

namespace {

std::atomic<unsigned> next_file{0};

/// A file being received: hashed on the way, synced at its end, removed after.
class incoming {
public:
  explicit incoming(const std::string& folder)
    : path_(folder + "/" + std::to_string(next_file++))
    , file_(::open(path_.c_str(), O_CREAT | O_TRUNC | O_WRONLY, 0600))
    , hash_(EVP_MD_CTX_new(), EVP_MD_CTX_free) {
    EVP_DigestInit_ex(hash_.get(), EVP_sha256(), nullptr);
  }
  incoming(const incoming&) = delete;
  incoming& operator=(const incoming&) = delete;
  ~incoming() {
    ::close(file_);
    ::unlink(path_.c_str());
  }

  bool take(const char* bytes, std::size_t count) {
    EVP_DigestUpdate(hash_.get(), bytes, count);
    while (count > 0) {
      const ssize_t written = ::write(file_, bytes, count);
      if (written <= 0)
        return false;
      bytes += written;
      count -= static_cast<std::size_t>(written);
    }
    return true;
  }

  bool finish() {
    unsigned char digest[EVP_MAX_MD_SIZE];
    return EVP_DigestFinal_ex(hash_.get(), digest, nullptr) == 1 && ::fdatasync(file_) == 0;
  }

private:
  const std::string path_;
  const int file_;
  const std::unique_ptr<EVP_MD_CTX, decltype(&EVP_MD_CTX_free)> hash_;
};

/// What stands behind "Content-Length:"; 0 if nothing does.
std::size_t content_length(const std::string& head) {
  const char* found = ::strcasestr(head.c_str(), "content-length:");
  return found ? std::strtoull(found + std::strlen("content-length:"), nullptr, 10) : 0;
}

/// One request: false when the connection is over.
bool serve_one(int socket, const std::string& folder, std::vector<char>& buffer,
               std::string& early) {
  std::size_t head_end;
  while ((head_end = early.find("\r\n\r\n")) == std::string::npos) {
    const ssize_t got = ::recv(socket, buffer.data(), buffer.size(), 0);
    if (got <= 0)
      return false;
    early.append(buffer.data(), static_cast<std::size_t>(got));
  }
  std::size_t missing = content_length(early.substr(0, head_end));
  early.erase(0, head_end + 4);
  incoming file(folder);
  const std::size_t first = std::min(missing, early.size());
  if (!file.take(early.data(), first))
    return false;
  early.erase(0, first);
  missing -= first;
  while (missing > 0) {
    const ssize_t got = ::recv(socket, buffer.data(), std::min(buffer.size(), missing), 0);
    if (got <= 0 || !file.take(buffer.data(), static_cast<std::size_t>(got)))
      return false;
    missing -= static_cast<std::size_t>(got);
  }
  if (!file.finish())
    return false;
  constexpr char answer[] = "HTTP/1.1 201 Created\r\nContent-Length: 0\r\n\r\n";
  return ::send(socket, answer, sizeof answer - 1, MSG_NOSIGNAL) > 0;
}

void serve(int socket, const std::string& folder) {
  std::vector<char> buffer(256 * 1024);
  std::string early;
  while (serve_one(socket, folder, buffer, early)) {
  }
  ::close(socket);
}

} // namespace

int main(int argc, char** argv) {
  if (argc != 2) {
    std::fprintf(stderr, "usage: receive_server FOLDER\n");
    return 2;
  }
  const std::string folder = argv[1];
  const int listening = ::socket(AF_INET, SOCK_STREAM, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof address;
  if (::bind(listening, reinterpret_cast<sockaddr*>(&address), size) != 0
      || ::listen(listening, 512) != 0
      || ::getsockname(listening, reinterpret_cast<sockaddr*>(&address), &size) != 0) {
    std::perror("receive_server: cannot listen");
    return 1;
  }
  std::printf("http://127.0.0.1:%u\n", unsigned{ntohs(address.sin_port)});
  std::fflush(stdout);
  while (true) {
    const int socket = ::accept(listening, nullptr, nullptr);
    if (socket < 0)
      continue;
    const int on = 1;
    ::setsockopt(socket, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    std::thread(serve, socket, folder).detach();
  }
}
