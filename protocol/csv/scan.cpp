// SPDX-License-Identifier: Apache-2.0
#include "protocol/csv/scan.hpp"

namespace dossier::csv {

std::string_view to_string(instructions which) {
  switch (which) {
  case instructions::scalar:
    return "scalar";
  case instructions::sse2:
    return "sse2";
  case instructions::avx2:
    return "avx2";
  }
  return "unknown";
}

bool has(instructions which) {
  if (which != instructions::avx2)
    return true;
  __builtin_cpu_init();
  return __builtin_cpu_supports("avx2") && __builtin_cpu_supports("pclmul")
         && __builtin_cpu_supports("bmi") && __builtin_cpu_supports("bmi2")
         && __builtin_cpu_supports("popcnt");
}

instructions best_instructions() {
  static const instructions best
    = has(instructions::avx2) ? instructions::avx2 : instructions::sse2;
  return best;
}

void field_index::make_room(std::size_t bytes) {
  if (record_ends.size() >= bytes)
    return;
  for (auto* masks : {&quotes, &odd, &faults, &special})
    masks->resize(bytes / 64);
  ends.resize(bytes + 8);
  record_ends.resize(bytes);
}

const scan_kernels& kernels(instructions which) {
  switch (which) {
  case instructions::scalar:
    return scalar_kernels;
  case instructions::avx2:
    return avx2_kernels;
  case instructions::sse2:
    break;
  }
  return sse2_kernels;
}

} // namespace dossier::csv
