// SPDX-License-Identifier: Apache-2.0
// A state row in bytes: numbers big-endian, texts and lists behind their length, what may be absent
// behind a byte that says whether it is there. Writer and reader take the same calls, so one
// function that names the members of a struct serves both, and they cannot disagree. Pure.
//
// A struct is passed by pass_members(row, value), a template for both, found in the struct's own
// namespace: so not in an unnamed one.
#pragma once

#include "protocol/digest.hpp"
#include "protocol/time.hpp"

#include <concepts>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <variant>
#include <vector>

namespace dossier {

class row_writer {
public:
  explicit row_writer(std::size_t expected_bytes) { bytes_.reserve(expected_bytes); }

  template <std::integral T>
  void operator()(T value) {
    put(static_cast<std::uint64_t>(value), sizeof value);
  }
  template <class E>
  requires std::is_enum_v<E>
  void operator()(E value) { (*this)(static_cast<std::underlying_type_t<E>>(value)); }
  void operator()(timestamp t) { (*this)(to_ms(t)); }
  void operator()(const std::string& bytes);
  void operator()(const sha256_digest& digest);

  template <class A, class B>
  void operator()(const std::pair<A, B>& both) {
    (*this)(both.first);
    (*this)(both.second);
  }
  template <class T>
  void operator()(const std::vector<T>& values) {
    put_length(values.size());
    for (const auto& value : values)
      (*this)(value);
  }
  template <class T>
  void operator()(const std::optional<T>& value) {
    (*this)(static_cast<std::uint8_t>(value.has_value()));
    if (value)
      (*this)(*value);
  }
  template <class T>
  requires requires(row_writer& row, const T& value) { pass_members(row, value); }
  void operator()(const T& value) { pass_members(*this, value); }

  /// What reading checks holds of what is written.
  void expect(bool) {}
  std::string take() { return std::move(bytes_); }

private:
  void put(std::uint64_t value, std::size_t size);
  void put_length(std::size_t n);

  std::string bytes_;
};

/// Once something did not fit, it reads nothing but zeros: ask is_done() at the end.
class row_reader {
public:
  explicit row_reader(std::string_view bytes)
    : rest_(bytes) {}

  template <std::integral T>
  void operator()(T& value) {
    value = static_cast<T>(number(sizeof value));
  }
  /// Of those that have a name.
  template <class E>
  requires std::is_enum_v<E>
  void operator()(E& value) {
    value = static_cast<E>(number(sizeof value));
    expect(to_string(value) != "unknown");
  }
  void operator()(timestamp& t);
  void operator()(std::string& bytes) { bytes = take(number(4)); }
  void operator()(sha256_digest& digest);

  template <class A, class B>
  void operator()(std::pair<A, B>& both) {
    (*this)(both.first);
    (*this)(both.second);
  }
  /// Of values that take at least 8 bytes each, so that no damaged length asks for more memory than
  /// the row explains.
  template <class T>
  void operator()(std::vector<T>& values) {
    const std::uint64_t count = number(4);
    expect(count <= rest_.size() / 8);
    values.resize(fits_ ? count : 0);
    for (auto& value : values)
      (*this)(value);
  }
  template <class T>
  void operator()(std::optional<T>& value) {
    const std::uint64_t presence = number(1);
    expect(presence <= 1);
    if (presence == 1)
      (*this)(value.emplace());
  }
  template <class T>
  requires requires(row_reader& row, T& value) { pass_members(row, value); }
  void operator()(T& value) { pass_members(*this, value); }

  /// What must hold of what was just read.
  void expect(bool holds) { fits_ = fits_ && holds; }
  /// Whether all fitted and nothing is left.
  bool is_done() const { return fits_ && rest_.empty(); }

private:
  std::string_view take(std::uint64_t size);
  std::uint64_t number(std::size_t size);

  std::string_view rest_;
  bool fits_ = true;
};

/// For pass_members(): F is S when reading and const S when writing.
template <class F, class S>
concept is_a = std::same_as<std::remove_const_t<F>, S>;

/// A state that is one of several phases: the phase's place in the variant, then its members.
/// Phases are appended to the variant, never moved, or the state_format is raised.
template <class... Phase>
std::string write_phase(const std::variant<Phase...>& state, std::size_t expected_bytes) {
  row_writer row(expected_bytes);
  row(static_cast<std::uint8_t>(state.index()));
  std::visit([&row](const auto& phase) { row(phase); }, state);
  return row.take();
}

/// nullopt for bytes that write_phase() could not have written.
template <class... Phase>
std::optional<std::variant<Phase...>> read_phase(std::string_view bytes) {
  std::optional<std::variant<Phase...>> state;
  row_reader row(bytes);
  std::uint8_t place = 0;
  row(place);
  std::uint8_t at = 0;
  const auto read_if_at = [&]<class P>(std::type_identity<P>) {
    if (at++ == place)
      row(state.emplace(std::in_place_type<P>).template emplace<P>());
  };
  (read_if_at(std::type_identity<Phase>{}), ...);
  if (!row.is_done())
    state.reset();
  return state;
}

} // namespace dossier
