// SPDX-License-Identifier: Apache-2.0
// Very many listeners of /api/events in one process, while documents are created at a steady pace.
// Every arrival of every event at every listener is timed against the acknowledgement of its
// create. Prints one line of JSON. Reads only as much HTTP as our server writes.
#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <chrono>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <string_view>
#include <thread>
#include <unordered_map>
#include <utility>
#include <vector>

namespace {

using std::chrono::steady_clock;

constexpr std::chrono::seconds connect_max{60};
constexpr std::chrono::seconds silence_max{20}; // Without one arrival: the rest does not come.
constexpr std::chrono::seconds run_max{300};

struct plan {
  std::uint16_t port = 0;
  std::string key;
  std::size_t listeners = 0;
  double creates_per_s = 0; ///< 0: as fast as one client can.
  std::size_t creates = 0;
};

std::int64_t now_us() {
  return std::chrono::duration_cast<std::chrono::microseconds>(
           steady_clock::now().time_since_epoch())
    .count();
}

[[noreturn]] void give_up(const char* why) {
  std::fprintf(stderr, "stream_listeners: %s\n", why);
  std::exit(1);
}

int connect_to(std::uint16_t port) {
  const int peer = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(port);
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  if (peer < 0 || ::connect(peer, reinterpret_cast<sockaddr*>(&address), sizeof address) != 0)
    give_up("cannot connect");
  const int yes = 1;
  ::setsockopt(peer, IPPROTO_TCP, TCP_NODELAY, &yes, sizeof yes);
  return peer;
}

void send_all(int peer, std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t sent = ::send(peer, bytes.data(), bytes.size(), MSG_NOSIGNAL);
    if (sent <= 0)
      give_up("the server does not take a request");
    bytes.remove_prefix(static_cast<std::size_t>(sent));
  }
}

/// The text behind `before` up to the next quotation mark; empty if it is not there.
std::string_view quoted_behind(std::string_view text, std::string_view before) {
  const auto found = text.find(before);
  if (found == std::string_view::npos)
    return {};
  const auto rest = text.substr(found + before.size());
  return rest.substr(0, rest.find('"'));
}

/// Creates documents one after the other, each at its time, and notes when each was acknowledged.
class creator {
public:
  explicit creator(const plan& what)
    : plan_(what)
    , peer_(connect_to(what.port)) {}
  creator(const creator&) = delete;
  creator& operator=(const creator&) = delete;
  ~creator() { ::close(peer_); }

  void run() {
    const auto started = steady_clock::now();
    for (std::size_t n = 0; n < plan_.creates; ++n) {
      if (plan_.creates_per_s > 0)
        std::this_thread::sleep_until(
          started
          + std::chrono::microseconds(static_cast<std::int64_t>(n * 1e6 / plan_.creates_per_s)));
      create(n);
    }
    is_done = true;
  }

  std::unordered_map<std::string, std::int64_t> acks_us; ///< By document; to be read when done.
  std::atomic<bool> is_done = false;

private:
  void create(std::size_t n) {
    const std::string body = R"({"documentType":"invoice","fileName":"bench.bin"})";
    send_all(peer_, "POST /api/customers/fan-" + std::to_string(n % 64)
                      + "/documents HTTP/1.1\r\nhost: 127.0.0.1\r\nx-functions-key: " + plan_.key
                      + "\r\ncontent-type: application/json\r\ncontent-length: "
                      + std::to_string(body.size()) + "\r\n\r\n" + body);
    std::string answer;
    std::array<char, 8192> piece{};
    while (answer.find("\r\n\r\n") == std::string::npos || answer.back() != '}') {
      const ssize_t got = ::recv(peer_, piece.data(), piece.size(), 0);
      if (got <= 0)
        give_up("the server ended a create");
      answer.append(piece.data(), static_cast<std::size_t>(got));
    }
    const auto ident = quoted_behind(answer, R"("documentId":")");
    if (!answer.starts_with("HTTP/1.1 201") || ident.empty())
      give_up(answer.c_str());
    acks_us.emplace(ident, now_us());
  }

  const plan& plan_;
  const int peer_;
};

/// All listeners, on one thread.
class audience {
public:
  explicit audience(const plan& what)
    : events_(::epoll_create1(EPOLL_CLOEXEC)) {
    const std::string request
      = "GET /api/events HTTP/1.1\r\nhost: 127.0.0.1\r\naccept: text/event-stream\r\n"
        "x-functions-key: "
        + what.key + "\r\n\r\n";
    for (std::size_t n = 0; n < what.listeners; ++n) {
      const int peer = connect_to(what.port);
      send_all(peer, request);
      seats_.push_back({peer, {}, false});
      epoll_event wish{};
      wish.events = EPOLLIN;
      wish.data.u64 = n;
      if (::epoll_ctl(events_, EPOLL_CTL_ADD, peer, &wish) != 0)
        give_up("epoll_ctl");
    }
  }
  audience(const audience&) = delete;
  audience& operator=(const audience&) = delete;
  ~audience() {
    for (const auto& s : seats_)
      ::close(s.peer);
    ::close(events_);
  }

  /// Reads what is there, waiting at most 100 ms for it.
  void listen() {
    std::array<epoll_event, 256> ready{};
    const int count = ::epoll_wait(events_, ready.data(), static_cast<int>(ready.size()), 100);
    for (int i = 0; i < count; ++i)
      read(seats_[ready[static_cast<std::size_t>(i)].data.u64]);
  }

  std::size_t seated = 0;  ///< That have heard the first line of their stream.
  std::size_t broken = 0;  ///< Whose stream has ended.
  std::size_t arrived = 0; ///< Events, at all listeners together.
  std::unordered_map<std::string, std::vector<std::int64_t>> arrivals_us; ///< By document.

private:
  struct seat {
    int peer;
    std::string line; ///< What has come of the last one.
    bool is_seated;
  };

  void read(seat& s) {
    static std::array<char, 1 << 18> piece;
    const ssize_t got = ::recv(s.peer, piece.data(), piece.size(), MSG_DONTWAIT);
    if (got <= 0) {
      ::epoll_ctl(events_, EPOLL_CTL_DEL, s.peer, nullptr);
      ++broken;
      return;
    }
    const auto at = now_us();
    std::string_view rest(piece.data(), static_cast<std::size_t>(got));
    for (auto end = rest.find('\n'); end != std::string_view::npos; end = rest.find('\n')) {
      s.line.append(rest.substr(0, end));
      take(s, at);
      s.line.clear();
      rest.remove_prefix(end + 1);
    }
    s.line.append(rest);
  }

  void take(seat& s, std::int64_t at) {
    if (s.line.starts_with("retry:") && !std::exchange(s.is_seated, true))
      ++seated;
    if (!s.line.starts_with("data: "))
      return;
    const auto subject = quoted_behind(s.line, R"("subject":"document/)");
    if (subject.empty())
      return;
    arrivals_us[std::string(subject)].push_back(at);
    ++arrived;
  }

  const int events_;
  std::vector<seat> seats_;
};

void report(const plan& what, const creator& made, const audience& heard) {
  std::vector<std::int64_t> waits;
  std::int64_t first = INT64_MAX;
  std::int64_t last = 0;
  for (const auto& [ident, acked] : made.acks_us) {
    first = std::min(first, acked);
    const auto found = heard.arrivals_us.find(ident);
    if (found == heard.arrivals_us.end())
      continue;
    for (const auto at : found->second) {
      waits.push_back(at - acked);
      last = std::max(last, at);
    }
  }
  std::sort(waits.begin(), waits.end());
  const auto at = [&waits](double share) {
    const auto place = static_cast<std::size_t>(static_cast<double>(waits.size()) * share);
    return waits.empty() ? 0.0
                         : static_cast<double>(waits[std::min(place, waits.size() - 1)]) / 1000;
  };
  std::printf("{\"listeners\": %zu, \"acked\": %zu, \"expected\": %zu, \"delivered\": %zu, "
              "\"broken\": %zu, \"seconds\": %.6f, \"p50_ms\": %.3f, \"p99_ms\": %.3f}\n",
              what.listeners, made.acks_us.size(), made.acks_us.size() * what.listeners,
              waits.size(), heard.broken,
              waits.empty() ? 0.0 : static_cast<double>(last - first) / 1e6, at(0.5), at(0.99));
}

} // namespace

int main(int argc, char** argv) {
  if (argc != 6) {
    std::fprintf(stderr, "usage: stream_listeners PORT KEY LISTENERS CREATES_PER_S CREATES\n");
    return 2;
  }
  const plan what{static_cast<std::uint16_t>(std::atoi(argv[1])), argv[2],
                  std::strtoul(argv[3], nullptr, 10), std::strtod(argv[4], nullptr),
                  std::strtoul(argv[5], nullptr, 10)};
  rlimit files{};
  ::getrlimit(RLIMIT_NOFILE, &files);
  files.rlim_cur = files.rlim_max;
  ::setrlimit(RLIMIT_NOFILE, &files);

  const auto started = steady_clock::now();
  audience heard(what);
  while (heard.seated < what.listeners) {
    heard.listen();
    if (heard.broken > 0 || steady_clock::now() - started > connect_max)
      give_up("not every listener gets its stream");
  }
  creator made(what);
  std::thread creating([&made] { made.run(); });
  auto news_at = steady_clock::now();
  for (auto known = heard.arrived; !made.is_done || heard.arrived < what.creates * what.listeners;
       known = heard.arrived) {
    heard.listen();
    const auto now = steady_clock::now();
    if (heard.arrived > known)
      news_at = now;
    if (now - news_at > silence_max || now - started > run_max)
      break;
  }
  creating.join();
  report(what, made, heard);
  return 0;
}
