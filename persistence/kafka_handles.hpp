// SPDX-License-Identifier: Apache-2.0
// Owners of what librdkafka hands out. Internal to persistence/kafka_*.
#pragma once

#include <memory>

namespace dossier {

template <auto Destroy>
struct destroyed_by {
  template <class T>
  void operator()(T* it) const {
    Destroy(it);
  }
};

template <class T, auto Destroy>
using owned_by = std::unique_ptr<T, destroyed_by<Destroy>>;

} // namespace dossier
