// SPDX-License-Identifier: Apache-2.0
// A job's state row: how small it is, and that damage to it is found or harmless.
#include "tests/protocol/ingestion_life.hpp"

#include <nlohmann/json.hpp>

#include <string>
#include <vector>

namespace dossier::ingestion {

using namespace testing;

namespace ingestion_state {

/// Ten gigabytes in chunks of 16 MiB, each finished.
life ten_gigabytes() {
  life l;
  l.rules = policy{};
  constexpr std::uint64_t bytes = 10'000'000'000;
  const auto size = piece_bytes(l.rules, bytes);
  l.does(accept{some_file(bytes), {}}).does(start{});
  report_split split;
  for (std::uint64_t rest = bytes; rest > 0; rest -= split.pieces.back().bytes)
    split.pieces.push_back({std::min(rest, size + rest % 97), 104'857, 104'860});
  l.does(split);
  const auto count = static_cast<std::uint32_t>(split.pieces.size());
  for (std::uint32_t n = 1; n <= count; ++n)
    l.finishes(n, 104'850, 7);
  return l;
}

/// A job with something of everything in its row.
life varied_one() {
  auto l = split_one().finishes(1, 9, 1).runs(2).runs(3);
  l.does(report_chunk_failed{2, 1, "away", true});
  return l;
}

} // namespace ingestion_state

BOOST_AUTO_TEST_SUITE(ingestion_state)

BOOST_AUTO_TEST_CASE(ten_gigabytes_take_some_kilobytes_of_state) {
  const auto l = ten_gigabytes();
  const auto chunks = l.seen().tally.total;
  BOOST_TEST(chunks == 597u);
  BOOST_TEST(encode_state(l.now).size() < 600u + 20 * chunks);
  BOOST_TEST(l.status() == "PartiallySucceeded");
  BOOST_TEST(l.seen().tally.rows == 597u * 104'850);
}

BOOST_AUTO_TEST_CASE(a_row_that_is_cut_or_goes_on_is_refused) {
  for (const auto& l : {varied_one(), accepted_one(), chunking_one(), single_one(),
                        split_one().does(cancel{"no"}), chunking_one().does(cancel{"no"})}) {
    const auto row = encode_state(l.now);
    for (std::size_t cut = 0; cut < row.size(); ++cut)
      BOOST_TEST(!decode_state(row.substr(0, cut)));
    BOOST_TEST(!decode_state(row + '\0'));
    BOOST_TEST(decode_state("").error().why.starts_with("cannot read a job's state row: "));
  }
}

BOOST_AUTO_TEST_CASE(a_changed_byte_is_found_or_makes_another_row) {
  const auto row = encode_state(varied_one().now);
  for (std::size_t at = 0; at < row.size(); ++at)
    for (int change = 1; change < 256; ++change) {
      auto other = row;
      other[at] = static_cast<char>(other[at] ^ change);
      const auto read = decode_state(other);
      if (read && encode_state(*read) != other)
        BOOST_ERROR("byte " << at << " changed by " << change << " reads as something else");
    }
}

BOOST_AUTO_TEST_CASE(chunks_that_do_not_cover_the_file_are_no_state) {
  const auto whole = split_one().now;
  const auto is_refused = [&](auto change) {
    auto s = whole;
    change(std::get<working>(s).facts);
    BOOST_TEST(!decode_state(encode_state(s)));
  };
  is_refused([](facts& f) { f.chunks.pop_back(); });
  is_refused([](facts& f) { f.chunks.clear(); });
  is_refused([](facts& f) { ++f.submission.bytes; });
  is_refused([](facts& f) { f.chunks.back().extent.bytes = ~std::uint64_t{0}; });
  is_refused([](facts& f) { f.type = job_type::chunk; });
  is_refused([](facts& f) { f.troubles = {{4, "of no chunk"}}; });
  is_refused([](facts& f) { f.troubles = {{2, "a"}, {1, "b"}}; });
  is_refused([](facts& f) { f.chunks[1].phase = chunk_phase{6}; });
}

BOOST_AUTO_TEST_CASE(operators_see_a_job_as_json) {
  const auto shown = nlohmann::json::parse(to_json(varied_one().now));
  BOOST_TEST(shown["phase"] == "working");
  BOOST_TEST(shown["status"] == "Processing");
  BOOST_TEST(shown["runningChunks"] == 1);
  BOOST_TEST(shown["rejects"] == 1);
  BOOST_TEST(shown["troubles"][0]["why"] == "away");
  BOOST_TEST(nlohmann::json::parse(to_json(state{}))["phase"] == "absent");
  const auto over = nlohmann::json::parse(to_json(chunking_one().does(cancel{"no"}).now));
  BOOST_TEST(over["why"] == "no");
}

BOOST_AUTO_TEST_SUITE_END()

} // namespace dossier::ingestion
