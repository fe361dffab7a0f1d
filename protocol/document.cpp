// SPDX-License-Identifier: Apache-2.0
#include "protocol/document.hpp"

namespace dossier::document {

namespace {

struct naming {
  std::string_view operator()(const create&) const { return "create"; }
  std::string_view operator()(const store_content&) const { return "store-content"; }
  std::string_view operator()(const confirm_upload&) const { return "confirm-upload"; }
  std::string_view operator()(const change&) const { return "change"; }
  std::string_view operator()(const remove&) const { return "remove"; }
  std::string_view operator()(const fire_timer&) const { return "fire-timer"; }
};

constexpr status all_statuses[]
  = {status::pending, status::uploaded, status::expired, status::deleted, status::abandoned};

} // namespace

std::string_view name_of(const command& c) {
  return std::visit(naming{}, c);
}

std::string_view to_string(status s) {
  switch (s) {
  case status::pending:
    return "pending";
  case status::uploaded:
    return "uploaded";
  case status::expired:
    return "expired";
  case status::deleted:
    return "deleted";
  case status::abandoned:
    return "abandoned";
  }
  return "unknown";
}

result<status> parse_status(std::string_view name) {
  for (const status s : all_statuses)
    if (name == to_string(s))
      return s;
  return fail(errc::invalid_argument,
              "a status must be one of pending, uploaded, expired, deleted, abandoned", "status");
}

result<void> check_living(const view& seen, timestamp now) {
  if (seen.is_gone())
    return fail(errc::gone,
                "The document has ended: it is " + std::string{to_string(seen.status)} + ".");
  if (seen.expiry && *seen.expiry <= now)
    return fail(errc::gone,
                "The document has ended: it expired at " + to_rfc3339(*seen.expiry) + ".");
  return {};
}

} // namespace dossier::document
