// SPDX-License-Identifier: Apache-2.0
#include "persistence/kafka_properties.hpp"

#include <librdkafka/rdkafka.h>

#include <array>

namespace dossier {

result<void> check_connection(const kafka_settings& s, std::string_view doing) {
  if (s.bootstrap_servers.empty())
    return fail(errc::invalid_argument,
                std::string{doing} + ": there is no broker to ask; set kafka.bootstrap_servers",
                "kafka.bootstrap_servers");
  if (s.security_protocol.starts_with("sasl") && s.sasl_mechanism.empty())
    return fail(errc::invalid_argument,
                std::string{doing} + ": kafka.security_protocol is " + s.security_protocol
                  + ", but nothing says how to prove who we are; set kafka.sasl_mechanism",
                "kafka.sasl_mechanism");
  return {};
}

std::vector<kafka_property> connection_properties(const kafka_settings& s) {
  std::vector<kafka_property> all{
    {"bootstrap.servers", s.bootstrap_servers, "kafka.bootstrap_servers"},
    {"security.protocol", s.security_protocol, "kafka.security_protocol"},
    {"sasl.mechanisms", s.sasl_mechanism, "kafka.sasl_mechanism"},
    {"sasl.username", s.sasl_username, "kafka.sasl_username"},
    {"sasl.password", s.sasl_password, "kafka.sasl_password"},
    {"ssl.ca.location", s.ssl_ca_file, "kafka.ssl_ca_file"},
    {"ssl.certificate.location", s.ssl_certificate_file, "kafka.ssl_certificate_file"},
    {"ssl.key.location", s.ssl_key_file, "kafka.ssl_key_file"},
    {"ssl.key.password", s.ssl_key_password, "kafka.ssl_key_password"},
    {"client.id", "dossier"},
    {"reconnect.backoff.ms", "100"},
    {"reconnect.backoff.max.ms", "2000"},
    {"log.connection.close", "false"},
  };
  std::erase_if(all, [](const kafka_property& p) { return p.value.empty(); });
  return all;
}

result<void> set_properties(rd_kafka_conf_s& conf, const std::vector<kafka_property>& properties,
                            std::string_view doing) {
  std::array<char, 512> why{};
  for (const auto& p : properties) {
    const auto code = rd_kafka_conf_set(&conf, p.name, p.value.c_str(), why.data(), why.size());
    if (code != RD_KAFKA_CONF_OK)
      return fail(errc::invalid_argument,
                  std::string{doing} + ": librdkafka refuses " + p.name + ": " + why.data()
                    + "; correct "
                    + (*p.setting == '\0' ? "the installation of librdkafka" : p.setting),
                  p.setting);
  }
  return {};
}

} // namespace dossier
