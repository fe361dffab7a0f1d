// SPDX-License-Identifier: Apache-2.0
// One image: a disk that loses its power one to three times under work and is judged after each.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace dossier::power_loss {

struct image_outcome {
  std::vector<std::string> violations; ///< Each a sentence; empty if nothing was lost.
  std::uint64_t cuts = 0;
  std::uint64_t acknowledged = 0; ///< Changes that users were told are durable.
};

/// The seed decides the work, the cuts and what they leave. The threads of the store decide which
/// of their operations comes first, so a rare failure may need its seed run again.
image_outcome run_image(std::uint64_t seed);

} // namespace dossier::power_loss
