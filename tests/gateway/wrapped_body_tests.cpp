// SPDX-License-Identifier: Apache-2.0
// Files that come compressed or in a form: the same bytes, whatever they are wrapped in and however
// they arrive; what is cut, lies or expands too much is told.
#include "tests/gateway/edge_world.hpp"

#include "gateway/expanded_body.hpp"
#include "gateway/multipart_body.hpp"

#include <zlib.h>
#include <zstd.h>

#include <functional>
#include <random>
#include <utility>

using namespace dossier;
using namespace dossier::test;

namespace wrapped_body_tests {

/// All that comes, read with so much room at a time.
result<std::string> all_of(body_reader& body, std::size_t room) {
  std::string all;
  std::vector<std::byte> into(room);
  coroutine_runner coroutines;
  for (;;) {
    const auto got = coroutines.run(body.read_some(into));
    if (!got)
      return got.error();
    if (*got == 0)
      return all;
    all.append(reinterpret_cast<const char*>(into.data()), *got);
  }
}

std::string gzip(const std::string& text) {
  z_stream stream{};
  BOOST_REQUIRE(deflateInit2(&stream, 6, Z_DEFLATED, 15 + 16, 8, Z_DEFAULT_STRATEGY) == Z_OK);
  std::string coded(deflateBound(&stream, text.size()) + 32, '\0');
  stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(text.data()));
  stream.avail_in = static_cast<uInt>(text.size());
  stream.next_out = reinterpret_cast<Bytef*>(coded.data());
  stream.avail_out = static_cast<uInt>(coded.size());
  BOOST_REQUIRE(deflate(&stream, Z_FINISH) == Z_STREAM_END);
  coded.resize(coded.size() - stream.avail_out);
  deflateEnd(&stream);
  return coded;
}

std::string zstd(const std::string& text) {
  std::string coded(ZSTD_compressBound(text.size()), '\0');
  const auto size = ZSTD_compress(coded.data(), coded.size(), text.data(), text.size(), 3);
  BOOST_REQUIRE(!ZSTD_isError(size));
  coded.resize(size);
  return coded;
}

std::string coded_by(const std::string& coding, const std::string& text) {
  return coding == "gzip" ? gzip(text) : zstd(text);
}

std::string made_text(std::size_t bytes) {
  std::mt19937 dice(1);
  std::string text;
  while (text.size() < bytes)
    text += "row " + std::to_string(dice() % 1'000) + ",x\n";
  return text;
}

result<std::string> expanded(const std::string& coding, const std::string& coded,
                             std::size_t piece = 100'000, std::size_t room = 10'000,
                             expanded_body::limits limits = {1U << 30, 100}) {
  text_body body(coded);
  body.piece_bytes = piece;
  expanded_body file(body, make_expander(coding), limits);
  return all_of(file, room);
}

result<std::string> of_form(const std::string& text, std::size_t piece = 100'000) {
  text_body body(text);
  body.piece_bytes = piece;
  multipart_body file(body, "b0un:dary");
  return all_of(file, 1'000);
}

std::string form_of(const std::string& file) {
  return "--b0un:dary\r\nContent-Disposition: form-data; name=\"note\"\r\n\r\n--b0un:dary"
         "\r\n--b0un:dary  \r\ncontent-disposition: form-data; name=file; filename=\"a b.csv\"\r\n"
         "Content-Type: text/csv\r\n\r\n"
         + file + "\r\n--b0un:dary--\r\nepilogue";
}

/// A body that makes its sender wait: before its first byte comes, something else happens.
class interrupted_body final : public body_reader {
public:
  explicit interrupted_body(std::function<void()> act)
    : act_(std::move(act)) {}
  std::optional<std::uint64_t> declared_size_bytes() const override { return std::nullopt; }
  awaitable<result<std::size_t>> read_some(std::span<std::byte>) override {
    std::exchange(act_, [] {})();
    co_return std::size_t{0};
  }

private:
  std::function<void()> act_;
};

/// As many files with these fields as may be on their way at once, each waiting for the next.
struct crowd {
  edge_world& world;
  field_list fields;
  std::function<void()> when_full{}; ///< While all of them wait.
  int under_way = 0;
  response refusal{}; ///< What the one too many was told.

  void grow() {
    interrupted_body body([this] {
      ++under_way;
      grow();
    });
    auto answer = world.send({verb::post, "/api/cdr/upload-large?customerId=acme", fields}, body);
    if (answer.status != 503)
      return;
    refusal = std::move(answer);
    if (when_full)
      when_full();
  }
};

} // namespace wrapped_body_tests

BOOST_AUTO_TEST_SUITE(wrapped_body_tests)

BOOST_AUTO_TEST_CASE(what_it_takes_to_unwrap_counts_as_memory_of_uploads) {
  edge_world w;
  crowd large{w, {{"Content-Encoding", "zstd"}}};
  large.when_full = [&] {
    crowd plain{w, {}};
    plain.grow();
    BOOST_TEST(plain.under_way == 4);
    crowd in_form{w, {{"Content-Type", "multipart/form-data; boundary=b"}}};
    in_form.grow();
    BOOST_TEST(in_form.under_way == 3);
    crowd smaller{w, {{"Content-Encoding", "gzip"}}};
    smaller.grow();
    BOOST_TEST(smaller.under_way == 3);
  };
  // Of 256 MiB each takes 8.5 for its window, 64 KiB for what is compressed and 512 for two pieces.
  large.grow();
  BOOST_TEST(large.under_way == 28);
  BOOST_TEST(large.refusal.status == 503u);
  BOOST_TEST(!field_of(large.refusal, "Retry-After").empty());
  crowd again{w, {{"Content-Encoding", "zstd"}}};
  again.grow();
  BOOST_TEST(again.under_way == 28);
}

BOOST_AUTO_TEST_CASE(what_was_compressed_comes_out_however_it_arrives) {
  for (const std::string coding : {"gzip", "zstd"})
    for (const auto& text : {std::string{}, std::string("x"), made_text(300'000)})
      for (const std::size_t piece : {1, 7, 100'000})
        for (const std::size_t room : {1, 4'096})
          if (text.size() < 1'000 || piece * room > 1'000)
            BOOST_TEST((expanded(coding, coded_by(coding, text), piece, room).value() == text));
}

BOOST_AUTO_TEST_CASE(frames_that_follow_each_other_are_one_file) {
  for (const std::string coding : {"gzip", "zstd"})
    BOOST_TEST(expanded(coding, coded_by(coding, "ab") + coded_by(coding, "cd")).value() == "abcd");
}

BOOST_AUTO_TEST_CASE(every_cut_is_told) {
  for (const std::string coding : {"gzip", "zstd"}) {
    const auto coded = coded_by(coding, made_text(500));
    for (std::size_t bytes = 1; bytes < coded.size(); ++bytes) {
      const auto got = expanded(coding, coded.substr(0, bytes));
      BOOST_REQUIRE(!got);
      BOOST_TEST((got.error().code == errc::malformed));
    }
    BOOST_TEST(!expanded(coding, coded + "rubbish"));
    BOOST_TEST(!expanded(coding, "no such thing"));
  }
}

BOOST_AUTO_TEST_CASE(a_bomb_is_told_before_it_costs_much) {
  for (const std::string coding : {"gzip", "zstd"}) {
    const auto bomb = coded_by(coding, std::string(64U << 20, '0'));
    const auto got = expanded(coding, bomb);
    BOOST_REQUIRE(!got);
    BOOST_TEST((got.error().code == errc::too_large));
    const auto bounded
      = expanded(coding, coded_by(coding, made_text(5'000)), 100, 100, {4'000, 100});
    BOOST_REQUIRE(!bounded);
    BOOST_TEST((bounded.error().code == errc::too_large));
  }
}

BOOST_AUTO_TEST_CASE(the_file_of_a_form_comes_out_however_it_arrives) {
  const std::string file = "a\r\n--b0un:dar\r\n\r\n--b0un:\r\nb";
  for (const std::size_t piece : {1, 2, 3, 5, 17, 100'000})
    BOOST_TEST(of_form(form_of(file), piece).value() == file);
  BOOST_TEST(of_form("a preamble\r\n" + form_of("")).value().empty());
}

BOOST_AUTO_TEST_CASE(a_form_that_is_none_is_told) {
  const auto whole = form_of("abc");
  const auto epilogue = std::string_view("\r\nepilogue").size();
  for (std::size_t bytes = 0; bytes + epilogue < whole.size(); ++bytes)
    BOOST_TEST(!of_form(whole.substr(0, bytes)), bytes);
  const auto two = of_form("--b0un:dary\r\nContent-Disposition: form-data; filename=a\r\n\r\n1"
                           "\r\n--b0un:dary\r\nContent-Disposition: form-data; filename=b\r\n\r\n2"
                           "\r\n--b0un:dary--");
  BOOST_REQUIRE(!two);
  BOOST_TEST((two.error().code == errc::invalid_argument));
  const auto none = of_form("--b0un:dary\r\nContent-Disposition: form-data; name=a\r\n\r\n1"
                            "\r\n--b0un:dary--");
  BOOST_REQUIRE(!none);
  BOOST_TEST(none.error().why == "The form cannot be read: it has no file.");
  for (const std::size_t piece : {1, 100'000}) {
    const std::string head = "Content-Disposition: form-data; filename=a\r\nX: ";
    const std::string rest = "\r\n\r\nabc\r\n--b0un:dary--";
    const auto with = [&](std::size_t more) {
      return of_form("--b0un:dary\r\n" + head + std::string(more, 'h') + rest, piece);
    };
    BOOST_TEST(with(8'000).value() == "abc");
    const auto large = with(9'000);
    BOOST_REQUIRE(!large);
    BOOST_TEST(large.error().why.find("8 KiB") != std::string::npos);
  }
}

BOOST_AUTO_TEST_CASE(a_boundary_is_what_the_rfc_allows) {
  BOOST_TEST(!multipart_boundary("text/csv").value());
  BOOST_TEST(*multipart_boundary("multipart/form-data; boundary=abc").value() == "abc");
  BOOST_TEST(*multipart_boundary("Multipart/Form-Data; charset=x; boundary=\"a b:c\"").value()
             == "a b:c");
  for (const auto* bad : {"multipart/form-data", "multipart/form-data; boundary=",
                          "multipart/form-data; boundary=\"a\x01\"",
                          "multipart/form-data; boundary=\"a "
                          "\""})
    BOOST_TEST(!multipart_boundary(bad), bad);
  BOOST_TEST(!multipart_boundary("multipart/form-data; boundary=" + std::string(71, 'a')));
}

BOOST_AUTO_TEST_SUITE_END()
