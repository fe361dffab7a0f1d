// SPDX-License-Identifier: Apache-2.0
#include "gateway/read_buffer.hpp"

#include <cstring>
#include <utility>

namespace dossier {

namespace {

// Enough for the connections that are busy at one time on one thread; more would only hoard memory.
constexpr std::size_t free_blocks_max = 128;
// Receiving into less than this costs more in calls than moving the unread bytes does.
constexpr std::size_t room_bytes_min = 4'096;

} // namespace

buffer_pool::block buffer_pool::take() {
  if (free_.empty())
    return std::make_unique_for_overwrite<char[]>(block_bytes_);
  auto b = std::move(free_.back());
  free_.pop_back();
  return b;
}

void buffer_pool::put(block b) {
  if (free_.size() < free_blocks_max)
    free_.push_back(std::move(b));
}

std::string_view read_buffer::take_head(std::size_t bytes) {
  const auto head = unread().substr(0, bytes);
  consume(head.size());
  floor_ = begin_;
  return head;
}

std::span<char> read_buffer::space() {
  if (!block_)
    block_ = pool_.take();
  const auto capacity = pool_.block_bytes();
  if (begin_ == end_) {
    begin_ = end_ = floor_;
  } else if (capacity - end_ < room_bytes_min && begin_ > floor_) {
    std::memmove(block_.get() + floor_, block_.get() + begin_, end_ - begin_);
    end_ -= begin_ - floor_;
    begin_ = floor_;
  }
  return {block_.get() + end_, capacity - end_};
}

void read_buffer::release() {
  if (block_)
    pool_.put(std::move(block_));
  floor_ = begin_ = end_ = 0;
}

} // namespace dossier
