// SPDX-License-Identifier: Apache-2.0
// A letter's state row in bytes: what each struct passes, in order, to writer and reader alike.
#include "actors/letter/rules.hpp"

#include "protocol/row_bytes.hpp"

namespace dossier::letter {

template <class Row, is_a<origin> F>
void pass_members(Row& row, F& o) {
  row(o.channel);
  row(o.topic);
  row(o.partition);
  row(o.offset);
  row(o.at);
}

template <class Row, is_a<message> F>
void pass_members(Row& row, F& m) {
  row(m.key);
  row(m.headers);
  row(m.value);
}

template <class Row, is_a<trouble> F>
void pass_members(Row& row, F& t) {
  row(t.code);
  row(t.why);
  row(t.where);
}

template <class Row, is_a<facts> F>
void pass_members(Row& row, F& f) {
  row(f.origin);
  row(f.message);
  row(f.type);
  row(f.subject);
  row(f.first);
  row(f.last);
  row(f.fingerprint);
  row(f.attempts);
  row(f.redrives);
  row(f.received_at);
  row(f.updated_at);
}

template <class Row, is_a<absent> F>
void pass_members(Row&, F&) {}

template <class Row, is_a<retrying> F>
void pass_members(Row& row, F& s) {
  row(s.facts);
  row(s.attempt);
  row(s.due);
}

template <class Row, is_a<dead> F>
void pass_members(Row& row, F& s) {
  row(s.facts);
}

template <class Row, is_a<closed> F>
void pass_members(Row& row, F& s) {
  row(s.facts);
  row(s.how);
  row.expect(s.how == status::settled || s.how == status::discarded);
}

std::string encode_state(const state& s) {
  return write_phase(s, 1'024);
}

result<state> decode_state(std::string_view bytes) {
  if (auto read = read_phase<absent, retrying, dead, closed>(bytes))
    return *std::move(read);
  return fail(errc::corrupt,
              "cannot read a letter's state row: its bytes are too few, too many or out of bounds; "
              "it can be folded anew from the letter's events");
}

} // namespace dossier::letter
