// SPDX-License-Identifier: Apache-2.0
#include "protocol/event_filter.hpp"

#include "protocol/ids.hpp"
#include "protocol/utf8.hpp"

#include <algorithm>

namespace dossier {

namespace {

constexpr std::size_t types_max = 32;
constexpr std::size_t type_bytes_max = 256;
constexpr std::size_t subject_bytes_max = 1024;

failure refused_types(const std::string& why) {
  return fail(errc::invalid_argument, "cannot filter events by type: " + why, "types");
}

bool is_type_character(char c) {
  return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '.'
         || c == '_' || c == '-';
}

std::string_view without_blanks(std::string_view text) {
  const auto first = text.find_first_not_of(' ');
  if (first == std::string_view::npos)
    return {};
  return text.substr(first, text.find_last_not_of(' ') - first + 1);
}

result<void> check_subject(std::string_view prefix) {
  const auto is_control = [](char c) {
    return static_cast<unsigned char>(c) < 0x20 || c == 0x7f;
  };
  if (prefix.size() > subject_bytes_max || !is_utf8(prefix)
      || std::ranges::any_of(prefix, is_control))
    return fail(errc::invalid_argument,
                "cannot filter events by subject: the beginning of a subject must be at most 1024 "
                "bytes of UTF-8 without control characters, such as document/",
                "subject");
  return {};
}

} // namespace

result<cloud_event_filter::pattern> cloud_event_filter::parse_pattern(std::string_view text) {
  if (text.empty())
    return refused_types("a type is empty; leave out the comma, or name a type");
  if (text.size() > type_bytes_max)
    return refused_types("a type has " + std::to_string(text.size())
                         + " bytes; at most 256 are allowed");
  const bool is_prefix = text.ends_with('*');
  text.remove_suffix(is_prefix ? 1 : 0);
  if (!std::ranges::all_of(text, is_type_character))
    return refused_types("a type must be made of A-Z, a-z, 0-9, '.', '_' and '-', and may end in "
                         "one '*' for everything that begins so");
  return pattern{std::string(text), is_prefix};
}

result<cloud_event_filter> cloud_event_filter::parse(std::string_view types,
                                                     std::string_view subject_prefix,
                                                     std::string_view customer) {
  cloud_event_filter filter;
  for (bool is_more = !types.empty(); is_more;) {
    const auto comma = types.find(',');
    auto read = parse_pattern(without_blanks(types.substr(0, comma)));
    if (!read)
      return read.error();
    if (std::ranges::find(filter.types_, *read) != filter.types_.end())
      return refused_types(read->text + (read->is_prefix ? "*" : "") + " is named twice");
    if (filter.types_.size() == types_max)
      return refused_types("more than 32 types are named; end some in '*', or filter less");
    filter.types_.push_back(std::move(*read));
    is_more = comma != std::string_view::npos;
    types.remove_prefix(is_more ? comma + 1 : types.size());
  }
  if (auto good = check_subject(subject_prefix); !good)
    return good.error();
  filter.subject_prefix_ = subject_prefix;
  if (!customer.empty())
    if (auto good = check_customer(customer); !good)
      return fail(good.error().code, "cannot filter events by customer: " + good.error().why,
                  "customer");
  filter.customer_ = customer;
  return filter;
}

bool cloud_event_filter::matches(const cloud_event& event, std::string_view customer) const {
  const auto fits = [&](const pattern& p) {
    return p.is_prefix ? event.type.starts_with(p.text) : event.type == p.text;
  };
  return (types_.empty() || std::ranges::any_of(types_, fits))
         && event.subject.starts_with(subject_prefix_)
         && (customer_.empty() || customer_ == customer);
}

} // namespace dossier
