// SPDX-License-Identifier: Apache-2.0
// Owners of what librdkafka hands out. Internal to persistence/kafka_*.
#pragma once

#include <librdkafka/rdkafka.h>

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

using conf_owner = owned_by<rd_kafka_conf_t, rd_kafka_conf_destroy>;

} // namespace dossier
