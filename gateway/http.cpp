// SPDX-License-Identifier: Apache-2.0
#include "gateway/http.hpp"

#include "protocol/ascii.hpp"

#include <algorithm>

namespace dossier {

std::string_view to_string(verb v) {
  switch (v) {
  case verb::get:
    return "GET";
  case verb::head:
    return "HEAD";
  case verb::post:
    return "POST";
  case verb::put:
    return "PUT";
  case verb::patch:
    return "PATCH";
  case verb::del:
    return "DELETE";
  case verb::options:
    return "OPTIONS";
  }
  return "unknown";
}

bool principal::may_see(std::string_view customer) const {
  if (role == role_type::admin)
    return true;
  return role == role_type::customer
         && std::find(customers.begin(), customers.end(), customer) != customers.end();
}

std::string_view request::field(std::string_view name) const {
  for (const auto& [have, value] : fields)
    if (equals_ignoring_case(have, name))
      return value;
  return {};
}

std::optional<std::string_view> request::query_value(std::string_view name) const {
  for (const auto& [have, value] : query)
    if (have == name)
      return value;
  return std::nullopt;
}

response json_response(unsigned status, std::string body) {
  response out;
  out.status = status;
  out.fields.emplace_back("Content-Type", "application/json");
  out.body = std::move(body);
  return out;
}

} // namespace dossier
