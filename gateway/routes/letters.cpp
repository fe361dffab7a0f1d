// SPDX-License-Identifier: Apache-2.0
// Letters for operators: what died and why, grouped by cause; sending one on its way again, giving
// one up, and redriving all of one cause in stages. Admin keys only.
#include "config/log.hpp"
#include "gateway/body.hpp"
#include "gateway/fields.hpp"
#include "gateway/routes/document_access.hpp"
#include "gateway/routes/document_json.hpp"
#include "gateway/routes/letter_json.hpp"
#include "protocol/json_text.hpp"

#include <utility>

namespace dossier {

namespace {

constexpr std::uint64_t history_limit = 100;

response letters_json(unsigned status, std::string text) {
  auto answer = json_response(status, std::move(text));
  answer.fields.emplace_back("Cache-Control", "private, no-store");
  return answer;
}

// Questions.

result<letter::status> status_of(const request& r) {
  const auto name = r.query_value("status");
  if (!name)
    return letter::status::dead;
  const auto status = letter::parse_status(*name);
  if (!status || (*status != letter::status::dead && *status != letter::status::retrying))
    return bad_parameter("status", "must be dead or retrying.");
  return *status;
}

result<std::optional<timestamp>> time_of(const request& r, std::string_view name) {
  const auto text = r.query_value(name);
  if (!text)
    return std::optional<timestamp>{};
  const auto time = parse_rfc3339(*text);
  if (!time)
    return bad_parameter(name, "must be a time as RFC 3339 says it.");
  return std::optional{*time};
}

result<letter_filter> filter_of(const request& r) {
  letter_filter filter;
  const auto status = status_of(r);
  if (!status)
    return status.error();
  filter.status = *status;
  if (const auto name = r.query_value("reason")) {
    errc reason{};
    if (!parse_errc(*name, reason))
      return bad_parameter("reason", "must be the name of a problem, e.g. invalid-argument.");
    filter.reason = reason;
  }
  if (const auto type = r.query_value("type"))
    filter.type = *type;
  if (const auto text = r.query_value("fingerprint")) {
    if (!is_fingerprint(*text))
      return bad_parameter("fingerprint", "must be 16 digits of hexadecimal.");
    filter.fingerprint = *text;
  }
  const auto older = time_of(r, "olderThan");
  if (!older)
    return older.error();
  filter.older_than = *older;
  const auto newer = time_of(r, "newerThan");
  if (!newer)
    return newer.error();
  filter.newer_than = *newer;
  return filter;
}

failure no_such_letter() {
  return fail(errc::not_found, "There is no such letter.");
}

result<entity_id> letter_of(const request& r) {
  const auto id = entity_id::parse(r.params.front());
  if (!id)
    return no_such_letter();
  return *id;
}

/// Reads the letter on a reader's thread.
awaitable<result<found_letter>> find_letter(shared_parts& shared, const entity_id& id) {
  auto job = [&source = shared.parts.letters, id] {
    return source.find(id);
  };
  co_return co_await run_on(shared.parts.readers, std::move(job));
}

// Reads.

result<std::string> list_text(const letters& source, const letter_filter& filter,
                              const std::optional<listing>& after, std::size_t limit) {
  const auto page = source.list(filter, after, limit);
  if (!page)
    return page.error();
  json_writer out{page->items.size() * 768 + 64};
  out.begin_object().key("items").begin_array();
  for (const auto& item : page->items)
    write_letter_line(out, item.id, item.view);
  out.end_array().key("next");
  page->next ? out.string(write_letter_cursor(filter.status, *page->next)) : out.null();
  out.end_object();
  return out.take();
}

awaitable<result<response>> list_letters(shared_parts& shared, request& r, body_reader&) {
  if (auto known = check_query(r, {"reason", "type", "olderThan", "newerThan", "fingerprint",
                                   "status", "cursor", "limit"});
      !known)
    co_return known.error();
  const auto filter = filter_of(r);
  if (!filter)
    co_return filter.error();
  const std::uint64_t limit_max = shared.parts.settings.letters.list_limit_max;
  const auto limit = page_limit(r, limit_max);
  if (!limit)
    co_return limit.error();
  std::optional<listing> after;
  if (const auto cursor = r.query_value("cursor")) {
    const auto place = read_letter_cursor(filter->status, *cursor);
    if (!place)
      co_return place.error();
    after = *place;
  }
  auto job = [&source = shared.parts.letters, filter = *filter, after, most = *limit] {
    return list_text(source, filter, after, most);
  };
  auto text = co_await run_on(shared.parts.readers, std::move(job));
  if (!text)
    co_return text.error();
  co_return letters_json(200, std::move(*text));
}

awaitable<result<response>> group_letters(shared_parts& shared, request& r, body_reader&) {
  if (auto known = check_query(r, {"status"}); !known)
    co_return known.error();
  const auto status = status_of(r);
  if (!status)
    co_return status.error();
  auto job = [&source = shared.parts.letters, status = *status] {
    return source.groups(status);
  };
  const auto found = co_await run_on(shared.parts.readers, std::move(job));
  if (!found)
    co_return found.error();
  json_writer out{found->groups.size() * 384 + 64};
  out.begin_object().key("items").begin_array();
  for (const auto& group : found->groups)
    write_letter_group(out, group);
  out.end_array();
  out.key("lookedAt").number(found->looked_at);
  out.key("isCut").boolean(found->is_cut);
  out.end_object();
  co_return letters_json(200, out.take());
}

std::string letter_text(const entity_id& id, const letter::view& view) {
  json_writer out{view.message.value.size() * 3 / 2 + 2'048};
  write_letter(out, id, view);
  return out.take();
}

awaitable<result<response>> read_letter(shared_parts& shared, request& r, body_reader&) {
  if (auto known = check_query(r, {}); !known)
    co_return known.error();
  const auto id = letter_of(r);
  if (!id)
    co_return id.error();
  const auto found = co_await find_letter(shared, *id);
  if (!found)
    co_return found.error();
  co_return letters_json(200, letter_text(found->id, found->view));
}

awaitable<result<response>> read_letter_events(shared_parts& shared, request& r, body_reader&) {
  if (auto known = check_query(r, {"after"}); !known)
    co_return known.error();
  const auto id = letter_of(r);
  if (!id)
    co_return id.error();
  const auto after = query_number(r, "after", 0, 0, INT64_MAX);
  if (!after)
    co_return after.error();
  const auto found = co_await find_letter(shared, *id);
  if (!found)
    co_return found.error();
  auto job = [&source = shared.parts.letters, id = *id, first = *after + 1] {
    return source.history(id, first, history_limit);
  };
  const auto entries = co_await run_on(shared.parts.readers, std::move(job));
  if (!entries)
    co_return entries.error();
  json_writer out{entries->size() * 512 + 64};
  out.begin_object().key("items").begin_array();
  for (const auto& entry : *entries)
    write_history_entry(out, entry);
  out.end_array().key("next");
  if (entries->size() == history_limit && entries->back().sequence < found->view.version)
    out.number(entries->back().sequence);
  else
    out.null();
  out.end_object();
  co_return letters_json(200, out.take());
}

// What changes a letter.

awaitable<result<response>> tell(shared_parts& shared, const request& r, letter::command what) {
  const auto id = letter_of(r);
  if (!id)
    co_return id.error();
  const auto name = std::string(name_of(what));
  command_meta meta;
  meta.cause = cause_of(r, name);
  using letter_answer = answer<letter::view>;
  auto start = [&](std::function<void(result<letter_answer>)> receive) {
    shared.parts.letters.submit(*id, std::move(what), std::move(meta),
                                std::make_shared<reply<letter::view>>(std::move(receive)));
  };
  const auto done = co_await await_reply<letter_answer>(shared.reply_deadline(), std::move(start));
  if (!done)
    co_return done.error();
  log(log_level::info, "letter was told",
      {{"letter", id->text()}, {"command", name}, {"by", r.caller.name}});
  json_writer out{1'024};
  write_letter_line(out, *id, done->view);
  co_return letters_json(200, out.take());
}

awaitable<result<response>> redrive_letter(shared_parts& shared, request& r, body_reader& body) {
  const auto text = co_await read_text(body, shared.parts.settings.http.json_bytes_max);
  if (!text)
    co_return text.error();
  if (auto known = check_query(r, {}); !known)
    co_return known.error();
  auto command = read_redrive(*text);
  if (!command)
    co_return command.error();
  co_return co_await tell(shared, r, std::move(*command));
}

awaitable<result<response>> discard_letter(shared_parts& shared, request& r, body_reader&) {
  if (auto known = check_query(r, {}); !known)
    co_return known.error();
  co_return co_await tell(shared, r, letter::discard{});
}

/// Whether any letter died of this cause, as far as is looked.
result<bool> has_dead(const letters& source, const std::string& fingerprint) {
  letter_filter filter;
  filter.fingerprint = fingerprint;
  const auto page = source.list(filter, std::nullopt, 1);
  if (!page)
    return page.error();
  return !page->items.empty() || page->next.has_value();
}

awaitable<result<response>> start_redrive(shared_parts& shared, request& r, body_reader& body) {
  const auto text = co_await read_text(body, shared.parts.settings.http.json_bytes_max);
  if (!text)
    co_return text.error();
  if (auto known = check_query(r, {}); !known)
    co_return known.error();
  const auto fingerprint = read_fingerprint(*text);
  if (!fingerprint)
    co_return fingerprint.error();
  auto job = [&source = shared.parts.letters, wanted = *fingerprint] {
    return has_dead(source, wanted);
  };
  const auto is_known = co_await run_on(shared.parts.readers, std::move(job));
  if (!is_known)
    co_return is_known.error();
  if (!*is_known)
    co_return fail(errc::not_found, "There is no dead letter of this fingerprint.", "/fingerprint");
  const auto begun = shared.parts.redrives.start(*fingerprint, "key:" + r.caller.name);
  if (!begun)
    co_return begun.error();
  log(log_level::info, "redrive asked for", {{"fingerprint", *fingerprint}, {"by", r.caller.name}});
  json_writer out;
  write_redrive(out, *begun);
  co_return letters_json(202, out.take());
}

awaitable<result<response>> list_redrives(shared_parts& shared, request& r, body_reader&) {
  if (auto known = check_query(r, {}); !known)
    co_return known.error();
  json_writer out;
  out.begin_object().key("items").begin_array();
  for (const auto& report : shared.parts.redrives.list())
    write_redrive(out, report);
  out.end_array().end_object();
  co_return letters_json(200, out.take());
}

} // namespace

void add_letter_routes(route_table& table) {
  const auto admins = access::admin;
  const std::string all = "/admin/api/dead-letters";
  const std::string one = all + "/{id}";
  table.add(verb::get, all, body_kind::none, admins, "listLetters", list_letters);
  table.add(verb::get, all + "/groups", body_kind::none, admins, "groupLetters", group_letters);
  table.add(verb::get, all + "/redrives", body_kind::none, admins, "listRedrives", list_redrives);
  table.add(verb::post, all + "/redrive", body_kind::json, admins, "startRedrive", start_redrive);
  table.add(verb::get, one, body_kind::none, admins, "readLetter", read_letter);
  table.add(verb::get, one + "/events", body_kind::none, admins, "readLetterEvents",
            read_letter_events);
  table.add(verb::post, one + "/redrive", body_kind::json, admins, "redriveLetter", redrive_letter);
  table.add(verb::post, one + "/discard", body_kind::none, admins, "discardLetter", discard_letter);
}

} // namespace dossier
