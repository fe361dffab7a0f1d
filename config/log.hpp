// SPDX-License-Identifier: Apache-2.0
// One line for each thing an operator should know: an event name and fields. To stderr, as text or
// JSON. Thread-safe; before start_log() nothing is written.
#pragma once

#include <initializer_list>
#include <string>
#include <string_view>
#include <utility>

namespace dossier {

struct log_settings;

enum class log_level { debug, info, warn, error };

using log_field = std::pair<std::string_view, std::string>;

void start_log(const log_settings& settings);
/// `event` is a few plain words in lower case, e.g. "actor restarted". Values are escaped.
void log(log_level level, std::string_view event, std::initializer_list<log_field> fields = {});

} // namespace dossier
