// SPDX-License-Identifier: Apache-2.0
#include "gateway/ingest_client.hpp"

#include "gateway/figures.hpp"
#include "gateway/net.hpp"
#include "persistence/files.hpp"
#include "protocol/result.hpp"

#include <boost/asio/io_context.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/core/tcp_stream.hpp>
#include <boost/beast/http/parser.hpp>
#include <boost/beast/http/read.hpp>
#include <boost/beast/http/string_body.hpp>
#include <nlohmann/json.hpp>

#include <algorithm>
#include <chrono>
#include <filesystem>
#include <functional>
#include <iomanip>
#include <ostream>
#include <sstream>
#include <string_view>
#include <thread>
#include <utility>
#include <vector>

namespace dossier {

namespace {

namespace http = boost::beast::http;
using steady = std::chrono::steady_clock;
using nlohmann::json;

constexpr std::size_t sent_piece_bytes = 256U << 10;
constexpr std::chrono::milliseconds look_ms{250};
constexpr int bar_width = 24;

struct place {
  std::string host;
  std::string port;
};

result<place> place_of(std::string_view url) {
  constexpr std::string_view scheme = "http://";
  if (!url.starts_with(scheme))
    return fail(errc::invalid_argument,
                "the server is named as http://HOST[:PORT], not " + std::string(url));
  url.remove_prefix(scheme.size());
  if (url.ends_with('/'))
    url.remove_suffix(1);
  const auto bracket = url.rfind(']');
  const auto colon = url.rfind(':');
  const bool has_port
    = colon != std::string_view::npos && (bracket == std::string_view::npos || colon > bracket);
  auto host = url.substr(0, has_port ? colon : url.size());
  if (host.empty() || host.find('/') != std::string_view::npos)
    return fail(errc::invalid_argument,
                "the server is named as http://HOST[:PORT], without a path");
  if (host.starts_with('[') && host.ends_with(']'))
    host = host.substr(1, host.size() - 2);
  return place{std::string(host), std::string(has_port ? url.substr(colon + 1) : "80")};
}

/// As a value in a query.
std::string encoded(std::string_view text) {
  std::ostringstream out;
  out << std::hex << std::uppercase << std::setfill('0');
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if ((c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '-'
        || c == '.' || c == '_' || c == '~')
      out << c;
    else
      out << '%' << std::setw(2) << static_cast<int>(byte);
  }
  return out.str();
}

std::string span_of(std::uint64_t seconds_left) {
  std::ostringstream text;
  if (seconds_left >= 3'600)
    text << seconds_left / 3'600 << ':' << std::setfill('0') << std::setw(2);
  text << seconds_left / 60 % 60 << ':' << std::setfill('0') << std::setw(2) << seconds_left % 60;
  return text.str();
}

/// One line that is written over, or nothing.
class progress_line {
public:
  progress_line(std::ostream& out, bool is_shown)
    : out_(out)
    , is_shown_(is_shown) {}
  ~progress_line() { clear(); }

  void show(std::string_view what, double share, const std::string& rest) {
    if (!is_shown_)
      return;
    const auto full = static_cast<int>(std::clamp(share, 0.0, 1.0) * bar_width);
    out_ << "\r\x1b[K" << std::left << std::setw(10) << what << '['
         << std::string(static_cast<std::size_t>(full), '#')
         << std::string(static_cast<std::size_t>(bar_width - full), ' ') << "] " << std::right
         << std::setw(3) << static_cast<int>(share * 100) << "%  " << rest << std::flush;
    is_there_ = true;
  }
  void clear() {
    if (std::exchange(is_there_, false))
      out_ << "\r\x1b[K" << std::flush;
  }

private:
  std::ostream& out_;
  const bool is_shown_;
  bool is_there_ = false;
};

using boost::system::error_code;

/// One server, asked one thing at a time, each on a connection of its own. Every step of it has a
/// deadline: a peer that falls silent costs its patience and no more.
class server_link {
public:
  server_link(place to, std::string key, const ingest_patience& patience)
    : to_(std::move(to))
    , key_(std::move(key))
    , patience_(patience) {}

  /// `sent` is told how many bytes of the file have gone.
  result<json> post_file(const std::string& target, const input_file& file,
                         const std::function<void(std::uint64_t)>& sent) {
    return ask("POST " + target, file.size_bytes(),
               [&](stream& peer) { return send_file(peer, file, sent); });
  }

  result<json> get(const std::string& target) {
    return ask("GET " + target, 0, [](stream&) { return result<void>{}; });
  }

private:
  using stream = boost::beast::tcp_stream;

  /// Starts one operation and waits until it is over, or this much time is.
  template <class Start>
  error_code wait_for(stream& peer, milliseconds limit, Start start) {
    error_code ended;
    peer.expires_after(limit);
    start([&ended](const error_code& error, const auto&...) { ended = error; });
    io_.restart();
    io_.run();
    return ended;
  }

  /// All of it, however slowly, while some of it goes.
  error_code send_bytes(stream& peer, asio::const_buffer rest) {
    while (rest.size() > 0) {
      std::size_t gone = 0;
      const auto error = wait_for(peer, patience_.silence_ms, [&](auto done) {
        peer.async_write_some(rest, [&gone, done](const error_code& ended, std::size_t bytes) {
          gone = bytes;
          done(ended);
        });
      });
      if (error)
        return error;
      rest += gone;
    }
    return {};
  }

  result<void> send_file(stream& peer, const input_file& file,
                         const std::function<void(std::uint64_t)>& sent) {
    std::vector<std::byte> piece(sent_piece_bytes);
    for (std::uint64_t at = 0; at < file.size_bytes();) {
      const auto got = file.read(at, piece);
      if (!got)
        return got.error();
      if (*got == 0)
        return fail(errc::conflict, "the file became shorter while it was sent");
      const auto error = send_bytes(peer, asio::buffer(piece.data(), *got));
      if (error == boost::beast::error::timeout)
        return without_answer(error);
      // The server may have refused it already: its answer says why.
      if (error)
        return {};
      sent(at += *got);
    }
    return {};
  }

  failure without_answer(const error_code& error) const {
    const auto server = "the server " + to_.host + ':' + to_.port;
    if (error == boost::beast::error::timeout)
      return fail(errc::unavailable, server + " has neither taken nor said anything for "
                                       + std::to_string(patience_.silence_ms.count() / 1'000)
                                       + " s");
    return fail(errc::unavailable, server + " does not answer: " + error.message());
  }

  result<void> connect(stream& peer) {
    error_code error;
    tcp::resolver resolver(io_);
    const auto found = resolver.resolve(to_.host, to_.port, error);
    if (error)
      return without_answer(error);
    error = wait_for(peer, patience_.connect_ms,
                     [&](auto done) { peer.async_connect(found, std::move(done)); });
    if (error == boost::beast::error::timeout)
      return fail(errc::unavailable, "the server " + to_.host + ':' + to_.port
                                       + " cannot be reached: no connection within "
                                       + std::to_string(patience_.connect_ms.count() / 1'000)
                                       + " s");
    return error ? result<void>(without_answer(error)) : result<void>{};
  }

  result<json> ask(const std::string& what, std::uint64_t body_bytes,
                   const std::function<result<void>(stream&)>& send_body) {
    stream peer(io_);
    if (auto connected = connect(peer); !connected)
      return connected.error();
    const std::string head
      = what + " HTTP/1.1\r\nHost: " + to_.host + ':' + to_.port
        + "\r\nConnection: close\r\nx-functions-key: " + key_
        + (body_bytes > 0 || what.starts_with("POST")
             ? "\r\nContent-Type: text/csv\r\nContent-Length: " + std::to_string(body_bytes)
             : "")
        + "\r\n\r\n";
    if (const auto error = send_bytes(peer, asio::buffer(head)))
      return without_answer(error);
    if (auto sent = send_body(peer); !sent)
      return sent.error();
    boost::beast::flat_buffer buffer;
    http::response<http::string_body> answer;
    const auto error = wait_for(peer, patience_.silence_ms, [&](auto done) {
      http::async_read(peer, buffer, answer, std::move(done));
    });
    if (error)
      return without_answer(error);
    auto said = json::parse(answer.body(), nullptr, false);
    if (answer.result_int() >= 300 || !said.is_object())
      return fail(answer.result_int() >= 500 ? errc::unavailable : errc::invalid_argument,
                  "the server answered " + std::to_string(answer.result_int()) + ": "
                    + (said.is_object() ? said.value("detail", "") : answer.body()));
    return result<json>(boost::system::in_place_value, std::move(said));
  }

  asio::io_context io_;
  const place to_;
  const std::string key_;
  const ingest_patience patience_;
};

std::uint64_t count_in(const json& job, const char* name) {
  return job.value(name, std::uint64_t{0});
}

/// Asks until the job has ended.
result<json> follow(server_link& server, const std::string& job, milliseconds patience,
                    progress_line& line) {
  auto heard = steady::now();
  for (;;) {
    auto got = server.get("/api/jobstatus/" + job);
    if (got) {
      heard = steady::now();
      if (!got->value("endedAt", json{}).is_null())
        return got;
      const auto& progress = (*got)["progress"];
      const auto size = std::max<std::uint64_t>(1, count_in(*got, "sizeBytes"));
      const auto left = progress.value("secondsLeft", json{});
      line.show(got->value("status", "").substr(0, 10),
                static_cast<double>(count_in(progress, "bytesDone")) / static_cast<double>(size),
                grouped(count_in(*got, "processedRecordsCount")) + " rows, "
                  + grouped(count_in(*got, "failedRecordsCount")) + " rejects, "
                  + std::to_string(count_in(progress, "bytesPerSecond") / 1'000'000) + " MB/s"
                  + (left.is_number() ? ", " + span_of(left.get<std::uint64_t>()) + " left" : ""));
    } else if (got.error().code != errc::unavailable || steady::now() - heard > patience) {
      return got.error();
    }
    std::this_thread::sleep_for(look_ms);
  }
}

result<json> send(server_link& server, const ingest_request& wanted, const input_file& file,
                  progress_line& line) {
  const auto name = std::filesystem::path(wanted.file).filename().string();
  auto target
    = "/api/cdr/upload-large?schema=" + encoded(wanted.schema) + "&fileName=" + encoded(name);
  if (!wanted.customer.empty())
    target += "&customerId=" + encoded(wanted.customer);
  for (const auto& [option, value] : wanted.options)
    target += "&" + option + "=" + encoded(value);
  const auto begun = steady::now();
  const auto size = static_cast<double>(std::max<std::uint64_t>(1, file.size_bytes()));
  return server.post_file(target, file, [&](std::uint64_t sent) {
    const std::chrono::duration<double> took = steady::now() - begun;
    const auto rate = static_cast<double>(sent) / std::max(took.count(), 1e-3);
    line.show("sending", static_cast<double>(sent) / size,
              grouped(sent) + " bytes, " + std::to_string(static_cast<int>(rate / 1e6)) + " MB/s, "
                + span_of(static_cast<std::uint64_t>((size - static_cast<double>(sent)) / rate))
                + " left");
  });
}

void print_summary(std::ostream& out, const json& job, const ingest_request& wanted) {
  const auto id = job.value("correlationId", "");
  label(out, "status") << job.value("status", "") << '\n';
  if (const auto why = job.value("error", json{}); why.is_string())
    label(out, "") << why.get<std::string>() << '\n';
  label(out, "rows") << grouped(count_in(job, "processedRecordsCount")) << '\n';
  label(out, "rejects") << grouped(count_in(job, "failedRecordsCount")) << '\n';
  label(out, "chunks") << count_in(job, "successfulChunks") << " of "
                       << count_in(job, "totalChunks") << '\n';
  label(out, "rate") << count_in(job["progress"], "bytesPerSecond") / 1'000'000 << " MB/s\n";
  label(out, "job") << id << '\n';
  if (count_in(job, "failedRecordsCount") > 0)
    label(out, "") << wanted.server << "/api/jobs/" << id << "/rejects?format=csv\n";
}

} // namespace

int ingest(const ingest_request& wanted, std::ostream& out, std::ostream& errors) {
  const auto say = [&errors](const failure& why) {
    errors << "dossier: " << why.why << '\n';
    return 2;
  };
  auto to = place_of(wanted.server);
  if (!to)
    return say(to.error());
  const auto file = posix_files().open(std::filesystem::absolute(wanted.file).string());
  if (!file)
    return say(file.error());
  server_link server(std::move(*to), wanted.key, wanted.patience);
  progress_line line(errors, wanted.shows_bar);
  const auto accepted = send(server, wanted, **file, line);
  line.clear();
  if (!accepted)
    return say(accepted.error());
  const auto job
    = follow(server, accepted->value("correlationId", ""), wanted.patience.silence_ms, line);
  line.clear();
  if (!job)
    return say(job.error());
  print_summary(out, *job, wanted);
  const auto status = job->value("status", "");
  return status == "Succeeded" ? 0 : status == "PartiallySucceeded" ? 1 : 2;
}

} // namespace dossier
