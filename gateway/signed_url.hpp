// SPDX-License-Identifier: Apache-2.0
// Signed URLs: a capability for one method on one document's content until a time. The URL names
// what it permits; the signature covers every byte of it; only the canonical spelling is accepted.
// Whether the document still allows it is asked of the document, on each use.
#pragma once

#include "protocol/digest.hpp"
#include "protocol/ids.hpp"
#include "protocol/result.hpp"
#include "protocol/time.hpp"

#include <cstdint>
#include <string>
#include <string_view>

namespace dossier {

enum class permission : char { upload = 'w', download = 'r' };

/// What a signed URL permits.
struct content_grant {
  permission allows = permission::download;
  entity_id document;
  timestamp expires_at; ///< Whole seconds.
};

class url_signer {
public:
  /// `secret`: at least 32 bytes. What is kept in memory is as good as the secret.
  explicit url_signer(std::string_view secret);
  /// Path and query: "/content/<id>?se=<seconds>&sp=<r|w>&sv=1&sig=<base64url>".
  std::string sign(const content_grant& grant) const;
  /// `target` as received, byte for byte. forbidden when it is not exactly what sign() writes; gone
  /// when its time has passed (at expires_at it has). Constant time in the signature.
  result<content_grant> check(std::string_view target, permission wanted, timestamp now) const;

private:
  hmac_key secret_;
};

} // namespace dossier
