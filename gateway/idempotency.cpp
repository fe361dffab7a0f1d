// SPDX-License-Identifier: Apache-2.0
#include "gateway/idempotency.hpp"

#include "protocol/ascii.hpp"
#include "protocol/parts_text.hpp"

#include <algorithm>
#include <string>

namespace dossier {

namespace {

constexpr std::string_view header = "Idempotency-Key";
constexpr std::size_t idempotency_key_bytes_max = 255;

} // namespace

result<std::optional<idempotency>> idempotency_of(const request& r, std::string_view operation,
                                                  std::string_view scope, std::string_view body) {
  const auto times = std::count_if(r.fields.begin(), r.fields.end(), [](const auto& each) {
    return equals_ignoring_case(each.first, header);
  });
  if (times == 0)
    return std::nullopt;
  const auto key = r.field(header);
  const auto is_visible = [](char c) {
    return c > 0x20 && c < 0x7f;
  };
  if (times > 1 || key.empty() || key.size() > idempotency_key_bytes_max
      || !std::all_of(key.begin(), key.end(), is_visible))
    return fail(errc::invalid_argument,
                "Idempotency-Key must be given once, as 1 to 255 visible ASCII characters without "
                "spaces.",
                std::string{header});
  idempotency made;
  made.id
    = command_id_of("dossier command 1", {scope, r.caller.name, to_string(r.verb), operation, key});
  made.fingerprint = sha256_of(body);
  return std::optional{made};
}

result<commands_in_flight::turn> commands_in_flight::enter(const command_id& id) {
  const std::lock_guard lock{mutex_};
  if (ids_.contains(id))
    return fail(
      errc::conflict,
      "A request with this Idempotency-Key is still being worked on. Wait for its answer, "
      "or repeat this one a little later.",
      std::string{header});
  if (ids_.size() >= ids_max_)
    return fail(errc::busy, "Too many requests with an Idempotency-Key are being worked on.");
  ids_.insert(id);
  return turn{new command_id{id}, [this](const command_id* held) {
                leave(*held);
                delete held;
              }};
}

void commands_in_flight::leave(const command_id& id) {
  const std::lock_guard lock{mutex_};
  ids_.erase(id);
}

} // namespace dossier
