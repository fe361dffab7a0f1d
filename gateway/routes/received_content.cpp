// SPDX-License-Identifier: Apache-2.0
#include "gateway/routes/received_content.hpp"

#include "config/log.hpp"
#include "gateway/server.hpp"

#include <boost/asio/strand.hpp>

#include <algorithm>
#include <array>
#include <chrono>
#include <span>
#include <utility>

namespace dossier {

namespace {

constexpr std::size_t received_piece_bytes = 128 * 1024;
constexpr std::size_t pieces_max = 4;
/// No piece rests longer, so an upload has its share however much else is asked for.
constexpr std::chrono::microseconds rest_max{5'000};

/// What the connection and the workers share of one upload; whoever lets go last removes what is
/// unfinished. A piece is filled by the connection, or read by workers.
struct upload_in_progress {
  blob_store& blobs;
  std::string customer;
  content_checks checks;
  std::size_t capacity_bytes = 0; ///< Of each piece.
  memory_budget::share memory;
  std::array<std::unique_ptr<std::byte[]>, pieces_max> pieces{};
  std::unique_ptr<blob_upload> upload{}; ///< Made and used by workers.

  std::span<std::byte> piece(std::size_t which) {
    if (!pieces[which])
      pieces[which] = std::make_unique_for_overwrite<std::byte[]>(capacity_bytes);
    return {pieces[which].get(), capacity_bytes};
  }

  /// On a worker.
  result<void> begin() {
    auto begun = blobs.begin(customer, checks.md5.has_value());
    if (!begun)
      return begun.error();
    upload = std::move(*begun);
    return {};
  }

  /// On a worker.
  result<stored_content> finish(std::size_t which, std::size_t size_bytes) {
    if (!upload)
      if (auto begun = begin(); !begun)
        return begun.error();
    if (size_bytes > 0)
      if (auto appended = upload->append({pieces[which].get(), size_bytes}); !appended)
        return appended.error();
    return upload->finish(checks);
  }
};

/// Full pieces on their way to the disk: one worker writes them in their order, another hashes
/// them.
class pieces_in_hand {
public:
  pieces_in_hand(std::shared_ptr<upload_in_progress> work, asio::thread_pool& workers,
                 asio::any_io_executor executor)
    : work_(std::move(work))
    , executor_(std::move(executor))
    , writing_(asio::make_strand(workers.get_executor()))
    , hashing_(asio::make_strand(workers.get_executor())) {}

  void take(std::size_t which) {
    const std::span<const std::byte> piece = work_->piece(which);
    written_[which]
      = start_on(writing_, executor_, [work = work_, piece] { return work->upload->write(piece); });
    hashed_[which] = start_on(hashing_, executor_, [work = work_, piece] {
      work->upload->hash(piece);
      return true;
    });
  }

  /// Until the piece may be filled again.
  awaitable<result<void>> wait_for(std::size_t which) {
    const auto hashed = std::exchange(hashed_[which], nullptr);
    const auto written = std::exchange(written_[which], nullptr);
    if (!written)
      co_return result<void>{};
    co_await hashed->pass();
    co_await written->pass();
    co_return *written->take();
  }

  /// Until workers have none any more: what was begun vanishes with whoever waits then.
  awaitable<result<void>> wait_for_all() {
    result<void> outcome;
    for (std::size_t which = 0; which < pieces_max; ++which) {
      const auto written = co_await wait_for(which);
      if (!written)
        outcome = written.error();
    }
    co_return outcome;
  }

private:
  const std::shared_ptr<upload_in_progress> work_;
  const asio::any_io_executor executor_;
  const worker_strand writing_;
  const worker_strand hashing_;
  std::array<std::shared_ptr<reply_slot<result<void>>>, pieces_max> written_;
  std::array<std::shared_ptr<reply_slot<bool>>, pieces_max> hashed_;
};

/// Fills `into` as far as the body goes; less than all of it means that the body has ended.
awaitable<result<std::size_t>> fill(body_reader& body, std::span<std::byte> into) {
  std::size_t filled = 0;
  while (filled < into.size()) {
    const auto got = co_await body.read_some(into.subspan(filled));
    if (!got)
      co_return got.error();
    if (*got == 0)
      break;
    filled += *got;
  }
  co_return filled;
}

/// The same, once no worker has the piece any more.
awaitable<result<std::size_t>> refill(pieces_in_hand& in_hand, std::size_t which, body_reader& body,
                                      std::span<std::byte> piece) {
  const auto is_free = co_await in_hand.wait_for(which);
  if (!is_free)
    co_return is_free.error();
  co_return co_await fill(body, piece);
}

/// Makes room for others: between two pieces an upload rests for each request that was answered
/// since. One that takes all it can get keeps them waiting, for processors and for their syncs.
class courtesy {
public:
  explicit courtesy(const shared_parts& shared)
    : shared_(shared)
    , answered_(answered()) {}

  awaitable<void> rest() {
    const auto now = answered();
    const auto others = static_cast<std::int64_t>(now - std::exchange(answered_, now));
    const std::chrono::microseconds each{shared_.parts.settings.http.upload_rest_us};
    const auto time = std::min(others * each, rest_max);
    if (time != time.zero())
      co_await pause_for(time);
  }

private:
  std::uint64_t answered() const {
    const auto* http = shared_.parts.http ? shared_.parts.http() : nullptr;
    std::uint64_t all = 0;
    if (http != nullptr)
      for (const auto& responses : http->responses_by_class)
        all += responses.load(std::memory_order_relaxed);
    return all;
  }

  const shared_parts& shared_;
  std::uint64_t answered_;
};

/// Receives the whole body. What was begun and not finished is gone when this returns.
awaitable<received_content> receive(shared_parts& shared, body_reader& body,
                                    std::shared_ptr<upload_in_progress> work) {
  auto& workers = shared.parts.blob_workers;
  auto executor = co_await asio::this_coro::executor;
  pieces_in_hand in_hand(work, workers, std::move(executor));
  courtesy to_others(shared);
  for (std::size_t which = 0;; which = (which + 1) % pieces_max) {
    const auto got = co_await refill(in_hand, which, body, work->piece(which));
    if (!got) {
      co_await in_hand.wait_for_all();
      co_return got.error();
    }
    const auto size_bytes = *got;
    if (size_bytes < work->capacity_bytes) {
      const auto written = co_await in_hand.wait_for_all();
      if (!written)
        co_return written.error();
      auto finish = [work, which, size_bytes]() -> received_content {
        auto stored = work->finish(which, size_bytes);
        if (!stored)
          return stored.error();
        return std::make_shared<stored_content>(std::move(*stored));
      };
      co_return co_await run_on(workers, std::move(finish));
    }
    if (!work->upload) {
      // Why named: GCC 12 destroys a lambda that is made within a co_await twice.
      auto begin = [work] {
        return work->begin();
      };
      const auto begun = co_await run_on(workers, std::move(begin));
      if (!begun)
        co_return begun.error();
    }
    in_hand.take(which);
    co_await to_others.rest();
  }
}

/// What a rule or the way to it refuses before anything is written. All else may have been durable
/// before its answer was lost.
bool is_certain(errc why) {
  return why == errc::invalid_argument || why == errc::too_large || why == errc::conflict
         || why == errc::gone || why == errc::not_found || why == errc::busy
         || why == errc::content_mismatch || why == errc::quarantined;
}

} // namespace

awaitable<received_content> receive_content(shared_parts& shared, body_reader& body,
                                            std::string customer, content_checks checks) {
  const auto length = body.declared_size_bytes();
  // Why one byte more: a piece that is not full ends the body, without another look at the
  // connection.
  const auto expected_bytes
    = length ? std::min<std::uint64_t>(*length + 1, received_piece_bytes) : received_piece_bytes;
  const auto pieces = expected_bytes < received_piece_bytes ? 1 : pieces_max;
  auto memory = shared.upload_memory.take(static_cast<std::size_t>(pieces * expected_bytes));
  if (!memory)
    co_return memory.error();
  auto work = std::make_shared<upload_in_progress>(
    upload_in_progress{shared.parts.blobs, std::move(customer), checks,
                       static_cast<std::size_t>(expected_bytes), std::move(*memory)});
  co_return co_await receive(shared, body, std::move(work));
}

awaitable<void> discard_refused_content(shared_parts& shared, const content_key& key, errc why) {
  if (is_certain(why))
    co_await discard_content(shared, key);
}

awaitable<void> discard_content(shared_parts& shared, const content_key& key) {
  auto job = [&blobs = shared.parts.blobs, key] {
    return blobs.collect(key);
  };
  const auto collected = co_await run_on(shared.parts.blob_workers, std::move(job));
  if (!collected)
    log(log_level::warn, "refused content not collected", {{"why", collected.error().why}});
}

} // namespace dossier
