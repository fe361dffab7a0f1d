// SPDX-License-Identifier: Apache-2.0
// What a file of rows promises when its bytes are not those that were written: it says so by name
// and place, whatever is wrong, and reads nothing that is not its own.
#include "persistence/row_cursor.hpp"

#include "protocol/crc32c.hpp"
#include "tests/persistence/row_world.hpp"

#include <boost/test/unit_test.hpp>

#include <cstddef>

namespace dossier {

using namespace test;

namespace row_file_damage_tests {

/// A file in memory that ends where it ends.
class bytes_file final : public input_file {
public:
  explicit bytes_file(const std::string& bytes)
    : bytes_(std::make_unique<char[]>(bytes.size()))
    , size_(bytes.size()) {
    std::ranges::copy(bytes, bytes_.get());
  }
  std::uint64_t size_bytes() const override { return size_; }
  int descriptor() const override { return -1; }
  result<std::size_t> read(std::uint64_t offset, std::span<std::byte> into) const override {
    BOOST_REQUIRE(offset <= size_ && into.size() <= size_ - offset);
    std::memcpy(into.data(), bytes_.get() + offset, into.size());
    return into.size();
  }

private:
  std::unique_ptr<char[]> bytes_;
  std::size_t size_;
};

struct damage_fixture : row_fixture {
  damage_fixture() {
    wanted = some_file(60);
    make(true);
  }

  void make(bool packs_blocks) {
    sizes = {150, 20, packs_blocks};
    write(wanted, 9);
    whole = bytes();
  }

  result<std::shared_ptr<const row_file>> opening(const std::string& from) const {
    return row_file::open(path(), std::make_unique<bytes_file>(from), key);
  }

  /// Opens and reads all there is in all ways; what the first of them that fails says.
  result<void> read_all(const std::string& from) const {
    const auto opened = opening(from);
    if (!opened)
      return opened.error();
    const row_file& file = **opened;
    result<void> outcome = file.check();
    const auto note = [&](const auto& read) {
      if (!read && read.error().code != errc::not_found && outcome)
        outcome = read.error();
    };
    const auto look = [](const csv::row_block_reader& block, std::uint32_t row) {
      for (std::size_t column = 0; column < block.columns(); ++column)
        if (block.type(column) == csv::value_type::text)
          (void)block.text(row, column);
        else
          (void)block.value(row, column);
      return true;
    };
    note(file.rows_from(0, 1'000, look));
    note(file.rejects_from(0, 1'000, no_limit));
    note(file.rows_from(31, 1, look));
    reject_cursor rejects(file);
    note(rejects.seek(31));
    if (file.has_keys())
      note(file.find_key(wanted.rows[17].reference, no_limit));
    auto keys = file.keys();
    note(keys.skip_to(std::uint64_t{1} << 62));
    row_cursor rows(file);
    key_entry entry;
    for (int i = 0; i < 100; ++i) {
      const auto has_next = keys.next(entry);
      note(has_next);
      if (!has_next || !*has_next)
        break;
      note(rows.go_to(entry.ordinal));
    }
    return outcome;
  }

  known_file wanted;
  std::string whole;
};

/// Puts a checksum where it belongs.
void put_checksum(std::string& text, std::size_t at, std::uint32_t checksum) {
  text.replace(at, sizeof checksum, row_format::bytes_of(checksum));
}

/// Makes the checksums of a damaged file right again, where its parts lay when it was whole.
class forger {
public:
  explicit forger(const std::string& whole) {
    std::string_view rest = whole;
    head_bytes_ = sizeof(row_format::head_part)
                  + row_format::take<row_format::head_part>(rest).schema_text_bytes;
    tail_offset_ = whole.size() - sizeof(row_format::tail_part);
    rest = std::string_view(whole).substr(tail_offset_);
    footer_bytes_ = row_format::take<row_format::tail_part>(rest).footer_bytes;
    rest = std::string_view(whole).substr(tail_offset_ - footer_bytes_, footer_bytes_);
    const auto footer = row_format::take<row_format::footer_head>(rest);
    for (std::uint32_t i = 0; i < footer.row_blocks + footer.reject_blocks; ++i)
      blocks_.push_back(row_format::take<row_format::placed_block>(rest));
    for (std::uint32_t i = 0; i < footer.key_runs; ++i)
      runs_.push_back(row_format::take<row_format::placed_run>(rest));
  }

  void make_right(std::string& text) const {
    const std::string_view all = text;
    put_checksum(text, head_bytes_, crc32c(all.substr(0, head_bytes_)));
    for (const auto& b : blocks_) {
      auto rest = all.substr(b.offset);
      const auto head = row_format::take<row_format::block_head>(rest);
      put_checksum(text, b.offset + offsetof(row_format::block_head, checksum),
                   row_format::checksum_of(head, rest.substr(0, b.bytes)));
    }
    // Each run is one page.
    for (const auto& run : runs_) {
      const std::size_t bytes = run.entries * row_format::entry_bytes;
      put_checksum(text, run.offset + bytes, crc32c(all.substr(run.offset, bytes)));
    }
    auto rest = all.substr(tail_offset_);
    const auto tail = row_format::take<row_format::tail_part>(rest);
    if (tail.footer_bytes > tail_offset_)
      return;
    const auto footer = all.substr(tail_offset_ - tail.footer_bytes, tail.footer_bytes);
    put_checksum(text, tail_offset_ + offsetof(row_format::tail_part, checksum),
                 crc32c(row_format::bytes_of(tail.footer_bytes), crc32c(footer)));
  }

private:
  std::size_t head_bytes_ = 0;
  std::size_t tail_offset_ = 0;
  std::size_t footer_bytes_ = 0;
  std::vector<row_format::placed_block> blocks_;
  std::vector<row_format::placed_run> runs_;
};

} // namespace row_file_damage_tests

BOOST_FIXTURE_TEST_SUITE(row_file_damage_tests, row_file_damage_tests::damage_fixture)

BOOST_AUTO_TEST_CASE(a_whole_file_has_nothing_to_say) {
  require(read_all(whole));
}

BOOST_AUTO_TEST_CASE(every_turned_byte_is_found_by_name_and_place) {
  BOOST_TEST_REQUIRE(whole.find(row_format::bytes_of(row_format::block_kind::packed_rows))
                     != std::string::npos);
  for (std::size_t at = 0; at < whole.size(); ++at)
    for (const char flip : {'\x01', '\x80', '\xff'}) {
      std::string damaged = whole;
      damaged[at] = static_cast<char>(damaged[at] ^ flip);
      const auto outcome = read_all(damaged);
      BOOST_REQUIRE_MESSAGE(outcome.has_error(), at);
      BOOST_REQUIRE_EQUAL(to_string(outcome.error().code), "corrupt");
      BOOST_REQUIRE(outcome.error().why.find(path() + " are damaged at byte ")
                    != std::string::npos);
    }
}

BOOST_AUTO_TEST_CASE(every_cut_is_found_when_the_file_is_opened) {
  for (std::size_t size = 0; size < whole.size(); ++size)
    check_fails(opening(whole.substr(0, size)), errc::corrupt, path());
  check_fails(opening(whole + '\0'), errc::corrupt, path());
  check_fails(opening(whole + whole), errc::corrupt, path());
}

BOOST_AUTO_TEST_CASE(every_hole_is_found) {
  for (std::size_t at = 0; at + 64 <= whole.size(); at += 16) {
    std::string damaged = whole;
    damaged.replace(at, 64, 64, '\0');
    BOOST_REQUIRE_MESSAGE(read_all(damaged).has_error(), at);
    damaged = whole;
    damaged.erase(at, 16);
    BOOST_REQUIRE_MESSAGE(read_all(damaged).has_error(), at);
  }
}

BOOST_AUTO_TEST_CASE(lies_with_right_checksums_read_nothing_outside) {
  // Not all of them can be found: a value is as good as another. None may crash, take memory
  // without bound or read past the end, which the file in memory and the sanitizers watch.
  for (const bool packs_blocks : {true, false}) {
    make(packs_blocks);
    const forger forge(whole);
    int found = 0;
    const auto lie = [&](std::size_t at, const std::string& bytes) {
      std::string damaged = whole;
      damaged.replace(at, bytes.size(), bytes);
      forge.make_right(damaged);
      BOOST_REQUIRE_EQUAL(damaged.size(), whole.size());
      const auto outcome = read_all(damaged);
      if (!outcome) {
        ++found;
        BOOST_REQUIRE_EQUAL(to_string(outcome.error().code), "corrupt");
      }
    };
    // Wherever a number begins it is off by one, nothing, and all that it can be.
    for (std::size_t at = 0; at < whole.size(); ++at) {
      lie(at, std::string(1, static_cast<char>(whole[at] ^ 1)));
      for (const char byte : {'\x00', '\xff'})
        lie(at, std::string(std::min<std::size_t>(8, whole.size() - at), byte));
    }
    BOOST_TEST(found > 1'000);
  }
}

BOOST_AUTO_TEST_CASE(a_file_that_shrinks_while_it_is_open_is_corrupt) {
  const auto file = opened();
  std::filesystem::resize_file(path(), 100);
  check_fails(file->check(), errc::corrupt, "it ends here");
}

BOOST_AUTO_TEST_CASE(a_later_format_is_named) {
  std::string later = whole;
  later[8] = 3;
  check_fails(opening(later), errc::corrupt, "the format 3, which nobody here knows");
}

BOOST_AUTO_TEST_SUITE_END()

} // namespace dossier
