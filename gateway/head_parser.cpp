// SPDX-License-Identifier: Apache-2.0
#include "gateway/head_parser.hpp"

#include <boost/beast/http/basic_parser.hpp>

#include <cstdint>
#include <limits>

namespace dossier {

namespace {

namespace http = boost::beast::http;
using boost::beast::error_code;
using text = boost::beast::string_view;

std::string_view view_of(text t) {
  return {t.data(), t.size()};
}

// Beast's grammar without its containers: fields stay where they were received.
class beast_reading final : public http::basic_parser<true> {
public:
  explicit beast_reading(request& into)
    : into_(into) {}

  bool is_1_0() const { return version_ == 10; }
  bool is_known() const { return is_known_; }

private:
  void on_request_impl(http::verb, text method, text target, int version, error_code&) override {
    for (const auto v : all_verbs)
      if (to_string(v) == view_of(method)) {
        into_.verb = v;
        is_known_ = true;
      }
    into_.target = view_of(target);
    version_ = version;
  }
  void on_response_impl(int, text, int, error_code&) override {}
  void on_field_impl(http::field, text name, text value, error_code&) override {
    into_.fields.emplace_back(view_of(name), view_of(value));
  }
  void on_header_impl(error_code&) override {}
  void on_body_init_impl(const boost::optional<std::uint64_t>&, error_code&) override {}
  std::size_t on_body_impl(text body, error_code&) override { return body.size(); }
  void on_chunk_header_impl(std::uint64_t, text, error_code&) override {}
  std::size_t on_chunk_body_impl(std::uint64_t, text body, error_code&) override {
    return body.size();
  }
  void on_finish_impl(error_code&) override {}

  request& into_;
  int version_ = 0;
  bool is_known_ = false;
};

bool agrees(const beast_reading& beast, const guard_verdict& verdict) {
  const auto length = beast.content_length();
  switch (verdict.framing) {
  case framing::none:
    return !beast.chunked() && !length;
  case framing::chunked:
    return beast.chunked() && !length;
  case framing::length:
    return !beast.chunked() && length && *length == verdict.content_length;
  }
  return false;
}

} // namespace

result<void> parse_head(std::string_view head, const guard_verdict& verdict, request& into) {
  into.fields.clear();
  beast_reading beast(into);
  // The guard has held its own limits against these bytes already.
  beast.header_limit(std::numeric_limits<std::uint32_t>::max());
  beast.body_limit(boost::none);
  error_code error;
  const auto read = beast.put(boost::asio::buffer(head.data(), head.size()), error);
  if (error)
    return fail(errc::malformed, "cannot read the request's head: " + error.message());
  if (read != head.size() || !beast.is_header_done() || !beast.is_known()
      || beast.is_1_0() != verdict.is_http_1_0 || !agrees(beast, verdict))
    return fail(errc::malformed, "the request's head can be read in two ways and is refused");
  into.path = into.target.substr(0, into.target.find('?'));
  return {};
}

} // namespace dossier
