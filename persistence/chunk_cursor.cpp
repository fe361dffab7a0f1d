// SPDX-License-Identifier: Apache-2.0
#include "persistence/chunk_cursor.hpp"

#include <utility>

namespace dossier {

template <class Shown, class Hiding>
chunk_cursor<Shown, Hiding>::chunk_cursor(chunk_rows chunk)
  : chunk_(std::move(chunk))
  , own_(chunk_.records()) {
  if (const auto* correction = chunk_.correction())
    correction_.emplace(*correction);
}

template <class Shown, class Hiding>
result<void> chunk_cursor<Shown, Hiding>::seek(std::uint64_t number) {
  if (auto sought = own_.seek(number); !sought || !correction_)
    return sought;
  if (auto sought = correction_->shown.seek(number); !sought)
    return sought;
  return settle();
}

template <class Shown, class Hiding>
result<void> chunk_cursor<Shown, Hiding>::next() {
  auto moved = is_corrected_ ? correction_->shown.next() : own_.next();
  return moved && correction_ ? settle() : moved;
}

template <class Shown, class Hiding>
result<void> chunk_cursor<Shown, Hiding>::settle() {
  auto& [shown, hiding] = *correction_;
  for (is_corrected_ = false; own_.number() < shown.number();) {
    if (auto sought = hiding.seek(own_.number()); !sought)
      return sought;
    if (hiding.number() != own_.number())
      return {};
    if (auto moved = own_.next(); !moved)
      return moved;
  }
  is_corrected_ = true;
  return own_.number() == shown.number() && own_.number() != no_record ? own_.next()
                                                                       : result<void>();
}

template class chunk_cursor<row_cursor, reject_cursor>;
template class chunk_cursor<reject_cursor, row_cursor>;

} // namespace dossier
