// SPDX-License-Identifier: Apache-2.0
// Commands as CloudEvents; bodies of HTTP requests are tested at the edge.
#include "protocol/document_request.hpp"

#include <boost/test/unit_test.hpp>

using namespace dossier;

namespace document_request_tests {

constexpr std::uint64_t size_max = 1'000;
const std::string an_id = entity_id::make(from_ms(1), 2, {7}).text();

received_event command(std::string type, std::string data) {
  received_event made;
  made.id = "1";
  made.source = "/tests";
  made.type = "dossier.document." + std::move(type);
  made.datacontenttype = "application/json";
  made.data = std::move(data);
  return made;
}

failure refusal_of(const received_event& event) {
  const auto read = read_document_request(event, size_max);
  BOOST_REQUIRE(!read);
  return read.error();
}

std::string of_document(const std::string& more = {}) {
  return R"({"documentId":")" + an_id + R"(","customerId":"acme")" + more + "}";
}

} // namespace document_request_tests

BOOST_AUTO_TEST_SUITE(document_request_tests)

BOOST_AUTO_TEST_CASE(a_create_says_all_of_the_document) {
  const auto read = read_document_request(
    command("create",
            R"({"customerId":"acme","documentType":"invoice","fileName":"a.pdf","sizeBytes":3,)"
            R"("expiryDate":"2030-01-31T12:00:00Z","contentType":"application/pdf"})"),
    size_max);
  BOOST_REQUIRE(read);
  BOOST_TEST(read->customer == "acme");
  BOOST_TEST(!read->document.has_value());
  const auto& made = std::get<document::create>(read->what);
  BOOST_TEST(made.customer == "acme");
  BOOST_TEST(made.document_type == "invoice");
  BOOST_TEST(made.file_name == "a.pdf");
  BOOST_TEST(made.content_type == "application/pdf");
  BOOST_TEST(made.size_bytes.value() == 3u);
  BOOST_TEST(made.expiry.has_value());
}

BOOST_AUTO_TEST_CASE(the_others_name_their_document) {
  const auto confirm = read_document_request(command("confirm-upload", of_document()), size_max);
  BOOST_REQUIRE(confirm);
  BOOST_TEST(confirm->document->text() == an_id);
  BOOST_TEST(confirm->customer == "acme");
  BOOST_TEST(std::holds_alternative<document::confirm_upload>(confirm->what));
  const auto remove = read_document_request(command("delete", of_document()), size_max);
  BOOST_REQUIRE(remove);
  BOOST_TEST(std::holds_alternative<document::remove>(remove->what));
}

BOOST_AUTO_TEST_CASE(an_expiry_is_changed_or_removed) {
  const auto changed = read_document_request(
    command("change-expiry", of_document(R"(,"expiryDate":"2030-01-31T12:00:00Z")")), size_max);
  BOOST_REQUIRE(changed);
  BOOST_TEST(std::get<document::change>(changed->what).expiry.value().has_value());
  const auto removed = read_document_request(
    command("change-expiry", of_document(R"(,"expiryDate":null)")), size_max);
  BOOST_REQUIRE(removed);
  BOOST_TEST(!std::get<document::change>(removed->what).expiry.value().has_value());
  BOOST_TEST(refusal_of(command("change-expiry", of_document())).where == "/expiryDate");
}

BOOST_AUTO_TEST_CASE(what_does_not_fit_is_refused_by_name) {
  const auto unknown = refusal_of(command("destroy", of_document()));
  BOOST_TEST((unknown.code == errc::not_implemented));
  BOOST_TEST(unknown.why
             == "There is no command of this type. The commands are: dossier.document.create, "
                "dossier.document.confirm-upload, dossier.document.delete, "
                "dossier.document.change-expiry, dossier.ingestion.start.");
  BOOST_TEST((refusal_of(command("delete", "{")).code == errc::malformed));
  BOOST_TEST((refusal_of(command("delete", "")).code == errc::malformed));
  BOOST_TEST(refusal_of(command("delete", of_document(R"(,"force":true)"))).where == "/force");
  BOOST_TEST(refusal_of(command("delete", R"({"customerId":"acme"})")).where == "/documentId");
  BOOST_TEST(refusal_of(command("delete", R"({"documentId":"x","customerId":"acme"})")).where
             == "/documentId");
  BOOST_TEST(refusal_of(command("create", R"({"documentType":"a","fileName":"b"})")).where
             == "/customerId");
  BOOST_TEST(
    refusal_of(command("create", R"({"customerId":"a/b","documentType":"a","fileName":"b"})")).where
    == "/customerId");
  auto other = command("delete", of_document());
  other.datacontenttype = "text/plain";
  BOOST_TEST((refusal_of(other).code == errc::unsupported_media_type));
}

BOOST_AUTO_TEST_CASE(a_schema_that_is_named_must_be_ours) {
  auto event = command("delete", of_document());
  for (const auto* good : {"", "/schemas/dossier.document.delete/1",
                           "https://dossier.example/schemas/dossier.document.delete/1"}) {
    event.dataschema = good;
    BOOST_TEST(read_document_request(event, size_max).has_value(), good);
  }
  for (const auto* bad : {"/schemas/dossier.document.delete/2", "/schemas/other/1"}) {
    event.dataschema = bad;
    BOOST_TEST(refusal_of(event).where == "dataschema", bad);
  }
}

BOOST_AUTO_TEST_SUITE_END()
