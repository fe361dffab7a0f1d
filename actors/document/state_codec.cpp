// SPDX-License-Identifier: Apache-2.0
// A document's state row in bytes: what each struct passes, in order, to writer and reader alike.
#include "actors/document/rules.hpp"

#include "protocol/row_bytes.hpp"

namespace dossier::document {

template <class Row, is_a<content> F>
void pass_members(Row& row, F& c) {
  row(c.sha256);
  row(c.size_bytes);
}

template <class Row, is_a<facts> F>
void pass_members(Row& row, F& f) {
  row(f.customer);
  row(f.document_type);
  row(f.file_name);
  row(f.content_type);
  row(f.blob_path);
  row(f.expiry);
  row(f.leads_s);
  row(f.leads_pending_s);
  row(f.upload_expires_at);
  row(f.abandoned_at);
  row(f.created_at);
  row(f.updated_at);
}

template <class Row, is_a<absent> F>
void pass_members(Row&, F&) {}

template <class Row, is_a<pending> F>
void pass_members(Row& row, F& s) {
  row(s.facts);
  row(s.declared_size_bytes);
  row(s.declared_sha256);
  row(s.content);
}

template <class Row, is_a<active> F>
void pass_members(Row& row, F& s) {
  row(s.facts);
  row(s.content);
}

template <class Row, is_a<ended> F>
void pass_members(Row& row, F& s) {
  row(s.facts);
  row(s.how);
  row.expect(s.how == status::expired || s.how == status::deleted || s.how == status::abandoned);
}

std::string encode_state(const state& s) {
  return write_phase(s, 320);
}

result<state> decode_state(std::string_view bytes) {
  if (auto read = read_phase<absent, pending, active, ended>(bytes))
    return *std::move(read);
  return fail(
    errc::corrupt,
    "cannot read a document's state row: its bytes are too few, too many or out of bounds; "
    "it can be folded anew from the document's events");
}

} // namespace dossier::document
