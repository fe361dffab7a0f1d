// SPDX-License-Identifier: Apache-2.0
#include "gateway/routes/job_access.hpp"

#include "gateway/routes/document_access.hpp"
#include "gateway/routes/job_json.hpp"

#include <utility>

namespace dossier {

failure no_such_job() {
  return fail(errc::not_found, "There is no such job, or none that this key may see.");
}

awaitable<result<found_job>> find_visible_job(shared_parts& shared, const request& r,
                                              const entity_id& id) {
  auto job = [&source = shared.parts.jobs, id] {
    return source.find(id);
  };
  auto found = co_await run_on(shared.parts.readers, std::move(job));
  if (!found)
    co_return found.error().code == errc::not_found ? no_such_job() : found.error();
  if (!r.caller.may_see(found->view.submission.customer))
    co_return no_such_job();
  co_return std::move(*found);
}

awaitable<result<found_job>> find_visible_job(shared_parts& shared, const request& r) {
  const auto id = entity_id::parse(r.params.front());
  if (!id)
    co_return no_such_job();
  co_return co_await find_visible_job(shared, r, *id);
}

awaitable<result<job_answer>> tell_job(shared_parts& shared, const request& r, const entity_id& id,
                                       ingestion::command what, std::shared_ptr<const void> held) {
  command_meta meta;
  meta.cause = cause_of(r, ingestion::name_of(what));
  auto start = [&](std::function<void(result<job_answer>)> receive) {
    auto deliver
      = [receive = std::move(receive), held = std::move(held)](result<job_answer> a) mutable {
          held.reset();
          receive(std::move(a));
        };
    auto back = std::make_shared<reply<ingestion::view>>(std::move(deliver));
    shared.parts.jobs.submit(id, std::move(what), std::move(meta), std::move(back));
  };
  co_return co_await await_reply<job_answer>(shared.reply_deadline(), std::move(start));
}

response job_response(const shared_parts& shared, const entity_id& id,
                      const ingestion::view& view) {
  json_writer out{1'024};
  write_job(out, id, view, shared.now());
  auto answer = json_response(200, out.take());
  answer.fields.emplace_back("Cache-Control", "private, no-store");
  return answer;
}

} // namespace dossier
