// SPDX-License-Identifier: Apache-2.0
// What uploads and downloads through signed URLs promise.
#include "tests/gateway/edge_world.hpp"

#include "gateway/routes/content_upload.hpp"
#include "gateway/server.hpp"

#include <nlohmann/json.hpp>

#include <chrono>
#include <filesystem>

using namespace dossier;
using namespace dossier::test;
using namespace std::chrono_literals;

namespace content_routes_tests {

std::string sha256_hex(std::string_view text) {
  return to_hex(sha256_of(text));
}

std::string repr_digest(std::string_view text) {
  return "sha-256=:" + to_base64(sha256_of(text)) + ":";
}

std::string md5_of(std::string_view text) {
  content_hasher hasher{true};
  hasher.update(std::as_bytes(std::span{text}));
  sha256_digest sha256{};
  md5_digest md5{};
  hasher.finish(sha256, md5);
  return to_base64(md5);
}

/// Bytes that differ everywhere.
std::string pattern(std::size_t size) {
  std::string text(size, '\0');
  std::uint32_t dice = 1;
  for (auto& c : text)
    c = static_cast<char>((dice = dice * 1'664'525 + 1'013'904'223) >> 24);
  return text;
}

/// Notes when it is read, each time for a whole piece of an upload's memory.
class watched_body final : public body_reader {
public:
  static constexpr std::size_t piece_bytes = 128 * 1024;

  explicit watched_body(std::string text)
    : text_(std::move(text)) {
    text_.piece_bytes = piece_bytes;
  }

  std::vector<std::chrono::steady_clock::time_point> read_at;

  std::optional<std::uint64_t> declared_size_bytes() const override {
    return text_.declared_size_bytes();
  }
  awaitable<result<std::size_t>> read_some(std::span<std::byte> into) override {
    read_at.push_back(std::chrono::steady_clock::now());
    return text_.read_some(into);
  }

private:
  text_body text_;
};

struct fixture : edge_world {
  std::size_t files_below(const std::string& name) const {
    std::size_t count = 0;
    for (const auto& entry : std::filesystem::recursive_directory_iterator(directory / name))
      count += entry.is_regular_file();
    return count;
  }

  response get(const std::string& target, field_list fields = {}) {
    return send({verb::get, target, std::move(fields)});
  }

  /// That an upload with these fields is refused with this status, and leaves nothing.
  void check_refused(unsigned status, const std::string& content, field_list fields) {
    const auto made = create();
    const auto refused = put(made.upload_target, content, fields);
    BOOST_TEST_CONTEXT(fields.front().first << ": " << fields.front().second) {
      BOOST_TEST(refused.status == status);
      BOOST_TEST(files_below("blobs") == 0u);
    }
  }
};

} // namespace content_routes_tests

BOOST_FIXTURE_TEST_SUITE(content_routes_tests, content_routes_tests::fixture)

BOOST_AUTO_TEST_CASE(what_is_uploaded_comes_down_byte_for_byte) {
  for (const std::size_t size : {0u, 1u, 262'143u, 262'144u, 262'145u, 524'288u, 1'500'000u}) {
    const auto content = pattern(size);
    const auto made = create();
    const auto stored = put(made.upload_target, content);
    BOOST_TEST(stored.status == 201u);
    BOOST_TEST(field_of(stored, "ETag") == "\"" + sha256_hex(content) + "\"");
    BOOST_REQUIRE(confirm(made.id).status == 200u);
    const auto got = get(download_target(made.id));
    BOOST_TEST(got.status == 200u);
    BOOST_TEST((body_of(got) == content), size);
    BOOST_TEST(field_of(got, "ETag") == "\"" + sha256_hex(content) + "\"");
    BOOST_TEST(field_of(got, "Repr-Digest") == repr_digest(content));
  }
}

BOOST_AUTO_TEST_CASE(a_large_upload_rests_while_others_are_answered) {
  http_stats stats;
  parts.http = [&stats] {
    stats.responses_by_class[2] += 1'000;
    return &stats;
  };
  config.http.upload_rest_us = 10'000;
  const auto made = create();
  watched_body body{pattern(3 * watched_body::piece_bytes + 1)};
  BOOST_TEST(send({verb::put, made.upload_target}, body).status == 201u);
  BOOST_REQUIRE(body.read_at.size() >= 4u);
  // Behind each full piece as long as it may. The first four wait for nothing else.
  BOOST_TEST((body.read_at[2] - body.read_at[1] >= 5ms));
  BOOST_TEST((body.read_at[3] - body.read_at[2] >= 5ms));
}

BOOST_AUTO_TEST_CASE(a_body_may_come_in_any_pieces_with_or_without_a_length) {
  const auto content = pattern(600'000);
  for (const std::size_t piece : {1'009u, 65'536u, 600'000u}) {
    const auto made = create();
    text_body body{content};
    body.is_chunked = piece != 65'536;
    body.piece_bytes = piece;
    BOOST_TEST(send({verb::put, made.upload_target}, body).status == 201u);
    BOOST_REQUIRE(confirm(made.id).status == 200u);
    BOOST_TEST((body_of(get(download_target(made.id))) == content));
  }
}

BOOST_AUTO_TEST_CASE(an_upload_that_breaks_off_leaves_nothing) {
  for (const std::size_t after : {0u, 10u, 300'000u, 900'000u}) {
    const auto made = create();
    text_body body{pattern(1'000'000)};
    body.breaks_after = after;
    body.piece_bytes = 10'000;
    BOOST_TEST(send({verb::put, made.upload_target}, body).status == 408u);
    BOOST_TEST(files_below("blobs") == 0u);
    BOOST_TEST(confirm(made.id).status == 409u);
  }
}

BOOST_AUTO_TEST_CASE(a_second_upload_replaces_the_first_until_it_is_confirmed) {
  const auto made = create();
  BOOST_TEST(put(made.upload_target, "first").status == 201u);
  BOOST_TEST(put(made.upload_target, "second").status == 201u);
  BOOST_REQUIRE(confirm(made.id).status == 200u);
  BOOST_TEST(body_of(get(download_target(made.id))) == "second");
  BOOST_TEST(put(made.upload_target, "third").status == 409u);
  BOOST_TEST(body_of(get(download_target(made.id))) == "second");
}

BOOST_AUTO_TEST_CASE(a_declared_size_is_held_before_the_body_is_read) {
  const auto made = create(R"({"documentType":"t","fileName":"f","sizeBytes":7})");
  text_body longer{"contents"};
  BOOST_TEST(send({verb::put, made.upload_target}, longer).status == 422u);
  BOOST_TEST(longer.read_bytes == 0u);
  text_body chunked{"contents"};
  chunked.is_chunked = true;
  BOOST_TEST(send({verb::put, made.upload_target}, chunked).status == 422u);
  BOOST_TEST(files_below("blobs") == 0u);
  BOOST_TEST(put(made.upload_target, "content").status == 201u);
  // Later uploads too, though the view tells of the content by now.
  BOOST_TEST(put(made.upload_target, "contents").status == 422u);
  BOOST_TEST(files_below("blobs") == 1u);
}

BOOST_AUTO_TEST_CASE(a_declared_digest_is_held) {
  const auto made
    = create(R"({"documentType":"t","fileName":"f","sha256":")" + sha256_hex("content") + "\"}");
  BOOST_TEST(put(made.upload_target, "CONTENT").status == 422u);
  text_body other{"CONTENT"};
  const call contradiction{
    verb::put, made.upload_target, {{"Repr-Digest", repr_digest("CONTENT")}}};
  BOOST_TEST(send(contradiction, other).status == 422u);
  BOOST_TEST(other.read_bytes == 0u);
  BOOST_TEST(files_below("blobs") == 0u);
  BOOST_TEST(put(made.upload_target, "content", {{"Repr-Digest", repr_digest("content")}}).status
             == 201u);
}

BOOST_AUTO_TEST_CASE(supplied_digests_are_verified) {
  const auto made = create();
  const auto stored = put(made.upload_target, "content", {{"Content-MD5", md5_of("content")}});
  BOOST_TEST(stored.status == 201u);
  BOOST_TEST(field_of(stored, "Content-MD5") == md5_of("content"));
  BOOST_TEST(put(made.upload_target, "content",
                 {{"Repr-Digest", "md5=:AAAA:, " + repr_digest("content") + ",unixsum=:AA==:"}})
               .status
             == 201u);
}

BOOST_AUTO_TEST_CASE(wrong_and_malformed_digests_are_refused) {
  check_refused(422, "content", {{"Content-MD5", md5_of("CONTENT")}});
  check_refused(422, "content", {{"Repr-Digest", repr_digest("CONTENT")}});
  const auto good = repr_digest("content");
  for (const auto& bad :
       {std::string{"x"}, std::string{}, good.substr(1), good + ",", good + ", " + good,
        good + ";a=1", std::string{"sha-256=:AAAA:"}, std::string{"sha-256=AAAA"},
        std::string{"sha-512=:AAAA:"}, std::string{"SHA-256="} + good.substr(8),
        "sha-256=:" + to_base64url(sha256_of("content")) + ":"})
    check_refused(400, "content", {{"Repr-Digest", bad}});
  for (const auto* bad : {"", "x", "AAAA", "AAAAAAAAAAAAAAAAAAAAAA", "AAAAAAAAAAAAAAAAAAAAAA==AA"})
    check_refused(400, "content", {{"Content-MD5", bad}});
}

BOOST_AUTO_TEST_CASE(what_cannot_be_honoured_is_refused) {
  check_refused(400, "content", {{"x-ms-blob-type", "PageBlob"}});
  check_refused(415, "content", {{"Content-Encoding", "gzip"}});
  check_refused(400, "content", {{"Content-Range", "bytes 0-6/7"}});
  check_refused(412, "content", {{"If-Match", "*"}});
  const auto made = create();
  BOOST_TEST(
    put(made.upload_target, "content", {{"x-ms-blob-type", "BlockBlob"}, {"If-None-Match", "*"}})
      .status
    == 201u);
  BOOST_TEST(put(made.upload_target, "content", {{"If-None-Match", "*"}}).status == 412u);
}

BOOST_AUTO_TEST_CASE(content_that_the_document_refuses_is_collected) {
  const auto made = create();
  documents.refusal = fail(errc::conflict, "the upload was confirmed meanwhile");
  BOOST_TEST(put(made.upload_target, "content").status == 409u);
  BOOST_TEST(files_below("blobs") == 0u);
}

BOOST_AUTO_TEST_CASE(content_whose_outcome_is_unknown_is_kept) {
  const auto made = create();
  documents.loses_answers = true;
  BOOST_TEST(put(made.upload_target, "content").status == 503u);
  documents.loses_answers = false;
  BOOST_TEST(confirm(made.id).status == 200u);
  BOOST_TEST(body_of(get(download_target(made.id))) == "content");
}

BOOST_AUTO_TEST_CASE(a_url_permits_one_thing_on_one_document_for_a_time) {
  const auto made = create();
  BOOST_TEST(get(made.upload_target).status == 403u);
  const auto id = upload("content");
  const auto download = download_target(id);
  BOOST_TEST(put(download, "other").status == 403u);
  auto other = download;
  other.replace(std::string_view{"/content/"}.size(), made.id.size(), made.id);
  BOOST_TEST(get(other).status == 403u);
  BOOST_TEST(get(download + "&x=1").status == 403u);
  time.pass(seconds{899});
  BOOST_TEST(get(download).status == 200u);
  time.pass(seconds{1});
  BOOST_TEST(get(download).status == 410u);
  BOOST_TEST(put(made.upload_target, "late").status == 410u);
}

BOOST_AUTO_TEST_CASE(a_document_that_ended_is_gone_whatever_the_url_says) {
  const auto id = upload("content");
  const auto target = download_target(id);
  const auto made = create();
  BOOST_TEST(send({verb::del, "/api/documents/" + id}).status == 204u);
  BOOST_TEST(send({verb::del, "/api/documents/" + made.id}).status == 204u);
  BOOST_TEST(get(target).status == 410u);
  BOOST_TEST(send({verb::head, target}).status == 410u);
  BOOST_TEST(put(made.upload_target, "content").status == 410u);
}

BOOST_AUTO_TEST_CASE(a_document_that_expired_by_the_clock_is_gone_before_its_timer_fires) {
  const auto expiry = to_rfc3339(time.now() + seconds{60});
  const auto id
    = upload("content", R"({"documentType":"t","fileName":"f","expiryDate":")" + expiry + "\"}");
  // The URL itself would be good for longer: the expiry came nearer after it was given.
  const auto target
    = signer.sign({permission::download, *entity_id::parse(id), time.now() + seconds{900}});
  BOOST_TEST(get(target).status == 200u);
  time.pass(seconds{60});
  BOOST_TEST(get(target).status == 410u);
}

BOOST_AUTO_TEST_CASE(nothing_comes_down_before_the_upload_is_confirmed) {
  const auto made = create();
  const auto target
    = signer.sign({permission::download, *entity_id::parse(made.id), time.now() + seconds{9}});
  BOOST_TEST(get(target).status == 409u);
  BOOST_REQUIRE(put(made.upload_target, "content").status == 201u);
  BOOST_TEST(get(target).status == 409u);
}

BOOST_AUTO_TEST_CASE(a_signed_url_of_an_unknown_document_is_not_found) {
  const auto id = documents.next_id("acme");
  BOOST_TEST(get(signer.sign({permission::download, id, time.now() + seconds{9}})).status == 404u);
}

BOOST_AUTO_TEST_CASE(a_download_is_told_to_be_harmless) {
  const auto id = upload(
    "<script>", R"({"documentType":"t","fileName":"ä \".html","contentType":"text/html"})");
  const auto got = get(download_target(id));
  BOOST_TEST(field_of(got, "Content-Type") == "application/octet-stream");
  BOOST_TEST(field_of(got, "Content-Disposition")
             == "attachment; filename=\"_ _.html\"; filename*=UTF-8''%C3%A4%20%22.html");
  BOOST_TEST(field_of(got, "X-Content-Type-Options") == "nosniff");
  BOOST_TEST(field_of(got, "Content-Security-Policy") == "sandbox; default-src 'none'");
  BOOST_TEST(field_of(got, "Cache-Control") == "private, no-store");
  BOOST_TEST(field_of(got, "Accept-Ranges") == "bytes");
}

BOOST_AUTO_TEST_CASE(head_tells_what_get_would_send) {
  const auto target = download_target(upload("content"));
  const auto head = send({verb::head, target, {{"Range", "bytes=0-1"}}});
  BOOST_TEST(head.status == 200u);
  BOOST_TEST(!head.file);
  BOOST_TEST(head.body.empty());
  BOOST_TEST(head.announced_size_bytes.value_or(0) == 7u);
  BOOST_TEST((head.fields == get(target).fields));
}

BOOST_AUTO_TEST_CASE(a_range_is_sent_alone) {
  const auto target = download_target(upload("0123456789"));
  const auto part = get(target, {{"Range", "bytes=2-4"}});
  BOOST_TEST(part.status == 206u);
  BOOST_TEST(body_of(part) == "234");
  BOOST_TEST(field_of(part, "Content-Range") == "bytes 2-4/10");
  BOOST_TEST(body_of(get(target, {{"Range", "bytes=-3"}})) == "789");
  BOOST_TEST(body_of(get(target, {{"Range", "bytes=8-"}})) == "89");
  BOOST_TEST(get(target, {{"Range", "lines=1-2"}}).status == 200u);
}

BOOST_AUTO_TEST_CASE(several_ranges_come_as_parts) {
  const auto target = download_target(
    upload("0123456789", R"({"documentType":"t","fileName":"f","contentType":"image/png"})"));
  const auto answer = get(target, {{"Range", "bytes=8-9,0-1"}});
  BOOST_REQUIRE(answer.status == 206u);
  const auto type = field_of(answer, "Content-Type");
  const std::string start = "multipart/byteranges; boundary=";
  BOOST_REQUIRE(type.starts_with(start));
  const auto boundary = type.substr(start.size());
  const auto expected
    = "--" + boundary + "\r\nContent-Type: image/png\r\nContent-Range: bytes 8-9/10\r\n\r\n89\r\n--"
      + boundary + "\r\nContent-Type: image/png\r\nContent-Range: bytes 0-1/10\r\n\r\n01\r\n--"
      + boundary + "--\r\n";
  BOOST_TEST(body_of(answer) == expected);
  BOOST_TEST(field_of(answer, "Content-Range").empty());
}

BOOST_AUTO_TEST_CASE(a_range_outside_is_refused_with_the_size) {
  const auto target = download_target(upload("0123456789"));
  const auto refused = get(target, {{"Range", "bytes=10-"}});
  BOOST_TEST(refused.status == 416u);
  BOOST_TEST(field_of(refused, "Content-Range") == "bytes */10");
  BOOST_TEST(get(target, {{"Range", "bytes=4-2"}}).status == 416u);
}

BOOST_AUTO_TEST_CASE(a_range_counts_only_while_the_content_is_the_one_meant) {
  const auto target = download_target(upload("0123456789"));
  const auto whole = get(target);
  const auto status = [&](const std::string& validator) {
    return get(target, {{"Range", "bytes=0-1"}, {"If-Range", validator}}).status;
  };
  BOOST_TEST(status(field_of(whole, "ETag")) == 206u);
  BOOST_TEST(status("W/" + field_of(whole, "ETag")) == 200u);
  BOOST_TEST(status("\"other\"") == 200u);
  BOOST_TEST(status(field_of(whole, "Last-Modified")) == 206u);
  BOOST_TEST(status("Sun, 06 Nov 1994 08:49:37 GMT") == 200u);
}

BOOST_AUTO_TEST_CASE(a_client_that_has_the_content_is_told_so) {
  const auto target = download_target(upload("content"));
  const auto whole = get(target);
  const auto same = get(target, {{"If-None-Match", field_of(whole, "ETag")}});
  BOOST_TEST(same.status == 304u);
  BOOST_TEST(!same.file);
  BOOST_TEST(get(target, {{"If-Modified-Since", field_of(whole, "Last-Modified")}}).status == 304u);
  BOOST_TEST(get(target, {{"If-Match", "\"other\""}}).status == 412u);
  BOOST_TEST(get(target, {{"If-Match", field_of(whole, "ETag")}}).status == 200u);
}

BOOST_AUTO_TEST_CASE(content_that_is_missing_is_a_fault_and_not_an_end) {
  const auto target = download_target(upload("content"));
  std::filesystem::remove_all(directory / "blobs");
  BOOST_TEST(get(target).status == 503u);
}

BOOST_AUTO_TEST_CASE(an_open_file_does_not_let_anybody_in) {
  const auto id = upload("content");
  const auto target = download_target(id);
  BOOST_REQUIRE(get(target).status == 200u); // It is open now.
  BOOST_REQUIRE(send({verb::del, "/api/documents/" + id}).status == 204u);
  BOOST_TEST(get(target).status == 410u);
}

BOOST_AUTO_TEST_CASE(equal_content_of_two_customers_stays_apart) {
  const auto body = R"({"documentType":"t","fileName":"f"})";
  const auto one = create(body, "acme");
  const auto two = create(body, "umbrella");
  BOOST_REQUIRE(put(one.upload_target, "content").status == 201u);
  BOOST_REQUIRE(put(two.upload_target, "content").status == 201u);
  BOOST_TEST(files_below("blobs") == 2u);
}

BOOST_AUTO_TEST_SUITE_END()
