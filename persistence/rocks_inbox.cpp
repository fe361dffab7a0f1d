// SPDX-License-Identifier: Apache-2.0
#include "persistence/rocks_inbox.hpp"

#include "persistence/rows.hpp"

#include <string>
#include <tuple>

namespace dossier {

namespace {} // namespace

result<inbox_state> read_inbox_rows(const rocks_database& database, std::uint16_t partition) {
  inbox_state state;
  const auto key = keys::handled_key(partition);
  auto row = database.find(keys::row::handled, key);
  if (!row)
    return row.error();
  if (*row) {
    const auto value = (*row)->ToStringView();
    auto next = rows::parse_number(key, value.substr(0, std::tuple_size_v<rows::number_value>));
    if (!next)
      return next.error();
    state.next = *next;
    state.source = value.substr(std::tuple_size_v<rows::number_value>);
  }
  auto walked = database.walk(keys::row::inbox, keys::inbox_key({partition, state.next}),
                              keys::end_of(keys::prefix(partition, keys::row::inbox)),
                              [&](std::string_view found, std::string_view) -> result<bool> {
                                auto place = keys::parse_inbox_key(found);
                                if (!place)
                                  return place.error();
                                state.handled.push_back(place->offset);
                                return true;
                              });
  if (!walked)
    return walked.error();
  return state;
}

result<void> note_inbox_rows(rocks_database& database, std::uint16_t partition,
                             std::string_view source, std::uint64_t next,
                             std::span<const std::uint64_t> gone) {
  rocksdb::WriteBatch changes;
  const auto number = rows::value_of_number(next);
  std::string value{number.data(), number.size()};
  value.append(source);
  auto status
    = changes.Put(database.handle(keys::row::handled), keys::handled_key(partition), value);
  for (const auto offset : gone)
    if (status.ok())
      status
        = changes.Delete(database.handle(keys::row::inbox), keys::inbox_key({partition, offset}));
  if (!status.ok())
    return failure_of(status, "noting how far the inbox has come");
  return database.write_unsynced(changes);
}

} // namespace dossier
