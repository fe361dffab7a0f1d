// SPDX-License-Identifier: Apache-2.0
#include "protocol/webhook_message.hpp"

#include <string_view>

namespace dossier {

namespace {

/// HTTP binding 3.1.3.2: everything but visible ASCII, and '"' and '%', as "%xx".
std::string percent_encoded(std::string_view value) {
  constexpr std::string_view digits = "0123456789ABCDEF";
  std::string text;
  for (const char c : value) {
    const auto byte = static_cast<unsigned char>(c);
    if (byte > ' ' && byte < 0x7f && c != '"' && c != '%') {
      text += c;
    } else {
      text += '%';
      text += digits[byte >> 4];
      text += digits[byte & 0xf];
    }
  }
  return text;
}

} // namespace

webhook_message make_webhook_message(const cloud_event& event, bool is_structured) {
  auto kafka = is_structured ? to_structured(event) : to_binary(event);
  webhook_message m{event.id, {}, std::move(kafka.value)};
  for (auto& [name, value] : kafka.headers) {
    if (name.starts_with("ce_"))
      m.fields.emplace_back("ce-" + name.substr(3), percent_encoded(value));
    else
      m.fields.emplace_back(std::move(name), std::move(value));
  }
  return m;
}

} // namespace dossier
