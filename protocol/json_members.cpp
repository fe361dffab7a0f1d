// SPDX-License-Identifier: Apache-2.0
// Works on nlohmann's events: they show each member and each number's digits as they stand.
#include "protocol/json_members.hpp"

#include "protocol/json_text.hpp"
#include "protocol/utf8.hpp"

#include <nlohmann/json.hpp>

#include <optional>
#include <set>
#include <utility>

namespace dossier {

namespace {

/// Bounds what later readers of the text must bear, some of which recurse.
constexpr std::size_t text_levels_max = 32;

/// Receives the parser's events and hands over each value that is finished at `level`: 0 for the
/// whole text, 1 for the members of the root object. Returning false ends the parse; why() says
/// why.
class value_reader {
public:
  explicit value_reader(std::size_t level)
    : level_(level) {}

  bool null() { return scalar(json_kind::null, "null"); }
  bool boolean(bool value) { return scalar(json_kind::boolean, value ? "true" : "false"); }
  bool number_integer(std::int64_t value) {
    return scalar(json_kind::number, std::to_string(value));
  }
  bool number_unsigned(std::uint64_t value) {
    return scalar(json_kind::number, std::to_string(value));
  }
  bool number_float(double, const std::string& digits) { return scalar(json_kind::number, digits); }
  bool string(std::string& value) {
    if (!begins_value(json_kind::string))
      return false;
    out_.string(value);
    if (names_.size() == level_)
      current_.text = std::move(value);
    return finish_value();
  }
  bool binary(nlohmann::json::binary_t&) { return stop("it is not JSON"); }

  bool start_object(std::size_t) {
    if (!begins_value(json_kind::object))
      return false;
    if (names_.size() >= level_)
      out_.begin_object();
    names_.emplace_back();
    return true;
  }
  bool end_object() {
    names_.pop_back();
    if (names_.size() < level_)
      return true;
    out_.end_object();
    return finish_value();
  }
  bool start_array(std::size_t) {
    if (!begins_value(json_kind::array))
      return false;
    out_.begin_array();
    names_.emplace_back();
    return true;
  }
  bool end_array() {
    names_.pop_back();
    out_.end_array();
    return finish_value();
  }

  bool key(std::string& name) {
    if (!names_.back().insert(name).second)
      return stop("it has the member \"" + shortened(name) + "\" twice",
                  names_.size() == level_ ? name : current_.name);
    if (names_.size() == level_)
      current_.name = std::move(name);
    else
      out_.key(name);
    return true;
  }

  bool parse_error(std::size_t position, const std::string&, const nlohmann::detail::exception&) {
    return stop("it is not JSON at byte " + std::to_string(position));
  }

  const std::optional<failure>& why() const { return why_; }
  std::vector<json_member> take() { return std::move(found_); }

private:
  bool begins_value(json_kind kind) {
    if (names_.size() < level_ && kind != json_kind::object)
      return stop("it is not a JSON object");
    if (names_.size() == text_levels_max && (kind == json_kind::object || kind == json_kind::array))
      return stop("it is nested deeper than " + std::to_string(text_levels_max));
    if (names_.size() == level_)
      current_.kind = kind;
    return true;
  }

  bool scalar(json_kind kind, std::string_view json) {
    if (!begins_value(kind))
      return false;
    out_.raw(json);
    return finish_value();
  }

  bool finish_value() {
    if (names_.size() == level_) {
      current_.json = out_.take();
      found_.push_back(std::exchange(current_, {}));
    }
    return true;
  }

  bool stop(std::string why) { return stop(std::move(why), current_.name); }
  bool stop(std::string why, std::string where) {
    if (!why_)
      why_ = fail(errc::malformed, std::move(why), std::move(where));
    return false;
  }

  const std::size_t level_;
  json_writer out_;
  json_member current_;
  std::vector<json_member> found_;
  std::vector<std::set<std::string, std::less<>>>
    names_; ///< Of each object and array that is open.
  std::optional<failure> why_;
};

result<std::vector<json_member>> read_values(std::string_view text, std::size_t level) {
  // Why: nlohmann takes a NUL for the end of the text and does not look at what follows.
  if (const auto nul = text.find('\0'); nul != std::string_view::npos)
    return fail(errc::malformed, "it is not JSON at byte " + std::to_string(nul + 1));
  value_reader reader(level);
  const bool is_good = nlohmann::json::sax_parse(text.begin(), text.end(), &reader);
  if (reader.why())
    return *reader.why();
  if (!is_good)
    return fail(errc::malformed, "it is not JSON");
  return reader.take();
}

} // namespace

result<std::string> compact_json(std::string_view text) {
  auto values = read_values(text, 0);
  if (!values)
    return values.error();
  return std::move(values->front().json);
}

result<std::vector<json_member>> read_json_members(std::string_view text) {
  return read_values(text, 1);
}

} // namespace dossier
