// SPDX-License-Identifier: Apache-2.0
#include "gateway/outbound_client.hpp"

#include "gateway/version.hpp"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/post.hpp>

#include <exception>
#include <utility>

namespace dossier {

outbound_client::outbound_client(const webhook_settings& settings, const clock& time,
                                 look_up_function look_up)
  : settings_(settings)
  , lookups_(std::in_place, settings.lookup_threads)
  , parts_{time,
           tls_,
           *lookups_,
           std::move(look_up),
           settings.private_destinations,
           settings.answer_bytes_max,
           "Dossier/" + std::string{version}}
  , context_(std::make_unique<asio::io_context>(1))
  , work_(asio::make_work_guard(*context_)) {}

result<std::unique_ptr<outbound_client>> outbound_client::start(const webhook_settings& settings,
                                                                const clock& time,
                                                                look_up_function look_up) {
  std::unique_ptr<outbound_client> client{new outbound_client{settings, time, std::move(look_up)}};
  auto& tls = client->tls_;
  using context = asio::ssl::context;
  tls.set_options(context::default_workarounds | context::no_sslv2 | context::no_sslv3
                  | context::no_tlsv1 | context::no_tlsv1_1 | context::no_compression);
  boost::system::error_code error;
  if (settings.ca_file.empty())
    tls.set_default_verify_paths(error);
  else
    tls.load_verify_file(settings.ca_file, error);
  if (error)
    return fail(errc::unavailable,
                "the certificates of webhooks.ca_file cannot be read: " + error.message());
  client->thread_ = std::thread([raw = client.get()] { raw->context_->run(); });
  return client;
}

outbound_client::~outbound_client() {
  stop();
}

void outbound_client::stop() {
  if (is_stopped_.exchange(true))
    return;
  work_.reset();
  context_->stop();
  if (thread_.joinable())
    thread_.join();
  waiting_.clear();
  // Threads of look-ups answer into the context: they end first.
  lookups_->stop();
  lookups_->join();
  context_ = nullptr;
}

void outbound_client::call(outbound_request what, called done) {
  if (is_stopped_)
    return;
  const auto held_max
    = std::uint64_t{settings_.connections_max} + std::uint64_t{settings_.calls_waiting_max};
  if (held_.fetch_add(1) >= held_max) {
    held_.fetch_sub(1);
    done(
      fail(errc::busy, "as many calls to the outside wait as webhooks.calls_waiting_max allows"));
    return;
  }
  const auto until = std::chrono::steady_clock::now() + what.deadline;
  auto next = std::make_shared<pending_call>(pending_call{std::move(what), std::move(done), until});
  asio::post(*context_, [this, next = std::move(next)]() mutable {
    waiting_.push_back(std::move(next));
    stats_.waiting = waiting_.size();
    begin_what_may();
  });
}

void outbound_client::begin_what_may() {
  while (!waiting_.empty() && stats_.open < settings_.connections_max) {
    auto next = std::move(waiting_.front());
    waiting_.pop_front();
    begin(std::move(next));
  }
  stats_.waiting = waiting_.size();
}

void outbound_client::begin(std::shared_ptr<pending_call> next) {
  ++stats_.calls;
  ++stats_.open;
  auto run = [this, next]() -> awaitable<result<outbound_answer>> {
    if (std::chrono::steady_clock::now() >= next->until)
      co_return fail(errc::timed_out,
                     "the call to " + next->what.to.host
                       + " waited too long for one of webhooks.connections_max others to end");
    co_return co_await attempt_call(parts_, next->what, next->until);
  };
  asio::co_spawn(*context_, std::move(run),
                 [this, next](const std::exception_ptr& thrown, result<outbound_answer> answer) {
                   if (!thrown) {
                     finish(*next, std::move(answer));
                     return;
                   }
                   try {
                     std::rethrow_exception(thrown);
                   } catch (const std::exception& e) {
                     finish(*next, fail(errc::internal, "a call to " + next->what.to.host
                                                          + " was stopped by a bug: " + e.what()));
                   }
                 });
}

void outbound_client::finish(const pending_call& ended, result<outbound_answer> answer) {
  --stats_.open;
  held_.fetch_sub(1);
  if (!answer)
    ++stats_.failures;
  ended.done(std::move(answer));
  begin_what_may();
}

} // namespace dossier
