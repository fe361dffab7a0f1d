// SPDX-License-Identifier: Apache-2.0
// What every kind of entity promises of its stored events. tests/golden holds each shape that was
// ever written: files are added, never edited.
#pragma once

#include "protocol/envelope.hpp"
#include "protocol/result.hpp"

#include <boost/test/unit_test.hpp>

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

namespace dossier::testing {

inline const std::filesystem::path golden_directory = DOSSIER_SOURCE_DIR "/tests/golden";

/// The golden file of this name, <type>.v<version>, without the line's end.
inline std::string golden_text(const std::string& name) {
  std::ifstream file(golden_directory / (name + ".json"), std::ios::binary);
  BOOST_REQUIRE_MESSAGE(file, "there is no golden file " << name);
  std::string text{std::istreambuf_iterator<char>(file), {}};
  BOOST_REQUIRE(text.ends_with('\n'));
  text.pop_back();
  return text;
}

/// Made of a kind's decode_event; its encode is found by its events.
template <class Event>
class event_codec {
public:
  using decoder
    = result<Event> (*)(std::string_view type, std::uint32_t version, std::string_view data);

  constexpr explicit event_codec(decoder decode)
    : decode_(decode) {}

  void reads_back(const Event& e) const {
    const auto encoded = encode(e);
    reads_as(e, encoded, encoded.data);
  }

  /// `events` are one of each, in the order of the variant: each has its golden file, is written
  /// like it and is read from it.
  void writes_as_golden(const std::vector<Event>& events) const {
    BOOST_TEST(events.size() == std::variant_size_v<Event>);
    for (std::size_t i = 0; i < events.size(); ++i) {
      BOOST_TEST(events[i].index() == i);
      const auto encoded = encode(events[i]);
      const auto golden
        = golden_text(std::string(encoded.type) + ".v" + std::to_string(encoded.version));
      BOOST_TEST(encoded.data == golden);
      reads_as(events[i], encoded, golden);
    }
  }

  /// Every golden file ever added is read, older versions too. `types` is how the types of this
  /// kind begin and those of no other.
  void reads_every_golden(std::string_view types) const {
    std::size_t seen = 0;
    for (const auto& entry : std::filesystem::directory_iterator(golden_directory)) {
      const std::string name = entry.path().stem().string();
      const auto dot = name.rfind(".v");
      if (dot == std::string::npos || !name.starts_with(types))
        continue;
      ++seen;
      const auto version = static_cast<std::uint32_t>(std::stoul(name.substr(dot + 2)));
      const auto read = decode_(name.substr(0, dot), version, golden_text(name));
      BOOST_TEST(read.has_value(), name << (read ? "" : ": " + read.error().why));
    }
    BOOST_TEST(seen >= std::variant_size_v<Event>);
  }

  /// Refused as corrupt, and the type is named.
  void is_corrupt(std::string_view type, std::uint32_t version, std::string_view data) const {
    const auto read = decode_(type, version, data);
    BOOST_REQUIRE_MESSAGE(!read, type << " " << data << " was read");
    BOOST_TEST(to_string(read.error().code) == to_string(errc::corrupt));
    BOOST_TEST(read.error().why.find(type) != std::string::npos, read.error().why);
  }

  /// Each of them without some of its last bytes.
  void are_corrupt_when_cut(const std::vector<Event>& events) const {
    for (const auto& e : events) {
      const auto encoded = encode(e);
      for (std::size_t size = 0; size < encoded.data.size(); ++size)
        is_corrupt(encoded.type, encoded.version, std::string_view(encoded.data).substr(0, size));
    }
  }

private:
  void reads_as(const Event& e, const encoded_event& as, std::string_view data) const {
    const auto read = decode_(as.type, as.version, data);
    BOOST_REQUIRE_MESSAGE(read, read.error().why);
    BOOST_TEST((*read == e), data);
  }

  decoder decode_;
};

} // namespace dossier::testing
