// SPDX-License-Identifier: Apache-2.0
#include "gateway/routes/received_content.hpp"

#include "config/log.hpp"

#include <algorithm>
#include <array>
#include <span>
#include <utility>

namespace dossier {

namespace {

constexpr std::size_t piece_bytes = 256 * 1024;

/// What the connection and the workers share of one upload; whoever lets go last removes what is
/// unfinished. A piece belongs to one of them at a time.
struct upload_in_progress {
  blob_store& blobs;
  std::string customer;
  content_checks checks;
  std::size_t capacity_bytes = 0;
  memory_budget::share memory;
  std::array<std::unique_ptr<std::byte[]>, 2> pieces{};
  std::unique_ptr<blob_upload> upload{}; ///< Made and used by workers.

  std::span<std::byte> piece(std::size_t which) {
    if (!pieces[which])
      pieces[which] = std::make_unique_for_overwrite<std::byte[]>(capacity_bytes);
    return {pieces[which].get(), capacity_bytes};
  }

  /// On a worker.
  result<void> append(std::size_t which, std::size_t size_bytes) {
    if (!upload) {
      auto begun = blobs.begin(customer, checks.md5.has_value());
      if (!begun)
        return begun.error();
      upload = std::move(*begun);
    }
    if (size_bytes == 0)
      return {};
    return upload->append({pieces[which].get(), size_bytes});
  }

  /// On a worker.
  result<stored_content> append_last(std::size_t which, std::size_t size_bytes) {
    if (auto appended = append(which, size_bytes); !appended)
      return appended.error();
    return upload->finish(checks);
  }
};

/// A full piece that workers have: one of them, or one writes it while the other hashes it.
class piece_in_hand {
public:
  void start(asio::thread_pool& workers, const asio::any_io_executor& executor,
             const std::shared_ptr<upload_in_progress>& work, std::size_t which) {
    const auto size_bytes = work->capacity_bytes;
    if (!work->upload) {
      parts_[0] = start_on(workers, executor,
                           [work, which, size_bytes] { return work->append(which, size_bytes); });
      return;
    }
    parts_[0] = start_on(workers, executor, [work, which, size_bytes] {
      return work->upload->write({work->pieces[which].get(), size_bytes});
    });
    parts_[1] = start_on(workers, executor, [work, which, size_bytes] {
      work->upload->hash({work->pieces[which].get(), size_bytes});
      return result<void>{};
    });
  }

  /// Until nobody has it any more.
  awaitable<result<void>> wait() {
    result<void> outcome;
    for (auto& part : parts_) {
      if (const auto slot = std::exchange(part, nullptr)) {
        const auto done = co_await slot->wait();
        if (!*done)
          outcome = done->error();
      }
    }
    co_return outcome;
  }

private:
  std::array<std::shared_ptr<reply_slot<result<void>>>, 2> parts_;
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

/// Receives the whole body. What was begun vanishes with `work` unless it was finished.
awaitable<received_content> receive(shared_parts& shared, body_reader& body,
                                    std::shared_ptr<upload_in_progress> work) {
  auto& workers = shared.parts.blob_workers;
  const auto executor = co_await asio::this_coro::executor;
  piece_in_hand before;
  std::size_t which = 0;
  for (;;) {
    const auto got = co_await fill(body, work->piece(which));
    const auto taken = co_await before.wait();
    if (!taken)
      co_return taken.error();
    if (!got)
      co_return got.error();
    const auto size_bytes = *got;
    if (size_bytes < work->capacity_bytes) {
      auto finish = [work, which, size_bytes]() -> received_content {
        auto stored = work->append_last(which, size_bytes);
        if (!stored)
          return stored.error();
        return std::make_shared<stored_content>(std::move(*stored));
      };
      co_return co_await run_on(workers, std::move(finish));
    }
    before.start(workers, executor, work, which);
    which = 1 - which;
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
    = length ? std::min<std::uint64_t>(*length + 1, piece_bytes) : piece_bytes;
  auto memory = shared.upload_memory.take(static_cast<std::size_t>(2 * expected_bytes));
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
