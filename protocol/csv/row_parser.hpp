// SPDX-License-Identifier: Apache-2.0
// From the bytes of a chunk to typed rows and rejects, window by window: each call takes bytes that
// follow those consumed before, from a mapped file or a buffer. In whatever encoding the file is
// stored, it is UTF-8 that comes here, and the file's own offsets that are told. One thread at a
// time; memory is taken once and does not grow with the file. Throws nothing but what a sink
// throws, and is of no use behind that.
//
// An empty line, that is a line end and nothing else, is no row and no reject, but it is a record
// and counts as one. A single column that is empty on purpose is written "".
#pragma once

#include "protocol/csv/conversion.hpp"
#include "protocol/csv/scan.hpp"
#include "protocol/csv/text_encoding.hpp"

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace dossier::csv {

struct parse_counts {
  std::uint64_t rows = 0;
  std::uint64_t rejects = 0;
  std::uint64_t empty_lines = 0;
};

/// A record that is to be a reject although its values are good.
struct refusal {
  std::uint64_t number = 0; ///< Of the record.
  std::size_t field = 0;    ///< That is to blame: its place in the record.
  std::string why;
};

struct parse_progress {
  /// Whole records only, but for one that is too long: its bytes are consumed as they come.
  std::size_t consumed = 0;
  /// The block is full and more may be in the bytes: take its rows, clear it and go on behind what
  /// was consumed. Else all that could be consumed was.
  bool is_block_full = false;
};

class row_parser {
public:
  /// The schema must outlive it and be without problems. `start` is that of the first record.
  /// `stored_as`: how the file has what to_utf8() made for parse().
  row_parser(const schema& s, const column_mapping& mapping, const record_law& law,
             const record_start& start, text_encoding stored_as = text_encoding::utf8,
             instructions which = best_instructions());

  /// `is_end`: nothing follows these bytes, so what they end with is a record. Else bytes that are
  /// not consumed come again at the front of the next window; one of record_bytes_max + 1 bytes
  /// always gets on, so a smaller one that does not must grow. `rows` is of the same schema and not
  /// full.
  parse_progress parse(std::string_view bytes, bool is_end, row_block& rows,
                       const reject_sink& rejected);

  /// From now on these records are rejects of the kind duplicate-key, and no other record is
  /// anything. Ascending; they must outlive the parser.
  void only_refuse(std::span<const refusal> refusals) { refusals_ = refusals; }

  /// The record that begins behind what was consumed, or that is too long and being passed over.
  const record_start& position() const { return next_; }
  /// Where the file goes on behind what was consumed.
  std::uint64_t offset() const { return next_.offset + long_file_bytes_; }
  const parse_counts& counts() const { return counts_; }

private:
  /// One record in the window: its bytes without the line end, with padding_bytes behind them.
  struct record {
    const char* from = nullptr;
    std::size_t size = 0;
    std::size_t bytes = 0;               ///< With its line end.
    std::uint64_t file_bytes = 0;        ///< So many in the file.
    const std::uint32_t* ends = nullptr; ///< Of its fields but the last, from the window's begin.
    std::size_t fields = 0;
    std::size_t window_begin = 0; ///< Where it begins there.
    std::uint64_t lines = 1;

    /// Where a field begins in the record.
    std::size_t begin_of(std::size_t place) const {
      return place == 0 ? 0 : ends[place - 1] + 1 - window_begin;
    }
    std::size_t end_of(std::size_t place) const {
      return place + 1 == fields ? size : ends[place] - window_begin;
    }
  };
  /// What is wrong with a record.
  struct fault {
    reject_kind kind = reject_kind::cast;
    std::optional<std::size_t> field;
    std::size_t at = 0; ///< In the record.
    std::string message;
  };

  /// Takes the whole records of a span that was indexed; returns how many bytes they have.
  std::size_t take_indexed(std::string_view window, row_block& rows, const reject_sink& rejected);
  /// Goes behind a record that is too long, as far as the bytes reach.
  std::size_t pass_long(std::string_view bytes, bool is_end, const reject_sink& rejected);
  /// Takes one record: bytes [begin, end) and, if it has one, a line feed.
  void take(std::string_view window, std::size_t begin, std::size_t end, record r, row_block& rows,
            const reject_sink& rejected);
  void cut_fields(const record& r, cut_field* into) const;
  /// `has_special`: some of its quotes may be doubled.
  void unquote_fields(const record& r, bool has_special, cut_field* fields);
  // If not, they note its fault_.

  bool is_clean(const record& r);
  bool has_all_fields(const record& r);
  bool has_good_quotes(const record& r);
  /// Makes rows or rejects of the records that wait.
  void convert_waiting(row_block& rows, const reject_sink& rejected);
  void note_fault(reject_kind kind, std::optional<std::size_t> field, std::size_t at,
                  std::string_view message);
  void refuse(const record& r, const record_start& where, const fault& why,
              const reject_sink& rejected);
  /// Refuses the record if it is the next of those that are to be.
  void refuse_if_meant(const record& r, const reject_sink& rejected);

  /// A record whose fields are cut and wait to be converted with others.
  struct waiting_record {
    record r;
    record_start where;
  };

  record_law law_;
  text_encoding stored_as_;
  const scan_kernels& kernels_;
  std::vector<field_plan> plans_;
  record_start next_;
  parse_counts counts_;
  field_index index_;
  std::vector<waiting_record> waiting_;
  std::vector<cut_field> fields_; ///< Of those that wait.
  std::vector<char> padded_;      ///< A record near the window's end, with padding.
  std::vector<char> unescaped_;   ///< Texts of waiting fields that had doubled quotes.
  std::size_t unescaped_bytes_ = 0;
  fault fault_;   ///< Of the record that was taken last; here and below the memory stays.
  reject reject_; ///< Of the record that was refused last.
  const char* readable_end_ = nullptr;               ///< Of the bytes being parsed.
  std::optional<std::span<const refusal>> refusals_; ///< What is left of them.
  bool is_passing_ = false;                          ///< A record that is too long.
  std::string long_text_;                            ///< Its first bytes.
  std::uint64_t long_bytes_ = 0;                     ///< Of those passed so far.
  std::uint64_t long_file_bytes_ = 0;                ///< So many in the file.
  std::uint64_t long_lines_ = 0;
};

} // namespace dossier::csv
