// SPDX-License-Identifier: Apache-2.0
// What nearly every test makes of nlohmann's templates is made once, in json_instances.cpp: else a
// fourth of a test's compilation goes there. It is among the precompiled headers, so no test names
// it.
#pragma once

#include <nlohmann/json.hpp>

#include <string>

#ifndef DOSSIER_JSON_INSTANCES
#define DOSSIER_JSON_INSTANCES extern
#endif

namespace nlohmann {

DOSSIER_JSON_INSTANCES template class basic_json<>;

namespace detail {

using string_input = iterator_input_adapter<std::string::const_iterator>;
using literal_input = iterator_input_adapter<const char*>;
using dom = json_sax_dom_parser<json>;
using dom_callback = json_sax_dom_callback_parser<json>;

DOSSIER_JSON_INSTANCES template class serializer<json>;
DOSSIER_JSON_INSTANCES template class json_sax_dom_parser<json>;
DOSSIER_JSON_INSTANCES template class json_sax_dom_callback_parser<json>;
DOSSIER_JSON_INSTANCES template class lexer<json, string_input>;
DOSSIER_JSON_INSTANCES template class lexer<json, literal_input>;
DOSSIER_JSON_INSTANCES template class parser<json, string_input>;
DOSSIER_JSON_INSTANCES template class parser<json, literal_input>;
DOSSIER_JSON_INSTANCES template bool parser<json, string_input>::sax_parse_internal(dom*);
DOSSIER_JSON_INSTANCES template bool parser<json, string_input>::sax_parse_internal(dom_callback*);
DOSSIER_JSON_INSTANCES template bool parser<json, literal_input>::sax_parse_internal(dom*);
DOSSIER_JSON_INSTANCES template bool parser<json, literal_input>::sax_parse_internal(dom_callback*);

} // namespace detail

} // namespace nlohmann
