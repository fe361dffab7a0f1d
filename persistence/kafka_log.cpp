// SPDX-License-Identifier: Apache-2.0
#include "persistence/kafka_log.hpp"

#include "config/log.hpp"

#include <string_view>

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
  // What it thinks of our settings is the same at every start, and for us to read, not for
  // operators.
  const bool is_about_settings = std::string_view{facility} == "CONFWARN";
  log(is_about_settings ? log_level::debug : level_of(severity), "kafka client",
      {{"about", facility}, {"says", text}});
}

} // namespace dossier
