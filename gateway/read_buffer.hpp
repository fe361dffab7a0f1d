// SPDX-License-Identifier: Apache-2.0
// The bytes a connection has received and not used yet. Memory comes from the thread's pool and
// goes back when nothing is unread, so an idle connection holds none.
#pragma once

#include <cstddef>
#include <memory>
#include <span>
#include <string_view>
#include <vector>

namespace dossier {

/// Blocks of one size, kept for reuse. One thread.
class buffer_pool {
public:
  explicit buffer_pool(std::size_t block_bytes)
    : block_bytes_(block_bytes) {}

  using block = std::unique_ptr<char[]>;
  block take();
  void put(block b);
  std::size_t block_bytes() const { return block_bytes_; }

private:
  const std::size_t block_bytes_;
  std::vector<block> free_;
};

/// One thread. Views it gave out end with the next call that is not const, but for the head's.
class read_buffer {
public:
  explicit read_buffer(buffer_pool& pool)
    : pool_(pool) {}
  ~read_buffer() { release(); }
  read_buffer(const read_buffer&) = delete;
  read_buffer& operator=(const read_buffer&) = delete;

  std::string_view unread() const { return {block_.get() + begin_, end_ - begin_}; }
  void consume(std::size_t bytes) { begin_ += bytes; }

  /// Consumes the request's head, which then stays where it is until end_request().
  std::string_view take_head(std::size_t bytes);
  void end_request() { floor_ = 0; }

  /// Room to receive into, never empty unless what is unread fills the block.
  std::span<char> space();
  void received(std::size_t bytes) { end_ += bytes; }

  /// Gives the memory back. Nothing may be unread, or it is lost.
  void release();

private:
  buffer_pool& pool_;
  buffer_pool::block block_;
  std::size_t floor_ = 0; ///< End of the head that must stay; unread bytes may move down to here.
  std::size_t begin_ = 0;
  std::size_t end_ = 0;
};

} // namespace dossier
