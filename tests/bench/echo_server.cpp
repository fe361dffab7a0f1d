// SPDX-License-Identifier: Apache-2.0
// The peer for requests: Beast and nothing else. GET is answered with a fixed body of a given size,
// POST with its own body. One io_context for each thread, connections dealt out in turn, as the
// product does.
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/strand.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/http.hpp>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <deque>
#include <memory>
#include <string>
#include <thread>
#include <vector>

namespace asio = boost::asio;
namespace beast = boost::beast;
namespace http = boost::beast::http;
using boost::asio::ip::tcp;
using boost::system::error_code;

namespace {

/// One connection; owns itself by the handlers in flight.
class session : public std::enable_shared_from_this<session> {
public:
  session(tcp::socket socket, const std::string& fixed_body)
    : socket_(std::move(socket))
    , fixed_body_(fixed_body) {}

  void read() {
    request_ = {};
    http::async_read(socket_, buffer_, request_,
                     [self = shared_from_this()](error_code failed, std::size_t) {
                       if (!failed)
                         self->write();
                     });
  }

private:
  void write() {
    const bool is_post = request_.method() == http::verb::post;
    response_ = http::response<http::string_body>{
      is_post ? http::status::created : http::status::ok, request_.version()};
    response_.set(http::field::content_type, "application/json");
    response_.body() = is_post ? std::move(request_.body()) : fixed_body_;
    response_.keep_alive(request_.keep_alive());
    response_.prepare_payload();
    http::async_write(socket_, response_,
                      [self = shared_from_this()](error_code failed, std::size_t) {
                        if (!failed && self->response_.keep_alive())
                          self->read();
                      });
  }

  tcp::socket socket_;
  const std::string& fixed_body_;
  beast::flat_buffer buffer_;
  http::request<http::string_body> request_;
  http::response<http::string_body> response_;
};

/// Accepts on the first context and deals the sockets out.
class acceptor {
public:
  acceptor(std::deque<asio::io_context>& contexts, std::string fixed_body)
    : contexts_(contexts)
    , fixed_body_(std::move(fixed_body))
    , listening_(contexts.front(), tcp::endpoint(asio::ip::address_v4::loopback(), 0)) {}

  unsigned port() const { return listening_.local_endpoint().port(); }

  void accept() {
    asio::io_context& next = contexts_[turn_++ % contexts_.size()];
    listening_.async_accept(next, [this](error_code failed, tcp::socket socket) {
      if (!failed) {
        socket.set_option(tcp::no_delay(true));
        const auto executor = socket.get_executor();
        auto made = std::make_shared<session>(std::move(socket), fixed_body_);
        asio::post(executor, [made] { made->read(); });
      }
      accept();
    });
  }

private:
  std::deque<asio::io_context>& contexts_;
  const std::string fixed_body_;
  tcp::acceptor listening_;
  std::size_t turn_ = 0;
};

} // namespace

int main(int argc, char** argv) {
  if (argc != 3) {
    std::fprintf(stderr, "usage: echo_server THREADS BODY_BYTES\n");
    return 2;
  }
  const auto thread_count = static_cast<std::size_t>(std::max(1, std::atoi(argv[1])));
  std::deque<asio::io_context> contexts;
  for (std::size_t i = 0; i < thread_count; ++i)
    contexts.emplace_back(1);
  acceptor accepting(contexts, std::string(static_cast<std::size_t>(std::atoi(argv[2])), 'x'));
  accepting.accept();
  std::printf("http://127.0.0.1:%u\n", accepting.port());
  std::fflush(stdout);

  std::vector<std::thread> threads;
  for (auto& context : contexts)
    threads.emplace_back([&context] {
      const auto busy = asio::make_work_guard(context);
      context.run();
    });
  for (auto& thread : threads)
    thread.join();
}
