// SPDX-License-Identifier: Apache-2.0
// An upload on its way from the connection to the blob store. While a worker hashes and writes one
// piece, the connection receives the next: two pieces in memory, never more.
#include "gateway/routes/content_upload.hpp"

#include "config/log.hpp"
#include "gateway/conditions.hpp"
#include "gateway/routes/document_access.hpp"
#include "protocol/digest.hpp"

#include <algorithm>
#include <array>
#include <memory>
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
  std::unique_ptr<blob_upload> upload{}; ///< Workers only.

  std::span<std::byte> piece(std::size_t which) {
    if (!pieces[which])
      pieces[which] = std::make_unique_for_overwrite<std::byte[]>(capacity_bytes);
    return {pieces[which].get(), capacity_bytes};
  }

  /// On a worker.
  result<void> write(std::size_t which, std::size_t size_bytes) {
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
  result<stored_content> write_last(std::size_t which, std::size_t size_bytes) {
    if (auto written = write(which, size_bytes); !written)
      return written.error();
    return upload->finish(checks);
  }
};

using stored_result = result<std::shared_ptr<stored_content>>;
using written_slot = std::shared_ptr<reply_slot<result<void>>>;

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
awaitable<stored_result> receive(shared_parts& shared, body_reader& body,
                                 std::shared_ptr<upload_in_progress> work) {
  auto& workers = shared.parts.blob_workers;
  const auto executor = co_await asio::this_coro::executor;
  written_slot before;
  std::size_t which = 0;
  for (;;) {
    const auto got = co_await fill(body, work->piece(which));
    if (before) {
      const auto written = co_await before->wait();
      if (!*written)
        co_return written->error();
    }
    if (!got)
      co_return got.error();
    const auto size_bytes = *got;
    if (size_bytes < work->capacity_bytes) {
      auto finish = [work, which, size_bytes]() -> stored_result {
        auto stored = work->write_last(which, size_bytes);
        if (!stored)
          return stored.error();
        return std::make_shared<stored_content>(std::move(*stored));
      };
      co_return co_await run_on(workers, std::move(finish));
    }
    auto write = [work, which, size_bytes] {
      return work->write(which, size_bytes);
    };
    before = start_on(workers, executor, std::move(write));
    which = 1 - which;
  }
}

/// The document that the URL is for, if it still takes content.
result<found_document> find_open_for_upload(const shared_parts& shared, const request& r) {
  auto found = find_granted(shared, r, permission::upload);
  if (!found)
    return found.error();
  if (found->view.status != document::status::pending)
    return fail(
      errc::conflict,
      "The content cannot be replaced: its upload is confirmed. Create another document.");
  return found;
}

/// Joins what was declared at creation with what the fields say; refuses what contradicts before a
/// byte of the body is read.
result<content_checks> join_checks(content_checks checks, const document::view& view,
                                   std::optional<std::uint64_t> length) {
  // Why only before the first content: afterwards the view tells of that content, and the rules
  // still know what was declared.
  if (!view.has_content) {
    checks.size_bytes = view.size_bytes;
    if (checks.sha256 && view.sha256 && *checks.sha256 != *view.sha256)
      return fail(errc::content_mismatch,
                  "Repr-Digest is not the SHA-256 that was declared when the document was created: "
                    + to_hex(*view.sha256) + ".",
                  "Repr-Digest");
    if (view.sha256)
      checks.sha256 = view.sha256;
  }
  if (length && checks.size_bytes && *length != *checks.size_bytes)
    return fail(errc::content_mismatch,
                "Content-Length is " + std::to_string(*length) + ", but "
                  + std::to_string(*checks.size_bytes)
                  + " bytes were declared when the document was created.",
                "Content-Length");
  return checks;
}

/// Whether the core surely did nothing, so that the content may be collected.
bool is_certain_refusal(errc code) {
  return code == errc::conflict || code == errc::gone || code == errc::not_found
         || code == errc::busy || code == errc::content_mismatch || code == errc::quarantined;
}

/// Removes content that no document came to refer to. Later is as good: the next start collects
/// too.
awaitable<void> discard(shared_parts& shared, const content_key& key) {
  auto job = [&blobs = shared.parts.blobs, key] {
    return blobs.collect(key);
  };
  const auto collected = co_await run_on(shared.parts.blob_workers, std::move(job));
  if (!collected)
    log(log_level::warn, "refused content not collected", {{"why", collected.error().why}});
}

} // namespace

awaitable<result<response>> put_content(shared_parts& shared, request& r, body_reader& body) {
  const auto found = find_open_for_upload(shared, r);
  if (!found)
    co_return found.error();
  const auto& view = found->view;
  auto fields = read_content_fields(r);
  if (!fields)
    co_return fields.error();
  const validators present{view.has_content && view.sha256 ? to_hex(*view.sha256) : "",
                           std::nullopt};
  if (auto met = check_conditions(r, present); !met)
    co_return met.error();
  const auto length = body.declared_size_bytes();
  const auto checks = join_checks(std::move(*fields), view, length);
  if (!checks)
    co_return checks.error();

  // Why one byte more: a piece that is not full ends the body, without another look at the
  // connection.
  const auto expected_bytes
    = length ? std::min<std::uint64_t>(*length + 1, piece_bytes) : piece_bytes;
  auto memory = shared.upload_memory.take(static_cast<std::size_t>(2 * expected_bytes));
  if (!memory)
    co_return memory.error();
  auto work = std::make_shared<upload_in_progress>(
    upload_in_progress{shared.parts.blobs, view.customer, *checks,
                       static_cast<std::size_t>(expected_bytes), std::move(*memory)});
  auto stored = co_await receive(shared, body, std::move(work));
  if (!stored)
    co_return stored.error();

  const content_key key{view.customer, (*stored)->sha256};
  document::command what{document::store_content{(*stored)->sha256, (*stored)->size_bytes}};
  command_meta meta;
  meta.cause = cause_of(r, what);
  // The pin goes along: it holds the content until the core has answered.
  auto pinned = std::move(*stored);
  const auto kept = co_await submit_command(shared, found->id, std::move(what), std::move(meta),
                                            std::move(pinned));
  if (!kept) {
    if (is_certain_refusal(kept.error().code))
      co_await discard(shared, key);
    co_return kept.error();
  }
  response done;
  done.status = 201;
  done.fields.emplace_back("ETag", quoted_tag(to_hex(key.sha256)));
  if (checks->md5)
    done.fields.emplace_back("Content-MD5", to_base64(*checks->md5));
  co_return done;
}

} // namespace dossier
