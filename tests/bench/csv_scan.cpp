// SPDX-License-Identifier: Apache-2.0
// How fast one core goes through CSV in memory: looking for line feeds only (memchr), splitting,
// splitting and finding fields, and parsing to typed rows. Prints GB of the
// best of several rounds for a second of processor time as JSON, for each data set and each set of
// instructions.
#include "config/row_schemas.hpp"
#include "protocol/csv/row_parser.hpp"
#include "protocol/csv/split.hpp"

#include <time.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <functional>
#include <random>
#include <string>

using namespace dossier::csv;

namespace {

/// The schema that ships.
schema call_records() {
  auto loaded = dossier::load_row_schema(DOSSIER_SOURCE_DIR "/config/schemas/cdr.toml");
  if (!loaded.problems.empty()) {
    std::fprintf(stderr, "csv_scan: %s\n", loaded.problems.front().what.c_str());
    std::exit(1);
  }
  return std::move(loaded.schema);
}

class generator {
public:
  /// Of 100 fields of text so many are quoted, some of those with a line feed or a quote in them.
  explicit generator(int quoted_percent)
    : quoted_percent_(quoted_percent) {}

  std::string file(std::size_t bytes) {
    std::string out;
    out.reserve(bytes + 256);
    while (out.size() < bytes)
      put_row(out);
    return out;
  }

private:
  unsigned below(unsigned n) { return static_cast<unsigned>(random_() % n); }

  void put_text(std::string& out, const std::string& text) {
    if (below(100) >= static_cast<unsigned>(quoted_percent_)) {
      out += text;
      return;
    }
    out += '"';
    out += text;
    const unsigned extra = below(20);
    out += extra == 0 ? "\n" : extra == 1 ? "\"\"" : extra == 2 ? "," : "";
    out += '"';
  }

  void put_row(std::string& out) {
    char text[64];
    std::snprintf(text, sizeof text, "44%010u", below(1'000'000'000));
    put_text(out, text);
    out += ',';
    std::snprintf(text, sizeof text, "44%09u", below(1'000'000'000));
    put_text(out, text);
    std::snprintf(text, sizeof text, ",%02u/%02u/20%02u,%02u:%02u:%02u,%u,%u.%03u,", below(28) + 1,
                  below(12) + 1, below(30), below(24), below(60), below(60), below(4'000),
                  below(20), below(1'000));
    out += text;
    std::snprintf(text, sizeof text, "C%08X%08X%08X%08X", below(~0U), below(~0U), below(~0U),
                  below(~0U));
    put_text(out, text);
    out += ",GBP\n";
  }

  int quoted_percent_;
  std::mt19937_64 random_{42};
};

/// Of this thread: others on the machine count less than by the clock on the wall.
double processor_seconds() {
  timespec now{};
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
  return static_cast<double>(now.tv_sec) + static_cast<double>(now.tv_nsec) / 1e9;
}

double best_gb_per_s(std::size_t bytes, int rounds, const std::function<void()>& run) {
  double best = 0;
  for (int i = 0; i < rounds; ++i) {
    const double started_s = processor_seconds();
    run();
    best = std::max(best, static_cast<double>(bytes) / (processor_seconds() - started_s) / 1e9);
  }
  return best;
}

volatile std::size_t sink = 0;

void count_line_feeds(const std::string& file) {
  std::size_t count = 0;
  const char* at = file.data();
  const char* end = at + file.size();
  while ((at = static_cast<const char*>(std::memchr(at, '\n', static_cast<std::size_t>(end - at)))))
    ++at, ++count;
  sink = count;
}

constexpr std::size_t range_bytes = 1 << 20;

void split(const std::string& file, const record_law& law, instructions which, bool by_summaries) {
  boundary_fold fold({}, law, which);
  for (std::size_t at = 0; at < file.size(); at += range_bytes) {
    const auto range = std::string_view(file).substr(at, range_bytes);
    if (!by_summaries || !fold.add(kernels(which).summarise(range, at, law)))
      fold.add(range);
  }
  sink = fold.starts().size();
}

void find_fields(const std::string& file, const record_law& law, instructions which) {
  field_index index;
  std::size_t fields = 0;
  constexpr std::size_t window_bytes = 16'384;
  for (std::size_t at = 0; at < file.size(); at += window_bytes) {
    kernels(which).index(std::string_view(file).substr(at, window_bytes), law, index);
    fields += index.end_count;
  }
  sink = fields;
}

parse_counts parse(const std::string& file, const record_law& law, instructions which,
                   bool encodes) {
  const schema s = call_records();
  row_parser parser(s, map_by_position(s), law, {}, text_encoding::utf8, which);
  row_block rows(s, 2'048, 1 << 20);
  const reject_sink no_matter = [](const reject&) {
  };
  std::size_t at = 0;
  std::string encoded;
  while (at < file.size()) {
    at += parser.parse(std::string_view(file).substr(at), true, rows, no_matter).consumed;
    if (encodes)
      rows.encode(encoded);
    rows.clear();
  }
  return parser.counts();
}

void measure(const char* name, const std::string& file, const record_law& law, int rounds) {
  const double memchr_rate = best_gb_per_s(file.size(), rounds, [&] { count_line_feeds(file); });
  for (const auto which : {instructions::avx2, instructions::sse2}) {
    if (!has(which))
      continue;
    parse_counts counts;
    const auto rate = [&](const std::function<void()>& run) {
      return best_gb_per_s(file.size(), rounds, run);
    };
    const double walk = rate([&] { split(file, law, which, false); });
    const double summaries = rate([&] { split(file, law, which, true); });
    const double fields = rate([&] { find_fields(file, law, which); });
    const double typed = rate([&] { counts = parse(file, law, which, false); });
    const double encoded = rate([&] { parse(file, law, which, true); });
    std::printf("{\"data\": \"%s\", \"bytes\": %zu, \"instructions\": \"%s\", \"memchr\": %.2f, "
                "\"split\": %.2f, \"split_by_summaries\": %.2f, \"fields\": %.2f, \"typed\": %.2f, "
                "\"typed_and_encoded\": %.2f, \"rows\": %llu, \"rejects\": %llu}\n",
                name, file.size(), std::string(to_string(which)).c_str(), memchr_rate, walk,
                summaries, fields, typed, encoded, static_cast<unsigned long long>(counts.rows),
                static_cast<unsigned long long>(counts.rejects));
    std::fflush(stdout);
  }
}

std::string repeated(const std::string& part, std::size_t bytes) {
  std::string out;
  out.reserve(bytes + part.size());
  while (out.size() < bytes)
    out += part;
  return out;
}

/// From the usual to what costs most.
std::string data_set(const std::string& name, std::size_t bytes) {
  if (name == "unquoted")
    return generator(0).file(bytes);
  if (name == "quoted")
    return generator(20).file(bytes);
  if (name == "crlf") {
    std::string out;
    for (const char c : generator(20).file(bytes))
      out += c == '\n' ? "\r\n" : std::string(1, c);
    return out;
  }
  if (name == "empty_quotes")
    return repeated("\"\"\"\"\"\",\"a\n\",\"\",x\n", bytes);
  if (name == "stray_quotes")
    return repeated("a\"b\"c\"d,e\"f\"g\"h\n", bytes);
  if (name == "commas")
    return std::string(bytes, ',');
  if (name == "one_field")
    return '"' + repeated("0123456789abcdef0123456789abcdef\n", bytes);
  return '"' + generator(0).file(bytes);
}

} // namespace

int main(int argc, char** argv) {
  if (argc > 4) {
    std::fprintf(stderr, "usage: csv_scan [MIB [ROUNDS [DATA]]]\n");
    return 2;
  }
  const std::size_t bytes = static_cast<std::size_t>(argc > 1 ? std::atoi(argv[1]) : 256) << 20;
  const int rounds = argc > 2 ? std::atoi(argv[2]) : 5;
  const std::string only = argc > 3 ? argv[3] : "";
  const record_law law;
  for (const char* name : {"unquoted", "quoted", "crlf", "empty_quotes", "stray_quotes", "commas",
                           "one_field", "open_quote"})
    if (only.empty() || only == name)
      measure(name, data_set(name, bytes), law, rounds);
}
