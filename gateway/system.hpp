// SPDX-License-Identifier: Apache-2.0
// The real clock, the real dice, and what the system lets us have.
#pragma once

#include "protocol/ids.hpp"
#include "protocol/time.hpp"

#include <array>
#include <cstddef>
#include <mutex>
#include <string>

namespace dossier {

class system_clock final : public clock {
public:
  timestamp now() const override;
};

/// Draws from OpenSSL's generator, a block at a time. Thread-safe.
class random_ids final : public id_source {
public:
  entity_id next(timestamp now, shard_number shard) override;
  std::uint32_t dice() override;

private:
  void draw(unsigned char* into, std::size_t size);
  std::mutex mutex_;
  std::array<unsigned char, 4096> pool_{};
  std::size_t used_ = pool_.size();
};

/// Connections and tables are files: takes as many as the system lets us have.
void raise_file_limit();

/// Secret bytes for keys and signatures. Aborts if the system has no randomness to give.
std::string random_secret(std::size_t size);

} // namespace dossier
