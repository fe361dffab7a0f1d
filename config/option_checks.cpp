// SPDX-License-Identifier: Apache-2.0
#include "config/option_checks.hpp"

#include <arpa/inet.h>

#include <algorithm>
#include <charconv>
#include <cstdint>
#include <string>

namespace dossier {

namespace {

bool is_port(std::string_view text) {
  std::uint16_t port = 0;
  const char* end = text.data() + text.size();
  const auto [stop, error] = std::from_chars(text.data(), end, port);
  return error == std::errc() && stop == end && port > 0;
}

bool is_host(std::string_view text) {
  if (text.starts_with('[') && text.ends_with(']'))
    return text.find('.') == text.npos && is_ip_address(text.substr(1, text.size() - 2));
  return !text.empty() && text.size() <= 253 && std::ranges::all_of(text, [](char c) {
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '-'
           || c == '.';
  });
}

bool is_server(std::string_view text) {
  const auto colon = text.rfind(':');
  return colon != text.npos && is_host(text.substr(0, colon)) && is_port(text.substr(colon + 1));
}

} // namespace

bool is_ip_address(std::string_view text) {
  const std::string address(text);
  in6_addr parsed;
  return inet_pton(AF_INET, address.c_str(), &parsed) == 1
         || inet_pton(AF_INET6, address.c_str(), &parsed) == 1;
}

/// Signed URLs are this text with a path behind it, so nothing may follow host and port.
bool is_public_url(std::string_view text) {
  if (text.empty())
    return true;
  if (text.starts_with("http://"))
    text.remove_prefix(7);
  else if (text.starts_with("https://"))
    text.remove_prefix(8);
  else
    return false;
  const auto bracket = text.rfind(']');
  const auto colon = text.find(':', bracket == text.npos ? 0 : bracket);
  if (colon == text.npos)
    return is_host(text);
  return is_host(text.substr(0, colon)) && is_port(text.substr(colon + 1));
}

bool is_path(std::string_view text) {
  return !text.empty() && text.size() <= 1'024 && text.find('\0') == text.npos;
}

bool is_level(std::string_view text) {
  return text == "debug" || text == "info" || text == "warn" || text == "error";
}

bool is_format(std::string_view text) {
  return text == "text" || text == "json";
}

bool is_admin_key(std::string_view text) {
  return text.size() >= 16 && text.size() <= 256
         && std::ranges::all_of(text, [](char c) { return c > ' ' && c < '\x7f'; });
}

bool is_server_list(std::string_view text) {
  if (text.empty())
    return true;
  if (text.size() > 4'096)
    return false;
  for (auto comma = text.find(','); comma != text.npos; comma = text.find(',')) {
    if (!is_server(text.substr(0, comma)))
      return false;
    text.remove_prefix(comma + 1);
  }
  return is_server(text);
}

/// The names that Kafka allows.
bool is_topic(std::string_view text) {
  return !text.empty() && text.size() <= 249 && text != "." && text != ".."
         && std::ranges::all_of(text, [](char c) {
              return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z')
                     || c == '.' || c == '_' || c == '-';
            });
}

/// Room is left for the name of a schema.
bool is_topic_prefix(std::string_view text) {
  return is_topic(text) && text.size() <= 180;
}

bool is_customer(std::string_view text) {
  return is_topic(text) && text.size() <= 64 && text.front() != '.';
}

bool is_source(std::string_view text) {
  return !text.empty() && text.size() <= 256
         && std::ranges::all_of(text, [](char c) { return c > ' ' && c < '\x7f'; });
}

bool is_mode(std::string_view text) {
  return text == "binary" || text == "structured";
}

bool is_compression(std::string_view text) {
  return text == "none" || text == "gzip" || text == "snappy" || text == "lz4" || text == "zstd";
}

bool is_security_protocol(std::string_view text) {
  return text == "plaintext" || text == "ssl" || text == "sasl_plaintext" || text == "sasl_ssl";
}

bool is_sasl_mechanism(std::string_view text) {
  return text.empty() || text == "PLAIN" || text == "SCRAM-SHA-256" || text == "SCRAM-SHA-512";
}

bool is_path_or_empty(std::string_view text) {
  return text.empty() || is_path(text);
}

bool is_origin(std::string_view text) {
  return text.find('[') == text.npos && is_host(text);
}

bool is_credential(std::string_view text) {
  return text.size() <= 1'024
         && std::ranges::none_of(text, [](unsigned char c) { return c < ' ' || c == 0x7f; });
}

} // namespace dossier
