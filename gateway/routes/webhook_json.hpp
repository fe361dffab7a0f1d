// SPDX-License-Identifier: Apache-2.0
// Webhooks as the HTTP API says them, and the body that one is made with.
#pragma once

#include "gateway/routes/shared.hpp"
#include "protocol/ids.hpp"
#include "protocol/json_text.hpp"
#include "protocol/webhook.hpp"

#include <cstdint>
#include <string>
#include <string_view>

namespace dossier {

/// What is shown of a webhook: its own members, or also how its deliveries fare now.
enum class webhook_part : std::uint8_t { made, all };

/// The secret stands there only if it is given.
void write_webhook(json_writer& out, const shared_parts& shared, const entity_id& id,
                   const webhook::view& what, webhook_part part = webhook_part::all,
                   const std::string& secret = {});

/// Reads the body of createWebhook. Its events begin behind what is recorded now. Refuses what no
/// webhook can be made with, by JSON pointer; whether the caller may make it is not asked.
result<webhook::registration> read_registration(const shared_parts& shared, std::string_view text);

} // namespace dossier
