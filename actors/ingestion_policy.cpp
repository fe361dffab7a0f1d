// SPDX-License-Identifier: Apache-2.0
#include "actors/ingestion_policy.hpp"

namespace dossier {

ingestion::policy policy_of(const ingestion_settings& s) {
  ingestion::policy p;
  p.chunk_threshold_bytes = s.chunk_threshold_bytes;
  p.chunk_bytes = s.chunk_bytes;
  p.chunks_max = s.chunks_max;
  p.attempts_max = s.attempts_max;
  p.wait_ms_min = s.wait_ms_min;
  p.wait_ms_max = s.wait_ms_max;
  p.jitter_percent = s.jitter_percent;
  p.interruptions_max = s.interruptions_max;
  p.limits = {s.rejects_max, s.rejects_ppm_max};
  return p;
}

} // namespace dossier
