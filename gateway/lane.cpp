// SPDX-License-Identifier: Apache-2.0
#include "gateway/lane.hpp"

#include "config/log.hpp"

#include <boost/asio/post.hpp>

#include <array>
#include <charconv>
#include <csignal>
#include <random>

namespace dossier {

namespace {

constexpr milliseconds tick_ms{250};
// Room for a body beside the largest head.
constexpr std::size_t body_room_bytes = 16'384;
// How long closed connections may take to unwind before the thread ends without them.
constexpr milliseconds unwind_ms{250};
// As many responses may be on their way at once without new memory for the next.
constexpr std::size_t texts_kept_max = 64;
constexpr std::size_t text_bytes_kept_max = 65'536;

std::string random_prefix(std::uint32_t number) {
  std::random_device dice;
  const auto value = (std::uint64_t{dice()} << 32 | dice()) ^ number;
  std::array<char, 17> digits{};
  const auto end = std::to_chars(digits.data(), digits.data() + digits.size(), value, 36).ptr;
  return std::string(digits.data(), end) + "-";
}

} // namespace

lane::lane(edge& shared, std::uint32_t number)
  : edge_(shared)
  , buffers_(shared.http.header_bytes_max + body_room_bytes)
  , id_prefix_(random_prefix(number)) {
  tick();
}

lane::~lane() {
  stop();
  // Sessions that the context still holds go with it, after the ticker.
  is_draining_ = false;
}

void lane::start() {
  thread_ = std::thread([this] {
    // sendfile has no MSG_NOSIGNAL: a peer that went away would end the process.
    sigset_t pipe;
    sigemptyset(&pipe);
    sigaddset(&pipe, SIGPIPE);
    pthread_sigmask(SIG_BLOCK, &pipe, nullptr);
    context_.run();
  });
}

void lane::drain(steady_time until) {
  asio::post(context_, [this, until] {
    is_draining_ = true;
    drain_until_ = until;
    for (auto& c : connections_)
      c.drain();
    removed();
  });
}

void lane::join() {
  if (thread_.joinable())
    thread_.join();
}

void lane::stop() {
  context_.stop();
  join();
}

void lane::removed() {
  if (is_draining_ && connections_.empty())
    ticker_.cancel();
}

std::string lane::take_text() {
  if (texts_.empty())
    return {};
  auto text = std::move(texts_.back());
  texts_.pop_back();
  return text;
}

void lane::give_text(std::string text) {
  if (texts_.size() < texts_kept_max && text.capacity() <= text_bytes_kept_max)
    texts_.push_back(std::move(text));
}

void lane::name_request(std::string& into) {
  std::array<char, 16> digits{};
  const auto end = std::to_chars(digits.data(), digits.data() + digits.size(), next_id_++, 36).ptr;
  into.assign(id_prefix_).append(digits.data(), end);
}

void lane::tick() {
  const auto now = std::chrono::steady_clock::now();
  for (auto& c : connections_)
    c.check(now);
  const auto wall = edge_.time.now();
  if (http_date_.empty()
      || std::chrono::floor<seconds>(wall) != std::chrono::floor<seconds>(dated_at_)) {
    dated_at_ = wall;
    http_date_ = to_http_date(wall);
  }
  if (is_draining_ && connections_.empty())
    return;
  if (is_draining_ && now >= drain_until_) {
    for (auto& c : connections_)
      c.close();
    if (now >= drain_until_ + unwind_ms) {
      log(log_level::warn, "drain ended with requests unanswered",
          {{"connections", std::to_string(connections_.size())}});
      context_.stop();
    }
  }
  wait_for_tick();
}

void lane::wait_for_tick() {
  ticker_.expires_after(tick_ms);
  ticker_.async_wait([this](const boost::system::error_code& error) {
    // Cancelled: the last connection of a drain is gone, and without a tick the thread runs out of
    // work.
    if (!error)
      tick();
  });
}

} // namespace dossier
