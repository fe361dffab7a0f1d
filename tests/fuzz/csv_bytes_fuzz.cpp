// SPDX-License-Identifier: Apache-2.0
// Any bytes where the rest of CSV takes bytes: as a row block, a head to be sniffed, a header, a
// pattern, a format, values, and text in other encodings. Each ends in words and within its memory.
#include "protocol/csv/header.hpp"
#include "protocol/csv/row_block.hpp"
#include "protocol/csv/sniff.hpp"
#include "protocol/csv/text_encoding.hpp"
#include "protocol/csv/values.hpp"
#include "protocol/utf8.hpp"

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <string>

using namespace dossier::csv;

namespace {

void require(bool condition, const char* promise) {
  if (condition)
    return;
  std::fprintf(stderr, "broken promise: %s\n", promise);
  std::abort();
}

void read_block(std::string_view bytes) {
  const auto block = row_block_reader::open(bytes);
  if (!block)
    return;
  for (std::uint32_t row = 0; row < std::min(block->rows(), 100U); ++row) {
    block->number(row);
    block->offset(row);
    for (std::size_t column = 0; column < block->columns(); ++column)
      if (block->type(column) != value_type::text)
        block->value(row, column);
      else if (const auto text = block->text(row, column); text && !text->empty())
        require(text->data() >= bytes.data()
                  && text->data() + text->size() <= bytes.data() + bytes.size(),
                "a text lies in its block");
  }
}

void read_values(std::string_view bytes) {
  const auto split = std::min(bytes.find('\n'), bytes.size());
  const std::string_view format = bytes.substr(0, split);
  const std::string_view text = bytes.substr(std::min(split + 1, bytes.size()));
  column c;
  std::int64_t value = 0;
  using kind = moment_format::kind;
  for (const auto& [type, what] :
       {std::pair(value_type::date, kind::date), std::pair(value_type::time, kind::time),
        std::pair(value_type::timestamp, kind::timestamp)}) {
    c.type = type;
    c.format.reset();
    read_value(c, text, value);
    if (auto parsed = moment_format::parse(what, format)) {
      c.format = std::move(*parsed);
      if (read_value(c, text, value) == cast::good)
        show_value(c, value);
    }
  }
  c.type = value_type::decimal;
  for (c.scale = 0; c.scale <= scale_max; ++c.scale)
    if (read_value(c, text, value) == cast::good)
      require(show_value(c, value).size() <= 21, "a decimal is shown in its digits");
  c.type = value_type::boolean;
  read_value(c, text, value);
  if (const auto pattern = text_pattern::compile(format))
    pattern->matches(text);
}

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  read_block(bytes);
  read_values(bytes);
  const auto guess = sniff(bytes, size % 2 == 0);
  require(guess && checked(guess->dialect), "there is always a guess that can be");
  for (const auto from : {text_encoding::latin1, text_encoding::utf16le, text_encoding::utf16be}) {
    const auto text = to_utf8(from, bytes, true);
    require(bytes_in_file(from, text) == size, "what was transcoded says how much it was");
    require(dossier::is_utf8(readable(text)), "what is shown of it is UTF-8");
  }
  const record_law law{guess->dialect.delimiter, guess->dialect.quote, 128};
  if (const auto head = read_head(bytes, guess->dialect, law))
    require(head->data.offset <= size, "data begins in the file");
  require(clean_prefix_bytes(bytes)
            == std::min(dossier::utf8_prefix_bytes(bytes), bytes.find('\0')),
          "clean text is UTF-8 without NUL");
  return 0;
}
