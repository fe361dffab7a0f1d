// SPDX-License-Identifier: Apache-2.0
// No body crashes its reader, and what is read keeps the promises that the rest of the server
// builds on.
#include "actors/job_request.hpp"
#include "gateway/range.hpp"
#include "gateway/routes/document_json.hpp"
#include "protocol/document_request.hpp"

#include <cstdlib>

using namespace dossier;

namespace {

void require(bool holds) {
  if (!holds)
    std::abort();
}

void check_refusal(const failure& why) {
  require(why.code == errc::malformed || why.code == errc::invalid_argument);
  require(!why.why.empty() && why.why.size() < 8'192);
}

void check_file_name(std::string_view name) {
  require(!name.empty() && name.size() <= 255 && name != "." && name != "..");
  require(name.find_first_of(std::string_view{"/\\\0\r\n\x7f", 6}) == std::string_view::npos);
}

void check_create(std::string_view text) {
  const auto made = read_create(text, "acme", 1'000'000);
  if (!made)
    return check_refusal(made.error());
  check_file_name(made->file_name);
  require(is_document_type(made->document_type));
  require(made->content_type.find_first_of("\r\n ;") == std::string::npos);
  require(!made->size_bytes || *made->size_bytes <= 1'000'000);
}

void check_change(std::string_view text) {
  const auto made = read_change(text);
  if (!made)
    return check_refusal(made.error());
  require(made->expiry || made->file_name || made->document_type);
  if (made->file_name)
    check_file_name(*made->file_name);
}

void check_job(std::string_view text) {
  const auto made = read_job_request(text, {1'000, 500'000});
  if (!made)
    return check_refusal(made.error());
  const auto& wanted = made->wanted;
  require(wanted.dry_run_rows <= dry_run_rows_max);
  require(!wanted.limits || wanted.limits->rejects_max <= 1'000);
  require(!wanted.limits || wanted.limits->rejects_ppm_max <= 500'000);
  // The text stands with the job; who ingests it has to be able to read it.
  require(csv::parse_read_options(csv::to_text(wanted.options)).has_value());
}

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view input{reinterpret_cast<const char*>(data), size};
  check_create(input);
  check_change(input);
  check_job(input);
  if (const auto confirmed = read_confirmation(input); !confirmed)
    check_refusal(confirmed.error());
  if (const auto place = read_cursor("acme", input); place)
    require(write_cursor("acme", *place) == input);
  if (const auto ranges = ranges_of(input, 1'000); ranges && *ranges) {
    require(!(*ranges)->empty() && (*ranges)->size() <= range_parts_max);
    for (const auto& part : **ranges)
      require(part.first <= part.last && part.last < 1'000);
  }
  return 0;
}
