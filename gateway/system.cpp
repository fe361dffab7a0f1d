// SPDX-License-Identifier: Apache-2.0
#include "gateway/system.hpp"

#include <openssl/crypto.h>
#include <openssl/rand.h>

#include <sys/resource.h>

#include <cstdlib>
#include <cstring>

namespace dossier {

timestamp system_clock::now() const {
  return std::chrono::time_point_cast<milliseconds>(std::chrono::system_clock::now());
}

void random_ids::draw(unsigned char* into, std::size_t size) {
  const std::lock_guard lock(mutex_);
  if (pool_.size() - used_ < size) {
    if (RAND_bytes(pool_.data(), static_cast<int>(pool_.size())) != 1)
      std::abort(); // Ids that can be guessed are worse than none.
    used_ = 0;
  }
  std::memcpy(into, pool_.data() + used_, size);
  // What was given away must not be found here later.
  OPENSSL_cleanse(pool_.data() + used_, size);
  used_ += size;
}

entity_id random_ids::next(timestamp now, shard_number shard) {
  std::array<std::uint8_t, 10> dice{};
  draw(dice.data(), dice.size());
  return entity_id::make(now, shard, dice);
}

std::uint32_t random_ids::dice() {
  std::uint32_t value = 0;
  draw(reinterpret_cast<unsigned char*>(&value), sizeof value);
  return value;
}

void raise_file_limit() {
  rlimit limit{};
  if (getrlimit(RLIMIT_NOFILE, &limit) == 0) {
    limit.rlim_cur = limit.rlim_max;
    setrlimit(RLIMIT_NOFILE, &limit);
  }
}

std::string random_secret(std::size_t size) {
  std::string secret(size, '\0');
  if (RAND_bytes(reinterpret_cast<unsigned char*>(secret.data()), static_cast<int>(size)) != 1)
    std::abort();
  return secret;
}

} // namespace dossier
