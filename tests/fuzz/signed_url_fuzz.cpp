// SPDX-License-Identifier: Apache-2.0
// Whatever a target looks like, only what sign() writes is accepted, and it is accepted as what it
// says.
#include "gateway/signed_url.hpp"

#include <cstdlib>

using namespace dossier;

namespace {

void require(bool holds) {
  if (!holds)
    std::abort();
}

/// Changes one of our own URLs as the input says: the fuzzer would never find a signature by
/// itself.
std::string changed(std::string url, std::string_view how) {
  for (std::size_t i = 0; i + 1 < how.size(); i += 2) {
    const auto at = static_cast<unsigned char>(how[i]) % url.size();
    url[at] = static_cast<char>(url[at] ^ how[i + 1]);
  }
  return url;
}

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static const url_signer signer{std::string(32, 'k')};
  const timestamp now = from_ms(1'800'000'000'000);
  const std::string_view input{reinterpret_cast<const char*>(data), size};
  const auto document = entity_id::make(now, 7, {1, 2, 3, 4, 5, 6, 7, 8, 9, 10});
  const auto ours = signer.sign({permission::download, document, now + seconds{900}});
  for (const auto& target : {std::string{input}, changed(ours, input)}) {
    for (const auto wanted : {permission::download, permission::upload}) {
      const auto checked = signer.check(target, wanted, now);
      if (!checked)
        continue;
      require(target == signer.sign(*checked));
      require(checked->allows == wanted);
      require(checked->expires_at > now);
      require(target == ours);
    }
  }
  return 0;
}
