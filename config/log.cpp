// SPDX-License-Identifier: Apache-2.0
// spdlog is used here only.
#include "config/log.hpp"

#include "config/settings.hpp"

#include <spdlog/logger.h>
#include <spdlog/pattern_formatter.h>
#include <spdlog/sinks/stdout_sinks.h>

#include <algorithm>
#include <atomic>
#include <memory>

namespace dossier {

namespace {

/// A value may come from a client; beyond this it is cut.
constexpr std::size_t value_bytes_max = 4'096;

constexpr int nothing_is_written = 4;

struct writer {
  bool is_json = false;
  spdlog::logger lines;

  writer(bool json, std::string pattern)
    : is_json(json)
    , lines("dossier", std::make_shared<spdlog::sinks::stderr_sink_mt>()) {
    lines.set_level(spdlog::level::trace);
    lines.set_formatter(std::make_unique<spdlog::pattern_formatter>(
      std::move(pattern), spdlog::pattern_time_type::utc));
  }
};

// Why: never destroyed, since threads may log while the process exits.
writer& text_writer() {
  static auto& it = *new writer(false, "%Y-%m-%dT%H:%M:%S.%eZ %v");
  return it;
}

writer& json_writer() {
  static auto& it = *new writer(true, R"({"time":"%Y-%m-%dT%H:%M:%S.%eZ",%v})");
  return it;
}

std::atomic<int> threshold{nothing_is_written};
std::atomic<writer*> current{nullptr};

std::string_view name_of(log_level level) {
  switch (level) {
  case log_level::debug:
    return "DEBUG";
  case log_level::info:
    return "INFO";
  case log_level::warn:
    return "WARN";
  case log_level::error:
    return "ERROR";
  }
  return "UNKNOWN";
}

std::string_view json_name_of(log_level level) {
  switch (level) {
  case log_level::debug:
    return "debug";
  case log_level::info:
    return "info";
  case log_level::warn:
    return "warn";
  case log_level::error:
    return "error";
  }
  return "unknown";
}

int threshold_of(std::string_view level) {
  for (const auto each : {log_level::debug, log_level::info, log_level::warn, log_level::error})
    if (json_name_of(each) == level)
      return static_cast<int>(each);
  return static_cast<int>(log_level::info);
}

bool is_continuation(std::string_view text, std::size_t i, unsigned char low, unsigned char high) {
  const auto byte = i < text.size() ? static_cast<unsigned char>(text[i]) : 0;
  return byte >= low && byte <= high;
}

/// How many bytes of well-formed UTF-8 make up the next character; 0 if what follows is none. By
/// the table of well-formed sequences in chapter 3 of the Unicode standard.
std::size_t character_bytes(std::string_view text) {
  const auto first = static_cast<unsigned char>(text[0]);
  const auto follows = [&](std::size_t i) {
    return is_continuation(text, i, 0x80, 0xbf);
  };
  if (first < 0x80)
    return 1;
  if (first >= 0xc2 && first <= 0xdf)
    return follows(1) ? 2 : 0;
  if (first >= 0xe0 && first <= 0xef) {
    const unsigned char low = first == 0xe0 ? 0xa0 : 0x80;
    const unsigned char high = first == 0xed ? 0x9f : 0xbf;
    return is_continuation(text, 1, low, high) && follows(2) ? 3 : 0;
  }
  if (first >= 0xf0 && first <= 0xf4) {
    const unsigned char low = first == 0xf0 ? 0x90 : 0x80;
    const unsigned char high = first == 0xf4 ? 0x8f : 0xbf;
    return is_continuation(text, 1, low, high) && follows(2) && follows(3) ? 4 : 0;
  }
  return 0;
}

/// Appends text so that it stays on one line, between quotes, and cannot steer a terminal.
void append_escaped(std::string& out, std::string_view text) {
  constexpr auto digits = "0123456789abcdef";
  std::size_t left = value_bytes_max;
  while (!text.empty()) {
    const auto bytes = character_bytes(text);
    const auto taken = std::max<std::size_t>(bytes, 1);
    if (taken > left) {
      out += "…";
      return;
    }
    const char c = text[0];
    // Why the second byte: U+0080 to U+009F are control characters to terminals.
    const auto code = static_cast<unsigned char>(bytes == 2 ? text[1] : c);
    const bool is_control
      = bytes == 1 ? code < 0x20 || code == 0x7f : bytes == 2 && c == '\xc2' && code < 0xa0;
    if (bytes == 0)
      out += "\xef\xbf\xbd"; // U+FFFD
    else if (c == '\n')
      out += "\\n";
    else if (is_control)
      ((out += "\\u00") += digits[code >> 4]) += digits[code & 15];
    else if (c == '"' || c == '\\')
      (out += '\\') += c;
    else
      out += text.substr(0, bytes);
    left -= taken;
    text.remove_prefix(taken);
  }
}

bool is_plain(std::string_view value) {
  return !value.empty() && value.size() <= value_bytes_max
         && std::ranges::all_of(value, [](char c) {
              return c > ' ' && c < '\x7f' && c != '"' && c != '=' && c != '\\';
            });
}

std::string text_line(log_level level, std::string_view event,
                      std::initializer_list<log_field> fields) {
  std::string line(name_of(level));
  line += ' ';
  line += event;
  for (const auto& [name, value] : fields) {
    ((line += ' ') += name) += '=';
    if (is_plain(value)) {
      line += value;
    } else {
      line += '"';
      append_escaped(line, value);
      line += '"';
    }
  }
  return line;
}

std::string json_line(log_level level, std::string_view event,
                      std::initializer_list<log_field> fields) {
  std::string line = "\"level\":\"";
  line += json_name_of(level);
  line += "\",\"event\":\"";
  append_escaped(line, event);
  for (const auto& [name, value] : fields) {
    line += "\",\"";
    append_escaped(line, name);
    line += "\":\"";
    append_escaped(line, value);
  }
  return line + '"';
}

} // namespace

void start_log(const log_settings& settings) {
  current.store(settings.format == "json" ? &json_writer() : &text_writer(),
                std::memory_order_release);
  threshold.store(threshold_of(settings.level), std::memory_order_release);
}

void log(log_level level, std::string_view event, std::initializer_list<log_field> fields) {
  if (static_cast<int>(level) < threshold.load(std::memory_order_acquire)) [[likely]]
    return;
  auto& to = *current.load(std::memory_order_acquire);
  const auto line = to.is_json ? json_line(level, event, fields) : text_line(level, event, fields);
  to.lines.log(spdlog::level::info, spdlog::string_view_t(line.data(), line.size()));
}

} // namespace dossier
