// SPDX-License-Identifier: Apache-2.0
#include "persistence/keyed_row_cursor.hpp"

namespace dossier {

keyed_row_cursor::keyed_row_cursor(const row_file& file, const row_file* correction)
  : file_(file)
  , rows_(file) {
  if (correction)
    correction_.emplace(*correction);
}

result<bool> keyed_row_cursor::is_corrected(std::uint64_t number) {
  if (!correction_)
    return false;
  auto& [rows, rejects] = *correction_;
  if (auto sought = rows.seek(number); !sought)
    return sought.error();
  if (rows.number() == number)
    return true;
  if (auto sought = rejects.seek(number); !sought)
    return sought.error();
  return rejects.number() == number;
}

result<bool> keyed_row_cursor::go_to(std::uint32_t ordinal) {
  if (auto gone = rows_.go_to(ordinal); !gone)
    return gone.error();
  const auto corrected = is_corrected(rows_.number());
  if (!corrected || *corrected)
    return corrected ? result<bool>(false) : corrected;
  const auto key = key_bytes_of(rows_.block(), rows_.row(), *file_.key_column(), room_);
  if (!key)
    return fail(errc::corrupt, "record " + std::to_string(rows_.number()) + " of " + file_.path()
                                 + " has no key, and the file has its hash");
  key_ = *key;
  return true;
}

} // namespace dossier
