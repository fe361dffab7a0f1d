// SPDX-License-Identifier: Apache-2.0
// Which texts a setting may have. Each check belongs to an option, whose rule says the same for
// people. Pure.
#pragma once

#include <string_view>

namespace dossier {

bool is_ip_address(std::string_view text);
bool is_public_url(std::string_view text);
bool is_path(std::string_view text);
bool is_level(std::string_view text);
bool is_format(std::string_view text);
bool is_admin_key(std::string_view text);
bool is_server_list(std::string_view text);
bool is_topic(std::string_view text);
bool is_topic_prefix(std::string_view text);
bool is_customer(std::string_view text);
bool is_source(std::string_view text);
bool is_mode(std::string_view text);
bool is_compression(std::string_view text);
bool is_security_protocol(std::string_view text);
bool is_sasl_mechanism(std::string_view text);
bool is_path_or_empty(std::string_view text);
bool is_origin(std::string_view text);
bool is_credential(std::string_view text);

} // namespace dossier
