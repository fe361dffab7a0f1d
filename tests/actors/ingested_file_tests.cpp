// SPDX-License-Identifier: Apache-2.0
// A file of any encoding becomes the rows and rejects of its UTF-8, each where the file itself has
// it, in one chunk or many, and wherever the process ends.
#include "tests/actors/ingestion_world.hpp"
#include "tests/csv/stored_text.hpp"

using namespace dossier;
using namespace dossier::test;
using csv::stored_text;
using csv::text_encoding;

namespace ingested_file_tests {

struct variant {
  text_encoding encoding;
  bool has_mark = false;
  const char* options = "";
};

constexpr variant variants[] = {{text_encoding::utf8},
                                {text_encoding::utf8, true},
                                {text_encoding::utf16le, true},
                                {text_encoding::utf16be, true},
                                {text_encoding::utf16le, false, "encoding=UTF-16LE"},
                                {text_encoding::utf16be, false, "encoding=UTF-16BE"},
                                {text_encoding::latin1},
                                {text_encoding::latin1, false, "encoding=Latin-1"}};

/// made_file() with letters of two bytes and more.
stored_text made_text(const variant& v, std::uint64_t seed, std::size_t records) {
  const auto ascii = made_file(seed, records);
  const auto body = ascii.find('\n') + 1;
  std::string text = (v.has_mark ? std::string(csv::utf8_bom) : "") + ascii.substr(0, body);
  const bool is_narrow = v.encoding == text_encoding::latin1;
  for (const char c : ascii.substr(body))
    if (c == 'a')
      text += "\xc3\xa9";
    else if (c == 'b')
      text += is_narrow ? "\xc3\xbf\xc3\xbf" : "\xf0\x9f\x98\x80";
    else if (c == 'd')
      text += is_narrow ? "\xc2\x80" : "\xe2\x82\xac";
    else
      text += c;
  return {v.encoding, text};
}

/// What was seen of the UTF-8, where the file has it: `fields_before` stand before an offset.
void move_offsets(std::map<std::uint64_t, std::string>& seen, int fields_before,
                  const stored_text& file) {
  for (auto& [number, text] : seen) {
    std::size_t begin = 0;
    for (int i = 0; i < fields_before; ++i)
      begin = text.find('|', begin) + 1;
    const auto end = text.find('|', begin);
    const auto offset = std::stoull(text.substr(begin, end - begin));
    text.replace(begin, end - begin, std::to_string(file.offsets.at(offset)));
  }
}

ingested expected_of(ingestion_world& w, const stored_text& file) {
  auto seen = w.read_whole(file.text);
  move_offsets(seen.rows, 0, file);
  move_offsets(seen.rejects, 1, file);
  return seen;
}

entity_id submit(ingestion_world& w, std::string_view bytes, const std::string& options) {
  auto made_of = w.submission_of(w.store(bytes));
  made_of.options = options;
  const auto id = w.world.core->jobs().id_of(made_of);
  const auto seen = w.tell(id, ingestion::accept{made_of, std::nullopt});
  w.world.run();
  BOOST_REQUIRE(seen->has_value());
  BOOST_REQUIRE_MESSAGE((*seen)->has_value(), "the job is refused");
  return id;
}

} // namespace ingested_file_tests

BOOST_AUTO_TEST_SUITE(ingested_file_tests)

BOOST_AUTO_TEST_CASE(every_encoding_gives_the_same_rows_and_rejects_where_its_file_has_them) {
  std::uint64_t seed = 0;
  for (const auto& v : variants)
    for (const std::size_t records : {3U, 150U}) {
      ingestion_world w(++seed);
      const auto file = made_text(v, seed, records);
      const auto id = submit(w, file.bytes, v.options);
      w.run();
      const auto view = w.view_of(id);
      BOOST_TEST_CONTEXT(to_string(v.encoding) << ' ' << records << ' ' << view.why) {
        BOOST_TEST((view.type == ingestion::job_type::master) == (records > 100));
        BOOST_TEST(view.tally.successful == view.tally.total);
        const auto seen = w.read(id);
        BOOST_TEST((seen == expected_of(w, file)));
        BOOST_TEST(view.tally.rows == seen.rows.size());
        BOOST_TEST(view.tally.rejects == seen.rejects.size());
      }
    }
}

BOOST_AUTO_TEST_CASE(pieces_of_any_size_begin_at_the_same_records) {
  ingestion_world w;
  for (const auto& v : {variants[2], variants[3], variants[6]}) {
    // Nearly as long as a record may be: with characters cut by ranges it would be too long, and so
    // end within its quotes.
    const std::string wide = v.encoding == text_encoding::latin1 ? "\xc3\xa9" : "\xf0\x9f\x98\x80";
    std::string longest;
    while (longest.size() < 210)
      longest += wide;
    longest += ",\"b\n\",01/02/2024,10:00:00,1,1,R1,GBP\n";
    const stored_text file(v.encoding, made_text(v, 3, 30).text + longest + longest
                                         + made_text({v.encoding}, 4, 30).text);
    auto what = w.submission_of(w.store(file.bytes));
    const auto opened = open_ingested_file(*w.blobs, w.schemas, what, 256).value();
    const auto expected = expected_of(w, file);
    for (std::uint64_t piece_bytes = 1; piece_bytes < 700; piece_bytes += 1 + piece_bytes / 20) {
      file_split split(opened, piece_bytes);
      for (std::size_t i = split.ranges(); i > 0; --i)
        BOOST_REQUIRE(split.look_at(i - 1));
      const auto found = split.fold().value();
      auto next = all_records(*opened).first;
      BOOST_TEST(found.begin == next.offset);
      for (const auto& piece : found.pieces) {
        BOOST_TEST(piece.bytes > 0u);
        next = {next.offset + piece.bytes, next.line + piece.lines, next.number + piece.records};
        const auto row = expected.rows.find(next.number);
        if (row != expected.rows.end())
          BOOST_TEST(row->second.starts_with(std::to_string(next.offset) + '|'),
                     row->second << " is not at " << next.offset);
      }
      BOOST_TEST(next.offset == file.bytes.size());
    }
  }
}

BOOST_AUTO_TEST_CASE(what_is_no_character_is_a_reject_at_its_place_and_costs_no_other_record) {
  const std::string header
    = "caller_id,recipient,call_date,end_time,duration,cost,reference,currency\n";
  const auto row = [](int number) {
    return "\xe2\x82\xac,b,01/02/2024,10:00:00,1,1,R" + std::to_string(number) + ",GBP\n";
  };
  const std::string good = row(1);
  stored_text file(text_encoding::utf16be, std::string(csv::utf8_bom) + header + good
                                             + "x\xed\xa0\x80y,\n" + row(2) + "\xed\xb0\x80\n"
                                             + row(3));
  file.add_half_a_unit();
  ingestion_world w;
  const auto id = submit(w, file.bytes, "");
  w.run();
  const auto seen = w.read(id);
  BOOST_TEST(seen.rows.size() == 3u);
  const auto first = 2 + 2 * (header.size() + good.size() - 2);
  const auto second = first + 2 * (5 + good.size() - 2);
  const auto last = second + 2 * (2 + good.size() - 2);
  const std::string why = "|encoding|caller_id|these bytes are not UTF-16BE|";
  BOOST_REQUIRE(seen.rejects.size() == 3u);
  BOOST_TEST(seen.rejects.at(2) == "3|" + std::to_string(first) + why + "x\xef\xbf\xbdy,");
  BOOST_TEST(seen.rejects.at(4) == "5|" + std::to_string(second) + why + "\xef\xbf\xbd");
  BOOST_TEST(seen.rejects.at(6) == "7|" + std::to_string(last) + why + "\xef\xbf\xbd");
}

BOOST_AUTO_TEST_CASE(killed_anywhere_each_record_of_any_encoding_counts_once) {
  std::uint64_t seed = 100;
  for (const auto& v : {variants[2], variants[3], variants[6]})
    for (int lives = 0; lives < 4; ++lives) {
      ingestion_world w(++seed);
      const auto file = made_text(v, seed, 300);
      const auto id = submit(w, file.bytes, v.options);
      int kills = 0;
      for (; kills < 10 && !w.view_of(id).ended_at; ++kills) {
        for (auto left = w.dice() % 60; left > 0 && w.step(); --left) {
        }
        if (w.world.commits.waiting() > 0 && w.dice() % 2 == 0)
          w.world.commits.write_unanswered(1 + w.dice() % w.world.commits.waiting());
        w.world.kill_and_restart();
      }
      w.run();
      BOOST_TEST(kills == 10);
      BOOST_TEST_CONTEXT(to_string(v.encoding) << " seed " << seed)
      BOOST_TEST((w.read(id) == expected_of(w, file)));
    }
}

BOOST_AUTO_TEST_SUITE_END()
