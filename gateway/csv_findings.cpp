// SPDX-License-Identifier: Apache-2.0
#include "gateway/csv_findings.hpp"

#include "gateway/figures.hpp"
#include "protocol/utf8.hpp"

#include <algorithm>
#include <cstdio>
#include <iomanip>
#include <iterator>
#include <ostream>

namespace dossier {

namespace {

constexpr std::size_t text_bytes_shown = 160;

/// A part of a record as one line of a terminal that nothing in it can steer.
std::string one_line(std::string_view text) {
  const bool is_cut = text.size() > text_bytes_shown;
  text = text.substr(0, std::min(text.size(), text_bytes_shown));
  if (is_cut)
    text = text.substr(0, utf8_prefix_bytes(text));
  std::string line;
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (byte >= 0x20 && byte != 0x7f && (byte < 0x80 || is_utf8(text))) {
      line.push_back(c);
      continue;
    }
    char escaped[5];
    std::snprintf(escaped, sizeof escaped, "\\x%02x", byte);
    line += c == '\n' ? "\\n" : c == '\r' ? "\\r" : c == '\t' ? "\\t" : escaped;
  }
  return is_cut ? line + " ..." : line;
}

} // namespace

void csv_findings::add(const csv::reject& r) {
  const std::lock_guard lock{mutex_};
  ++by_kind_[{r.kind, r.column}];
  if (shown_max_ == 0 || (first_.size() == shown_max_ && r.record.offset > first_.rbegin()->first))
    return;
  first_.emplace(r.record.offset, shown_reject{r.kind, r.record.line, r.error_offset, r.column,
                                               r.message, one_line(r.text)});
  if (first_.size() > shown_max_)
    first_.erase(std::prev(first_.end()));
}

void csv_findings::add(const csv::parse_counts& counts) {
  const std::lock_guard lock{mutex_};
  sums_.rows += counts.rows;
  sums_.rejects += counts.rejects;
  sums_.empty_lines += counts.empty_lines;
}

void csv_findings::print(std::ostream& out, const csv::schema& s) const {
  const auto& d = dialect.dialect;
  label(out, "dialect") << csv::name_of_delimiter(d.delimiter) << " between fields, "
                        << (d.has_header ? "a header" : "no header") << ", "
                        << csv::to_string(d.encoding) << '\n';
  for (const auto& reason : dialect.reasons)
    label(out, "") << reason << '\n';
  label(out, "schema") << s.name << " version " << s.version << ", " << s.columns.size()
                       << " columns\n";
  label(out, "rows") << grouped(sums_.rows) << '\n';
  if (sums_.empty_lines > 0)
    label(out, "empty") << grouped(sums_.empty_lines) << " lines\n";
  label(out, "rejects") << grouped(sums_.rejects) << '\n';
  print_rejects(out);
  const auto took_s = std::chrono::duration<double>(took).count();
  label(out, "time") << std::fixed << std::setprecision(2) << took_s << " s on " << threads
                     << (threads == 1 ? " thread" : " threads");
  if (took_s > 0 && bytes >= 1'000'000)
    out << ", " << std::setprecision(0) << static_cast<double>(bytes) / took_s / 1e6 << " MB/s";
  out << '\n';
}

void csv_findings::print_rejects(std::ostream& out) const {
  for (const auto& [what, count] : by_kind_)
    label(out, "") << std::setw(16) << csv::to_string(what.first) << grouped(count)
                   << (what.second.empty() ? "" : " in ") << what.second << '\n';
  if (first_.empty())
    return;
  out << (first_.size() < sums_.rejects ? "the first " + std::to_string(first_.size()) + " of them:"
                                        : std::string{"these are:"})
      << '\n';
  for (const auto& [record, r] : first_)
    out << "  line " << r.line << ", byte " << r.offset << ": " << r.message << "\n    " << r.text
        << '\n';
}

} // namespace dossier
