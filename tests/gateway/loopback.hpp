// SPDX-License-Identifier: Apache-2.0
// A server with a few routes on a free port of the loopback interface.
#pragma once

#include "config/settings.hpp"
#include "gateway/server.hpp"
#include "persistence/files.hpp"
#include "protocol/assert.hpp"
#include "tests/support/scratch_directory.hpp"

#include <boost/asio/post.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <algorithm>
#include <array>
#include <atomic>
#include <condition_variable>
#include <functional>
#include <list>
#include <memory>
#include <mutex>
#include <optional>
#include <stdexcept>
#include <string>
#include <utility>

namespace dossier::test {

/// "1.2.3." for three pieces; fails or throws instead of a piece, 0: never.
class counting_stream final : public body_stream {
public:
  counting_stream(int pieces, int fails_at, int throws_at)
    : pieces_(pieces)
    , fails_at_(fails_at)
    , throws_at_(throws_at) {}

  awaitable<result<std::optional<std::string>>> next() override {
    if (++piece_ == throws_at_)
      throw broken_invariant("planted");
    if (piece_ == fails_at_)
      co_return fail(errc::unavailable, "the source has dried up");
    if (piece_ > pieces_)
      co_return std::nullopt;
    co_return std::optional{std::to_string(piece_) + "."};
  }

private:
  const int pieces_;
  const int fails_at_;
  const int throws_at_;
  int piece_ = 0;
};

/// Holds handlers until it is opened.
class gate {
public:
  awaitable<void> pass() {
    const auto executor = co_await asio::this_coro::executor;
    auto timer
      = std::make_shared<asio::steady_timer>(executor, asio::steady_timer::time_point::max());
    {
      const std::lock_guard lock(mutex_);
      if (is_open_)
        co_return;
      waiting_.push_back(timer);
      changed_.notify_all();
    }
    boost::system::error_code cancelled;
    co_await timer->async_wait(asio::redirect_error(asio::use_awaitable, cancelled));
  }

  /// Returns when so many handlers wait; false if that takes longer than 20 s.
  bool await_waiting(std::size_t count) {
    std::unique_lock lock(mutex_);
    return changed_.wait_for(lock, seconds(20), [&] { return waiting_.size() >= count; });
  }

  void open() {
    const std::lock_guard lock(mutex_);
    is_open_ = true;
    for (const auto& timer : waiting_)
      asio::post(timer->get_executor(), [timer] { timer->cancel(); });
    // They must not outlive the server's threads.
    waiting_.clear();
  }

private:
  std::mutex mutex_;
  std::condition_variable changed_;
  std::list<std::shared_ptr<asio::steady_timer>> waiting_;
  bool is_open_ = false;
};

class wall_clock final : public clock {
public:
  timestamp now() const override {
    return std::chrono::time_point_cast<milliseconds>(std::chrono::system_clock::now());
  }
};

/// A file of one test in a directory of its own.
class test_file {
public:
  explicit test_file(std::uint64_t size_bytes) {
    auto out = posix_files().create(directory_ / "content");
    for (std::uint64_t done = 0; done < size_bytes;) {
      std::array<std::byte, 65'536> block;
      for (std::size_t i = 0; i < block.size(); ++i)
        block[i] = static_cast<std::byte>((done + i) % 251);
      const auto bytes = std::min<std::uint64_t>(block.size(), size_bytes - done);
      if (!(*out)->append({block.data(), static_cast<std::size_t>(bytes)}))
        throw std::runtime_error("cannot write the file of a test");
      done += bytes;
    }
  }

  std::shared_ptr<const input_file> open() const {
    return *posix_files().open(directory_ / "content");
  }

private:
  scratch_directory directory_;
};

/// Settings with deadlines short enough to be met in a test.
inline settings quick_settings() {
  settings s;
  s.listen.port = 0;
  s.http.threads = 2;
  s.http.header_deadline_ms = 300;
  s.http.idle_deadline_ms = 10'000;
  s.http.json_deadline_ms = 300;
  s.http.rate_grace_ms = 300;
  s.http.body_rate_bytes_per_s_min = 1'000'000;
  s.http.json_bytes_max = 1'024;
  s.http.content_bytes_max = 1'048'576;
  s.http.drain_ms = 5'000;
  return s;
}

constexpr std::uint64_t file_bytes = 3'000'000;

/// The server under test. See table() for its routes.
class served {
public:
  explicit served(const settings& s = quick_settings())
    : file_(file_bytes)
    , server_(
        *dossier::server::listen(s, clock_, table(), [](const request& r) { return enter(r); })) {
    server_->start();
  }
  ~served() {
    gate_.open();
    drain();
  }

  dossier::server& server() { return *server_; }
  std::uint16_t port() const { return server_->port(); }
  int canaries() const { return canaries_; }
  test::gate& waiters() { return gate_; }
  void drain() {
    if (!std::exchange(is_drained_, true))
      server_->drain();
  }

private:
  static result<principal> enter(const request& r) {
    principal p;
    p.name = r.field("x-functions-key");
    p.role = p.name == "boss" ? principal::role_type::admin : principal::role_type::customer;
    if (p.name.empty())
      return fail(errc::unauthenticated, "no key was sent");
    return p;
  }

  static response text(std::string body) {
    response out;
    out.fields.emplace_back("Content-Type", "text/plain");
    out.body = std::move(body);
    return out;
  }

  static awaitable<response> echo(request& r, body_reader& body) {
    std::string all;
    std::array<std::byte, 100> block;
    for (;;) {
      const auto read = co_await body.read_some(block);
      if (!read)
        co_return problem(read.error(), r.request_id);
      if (*read == 0)
        co_return json_response(200, all);
      all.append(reinterpret_cast<const char*>(block.data()), *read);
    }
  }

  static awaitable<response> count(request& r, body_reader& body) {
    std::uint64_t bytes = 0;
    std::array<std::byte, 32'768> block;
    for (;;) {
      const auto read = co_await body.read_some(block);
      if (!read)
        co_return problem(read.error(), r.request_id);
      if (*read == 0)
        co_return text(std::to_string(bytes));
      bytes += *read;
    }
  }

  awaitable<response> send_file(request&, body_reader&) {
    response out;
    file_body body{file_.open(), {}, "end"};
    body.slices.push_back({"first:", 10, 20});
    body.slices.push_back({"second:", 0, file_bytes});
    out.file = std::move(body);
    co_return out;
  }

  /// A route that answers at once.
  route plain(verb v, std::string path, access who, std::function<response(request&)> f) {
    return {v,
            std::move(path),
            body_kind::none,
            who,
            "plain",
            [f = std::move(f)](request& r, body_reader&) -> awaitable<response> {
              co_return f(r);
            }};
  }

  std::vector<route> table() {
    std::vector<route> out;
    const auto get = [&](std::string path, std::function<response(request&)> f) {
      out.push_back(plain(verb::get, std::move(path), access::open, std::move(f)));
    };
    get("/hello", [](request&) { return text("hello"); });
    get("/canary", [this](request&) { return text(std::to_string(++canaries_)); });
    get("/large", [](request&) { return text(std::string(4'000'000, 'x')); });
    get("/throws", [](request&) -> response { throw broken_invariant("planted"); });
    get("/split", [](request&) {
      auto split = text("");
      split.fields.emplace_back("X-Name", "a\r\nSet-Cookie: b");
      return split;
    });
    get("/streams/{pieces}", [](request& r) {
      response streamed;
      streamed.stream = std::make_shared<counting_stream>(
        std::stoi(r.params.at(0)), r.query_value("fails") ? 3 : 0, r.query_value("throws") ? 3 : 0);
      return streamed;
    });
    get("/things/{id}", [](request& r) {
      return text(r.params.at(0) + "?" + std::string(r.query_value("q").value_or("")));
    });
    out.push_back(
      plain(verb::get, "/key", access::key, [](request& r) { return text(r.caller.name); }));
    out.push_back(plain(verb::get, "/admin", access::admin, [](request&) { return text("yes"); }));
    out.push_back(plain(verb::get, "/signed", access::signed_url,
                        [](request& r) { return text(std::string(r.target)); }));
    out.push_back(plain(verb::del, "/hello", access::open, [](request&) {
      response none;
      none.status = 204;
      return none;
    }));
    out.push_back({verb::post, "/echo", body_kind::json, access::open, "echo", echo});
    out.push_back({verb::put, "/content", body_kind::content, access::open, "count", count});
    out.push_back({verb::put, "/ignored", body_kind::content, access::open, "ignore",
                   [](request&, body_reader&) -> awaitable<response> {
                     co_return text("ignored");
                   }});
    out.push_back({verb::get, "/file", body_kind::none, access::open, "file",
                   [this](request& r, body_reader& b) {
                     return send_file(r, b);
                   }});
    out.push_back({verb::get, "/wait", body_kind::none, access::open, "wait",
                   [this](request&, body_reader&) -> awaitable<response> {
                     co_await gate_.pass();
                     co_return text("waited");
                   }});
    return out;
  }

  wall_clock clock_;
  std::atomic<int> canaries_{0};
  test::gate gate_;
  test_file file_;
  std::unique_ptr<dossier::server> server_;
  bool is_drained_ = false;
};

} // namespace dossier::test
