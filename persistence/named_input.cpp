// SPDX-License-Identifier: Apache-2.0
#include "persistence/named_input.hpp"

#include <span>

namespace dossier {

result<std::string> named_input::read(std::uint64_t offset, std::size_t bytes) const {
  if (offset > size_bytes() || bytes > size_bytes() - offset)
    return corrupt(offset, "it ends before what should stand here does");
  std::string read(bytes, '\0');
  const auto count = file_->read(offset, std::as_writable_bytes(std::span(read)));
  if (!count)
    return count.error();
  if (*count != bytes)
    return corrupt(offset + *count, "it ends here, though it was longer when it was opened");
  return read;
}

failure named_input::corrupt(std::uint64_t offset, std::string_view what) const {
  return fail(errc::corrupt, "The rows in " + path_ + " are damaged at byte "
                               + std::to_string(offset) + ": " + std::string(what)
                               + ". Restore the file from a backup or ingest its chunk again.");
}

} // namespace dossier
