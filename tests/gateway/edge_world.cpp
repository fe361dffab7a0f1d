// SPDX-License-Identifier: Apache-2.0
#include "tests/gateway/edge_world.hpp"

#include <nlohmann/json.hpp>

#include <stdexcept>

namespace dossier::test {

std::string body_of(const response& r) {
  if (!r.file)
    return r.body;
  std::string text;
  for (const auto& slice : r.file->slices) {
    text += slice.before;
    std::string piece(slice.size_bytes, '\0');
    const auto got = r.file->file->read(slice.offset, std::as_writable_bytes(std::span{piece}));
    BOOST_REQUIRE(got);
    BOOST_REQUIRE(*got == slice.size_bytes);
    text += piece;
  }
  return text + r.file->after;
}

nlohmann::json json_of(const response& r) {
  auto value = nlohmann::json::parse(r.body, nullptr, false);
  BOOST_REQUIRE_MESSAGE(!value.is_discarded(), "not JSON: " + r.body);
  return value;
}

edge_world::edge_world(settings s)
  : config(std::move(s)) {
  commits.on_committed([this](const batch& b) {
    core.committed(b);
    ingestion.committed(b);
    feed->committed(b);
  });
  pulse.start([this](milliseconds uptime) {
    core.beat(uptime);
    ingestion.beat(uptime);
  });
  ingestion.start();
  parts.health_checks = {{"journal", [this] {
                            return journal_health;
                          }}};
  parts.webhooks = core.webhooks();
  parts.guards = core.guards();
  table = std::make_unique<router>(make_routes(parts));
}

edge_world::~edge_world() {
  pulse.stop();
  ingestion.stop();
  core.stop();
  outbound->stop();
  commits.stop();
  loaders.stop();
  blob_workers.join();
  readers.join();
}

response edge_world::send(const call& c, body_reader& body) {
  request r;
  const auto* found = prepare(c, r);
  // Why thrown and not checked: several threads send at once, and Boost.Test's checks are for one.
  if (found == nullptr)
    throw std::logic_error("no route for " + c.target);
  auto answered = coroutines.run(found->handler(r, body));
  if (answered.status == 500)
    throw std::logic_error("500 from " + c.target);
  return answered;
}

const route* edge_world::prepare(const call& c, request& r) const {
  r.verb = c.verb;
  r.target = c.target;
  const auto mark = r.target.find('?');
  r.path = r.target.substr(0, mark);
  for (const auto& [name, value] : c.fields)
    r.fields.emplace_back(name, value);
  if (mark != std::string_view::npos) {
    auto query = parse_query(r.target.substr(mark + 1));
    BOOST_REQUIRE(query);
    r.query = std::move(*query);
  }
  r.request_id = "request-1";
  r.remote = "127.0.0.1";
  const auto found = table->find(r);
  const auto* matched = found ? (*found)->at(c.verb) : nullptr;
  if (matched != nullptr && matched->access != access::signed_url
      && matched->access != access::open)
    r.caller = c.caller.value_or(principal{principal::role_type::admin, "root", {}});
  return matched;
}

std::string edge_world::target_of(const std::string& url) {
  BOOST_REQUIRE(url.starts_with("http://h:1/"));
  return url.substr(std::string_view{"http://h:1"}.size());
}

edge_world::created edge_world::create(const std::string& body, const std::string& customer) {
  const auto made = send({verb::post, "/api/customers/" + customer + "/documents", {}, body});
  BOOST_REQUIRE_MESSAGE(made.status == 201, made.body);
  const auto answer = json_of(made);
  return {answer["documentId"], target_of(answer["uploadSasUri"])};
}

std::string edge_world::download_target(const std::string& id) {
  const auto granted = send({verb::get, "/api/documents/" + id + "/download"});
  BOOST_REQUIRE_MESSAGE(granted.status == 200, granted.body);
  return target_of(json_of(granted)["downloadSasUri"]);
}

} // namespace dossier::test
