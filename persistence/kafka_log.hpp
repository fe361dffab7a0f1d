// SPDX-License-Identifier: Apache-2.0
// What librdkafka says about itself, as lines of our log. librdkafka calls it on threads of its
// own, many at once; it keeps nothing. librdkafka counts repeated lines instead of repeating them.
#pragma once

struct rd_kafka_s;

namespace dossier {

/// For rd_kafka_conf_set_log_cb. `severity` is syslog's, 0 to 7.
void log_kafka_line(const rd_kafka_s* from, int severity, const char* facility, const char* text);

} // namespace dossier
