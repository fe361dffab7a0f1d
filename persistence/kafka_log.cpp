// SPDX-License-Identifier: Apache-2.0
#include "persistence/kafka_log.hpp"

#include "config/log.hpp"

#include <syslog.h>

namespace dossier {

namespace {

/// A broker that is away is an error to librdkafka; to us it is a reason to wait.
log_level level_of(int severity) {
  if (severity <= LOG_CRIT)
    return log_level::error;
  if (severity <= LOG_WARNING)
    return log_level::warn;
  return severity <= LOG_INFO ? log_level::info : log_level::debug;
}

} // namespace

void log_kafka_line(const rd_kafka_s*, int severity, const char* facility, const char* text) {
  log(level_of(severity), "kafka client", {{"about", facility}, {"says", text}});
}

} // namespace dossier
