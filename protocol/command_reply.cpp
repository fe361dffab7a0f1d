// SPDX-License-Identifier: Apache-2.0
#include "protocol/command_reply.hpp"

#include "protocol/json_text.hpp"

#include <nlohmann/json.hpp>

namespace dossier {

namespace {

using nlohmann::json;

failure damaged(const std::string& why) {
  return fail(errc::corrupt, "reading a reply to a command: " + why
                               + "; run `dossier verify` and restore a backup");
}

void write_outcome_of(json_writer& out, const command_done& done) {
  out.key("document").string(done.document.text());
  out.key("version").number(done.version);
  if (done.upload_expires_at)
    out.key("uploadExpiresAt").number(to_ms(*done.upload_expires_at));
}

void write_outcome_of(json_writer& out, const job_taken& taken) {
  out.key("job").string(taken.job.text());
  out.key("version").number(taken.version);
  out.key("status").string(to_string(taken.status));
}

void write_outcome_of(json_writer& out, const failure& why) {
  out.key("code").number(static_cast<unsigned>(why.code));
  out.key("why").string(why.why);
  out.key("where").string(why.where);
}

command_outcome read_outcome(const json& read) {
  if (read.contains("code"))
    return failure{static_cast<errc>(read.at("code").get<std::uint8_t>()),
                   read.at("why").get<std::string>(), read.at("where").get<std::string>()};
  if (read.contains("job"))
    return job_taken{entity_id::parse(read.at("job").get<std::string>()).value(),
                     read.at("version").get<std::uint64_t>(),
                     ingestion::parse_status(read.at("status").get<std::string>()).value()};
  command_done done;
  done.document = entity_id::parse(read.at("document").get<std::string>()).value();
  done.version = read.at("version").get<std::uint64_t>();
  if (read.contains("uploadExpiresAt"))
    done.upload_expires_at = from_ms(read.at("uploadExpiresAt").get<std::int64_t>());
  return done;
}

} // namespace

std::string encode_reply(const arrival& a, timestamp at, const command_outcome& outcome) {
  if (a.command.empty())
    return {};
  json_writer out;
  out.begin_object();
  out.key("command").string(a.command);
  out.key("id").string(a.command_id);
  out.key("customer").string(a.customer);
  out.key("traceparent").string(a.traceparent);
  out.key("at").number(to_ms(at));
  std::visit([&](const auto& which) { write_outcome_of(out, which); }, outcome);
  out.end_object();
  return out.take();
}

result<command_reply> decode_reply(std::string_view bytes) {
  try {
    const auto read = json::parse(bytes);
    return command_reply{
      read.at("command").get<std::string>(),      read.at("id").get<std::string>(),
      read.at("customer").get<std::string>(),     read.at("traceparent").get<std::string>(),
      from_ms(read.at("at").get<std::int64_t>()), read_outcome(read)};
  } catch (const json::exception& e) {
    return damaged(e.what());
  } catch (const bad_result& e) {
    return damaged(e.what());
  }
}

} // namespace dossier
