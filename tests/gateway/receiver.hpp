// SPDX-License-Identifier: Apache-2.0
// A server on a free port of the loopback interface that does to each connection exactly what a
// test says: it answers, fails, stalls or lies, in clear or over TLS with a certificate of its own.
#pragma once

#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/read.hpp>
#include <boost/asio/ssl.hpp>
#include <boost/asio/write.hpp>

#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>

#include <array>
#include <atomic>
#include <cctype>
#include <cstdint>
#include <functional>
#include <list>
#include <memory>
#include <mutex>
#include <optional>
#include <stdexcept>
#include <string>
#include <sys/socket.h>
#include <thread>
#include <utility>
#include <vector>

namespace dossier::test {

/// A private key and a certificate that it has signed itself.
struct own_certificate {
  std::string key_pem;
  std::string certificate_pem;

  /// `names` as OpenSSL writes them: "DNS:localhost,IP:127.0.0.1".
  static own_certificate of(const std::string& names) {
    const std::unique_ptr<EVP_PKEY, void (*)(EVP_PKEY*)> key(EVP_EC_gen("P-256"), EVP_PKEY_free);
    const std::unique_ptr<X509, void (*)(X509*)> x(X509_new(), X509_free);
    X509_set_version(x.get(), 2);
    ASN1_INTEGER_set(X509_get_serialNumber(x.get()), 1);
    X509_gmtime_adj(X509_getm_notBefore(x.get()), -3'600);
    X509_gmtime_adj(X509_getm_notAfter(x.get()), 3'600);
    X509_set_pubkey(x.get(), key.get());
    auto* name = X509_get_subject_name(x.get());
    X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_ASC,
                               reinterpret_cast<const unsigned char*>("receiver"), -1, -1, 0);
    X509_set_issuer_name(x.get(), name);
    auto* extension = X509V3_EXT_conf_nid(nullptr, nullptr, NID_subject_alt_name, names.c_str());
    X509_add_ext(x.get(), extension, -1);
    X509_EXTENSION_free(extension);
    if (X509_sign(x.get(), key.get(), EVP_sha256()) == 0)
      throw std::runtime_error("cannot sign the certificate");
    const std::unique_ptr<BIO, int (*)(BIO*)> key_text(BIO_new(BIO_s_mem()), BIO_free);
    const std::unique_ptr<BIO, int (*)(BIO*)> text(BIO_new(BIO_s_mem()), BIO_free);
    PEM_write_bio_PrivateKey(key_text.get(), key.get(), nullptr, nullptr, 0, nullptr, nullptr);
    PEM_write_bio_X509(text.get(), x.get());
    return {contents_of(key_text.get()), contents_of(text.get())};
  }

private:
  static std::string contents_of(BIO* memory) {
    char* data = nullptr;
    const auto size = BIO_get_mem_data(memory, &data);
    return {data, static_cast<std::size_t>(size)};
  }
};

/// A request as it came over the wire.
struct received_request {
  std::string line;
  std::vector<std::pair<std::string, std::string>> fields; ///< Names in lower case.
  std::string body;

  std::string field(const std::string& name) const {
    for (const auto& [n, value] : fields)
      if (n == name)
        return value;
    return "";
  }
};

class receiver {
public:
  using socket = boost::asio::ip::tcp::socket;
  using tls_stream = boost::asio::ssl::stream<socket&>;

  /// One accepted connection; blocking, on a thread of its own.
  class connection {
  public:
    connection(socket& s, tls_stream* tls)
      : socket_(s)
      , tls_(tls) {}

    /// nullopt: the peer has gone before a whole request came.
    std::optional<received_request> read() {
      while (buffer_.find("\r\n\r\n") == std::string::npos)
        if (!fill())
          return std::nullopt;
      received_request r;
      const auto head_end = buffer_.find("\r\n\r\n");
      std::size_t at = buffer_.find("\r\n");
      r.line = buffer_.substr(0, at);
      while (at < head_end) {
        const auto next = buffer_.find("\r\n", at + 2);
        auto field = buffer_.substr(at + 2, next - at - 2);
        const auto colon = field.find(':');
        auto name = field.substr(0, colon);
        for (auto& c : name)
          c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
        r.fields.emplace_back(std::move(name),
                              field.substr(field.find_first_not_of(' ', colon + 1)));
        at = next;
      }
      buffer_.erase(0, head_end + 4);
      const auto length = r.field("content-length");
      const auto size = length.empty() ? 0 : std::stoull(length);
      while (buffer_.size() < size)
        if (!fill())
          return std::nullopt;
      r.body = buffer_.substr(0, size);
      buffer_.erase(0, size);
      return r;
    }

    /// False: the peer has gone.
    bool send(const std::string& bytes) {
      boost::system::error_code error;
      if (tls_ != nullptr)
        boost::asio::write(*tls_, boost::asio::buffer(bytes), error);
      else
        boost::asio::write(socket_, boost::asio::buffer(bytes), error);
      return !error;
    }

    /// Says nothing until the peer gives up.
    void stall() {
      while (fill())
        buffer_.clear();
    }

  private:
    bool fill() {
      std::array<char, 4'096> chunk;
      boost::system::error_code error;
      const auto into = boost::asio::buffer(chunk);
      const auto size
        = tls_ != nullptr ? tls_->read_some(into, error) : socket_.read_some(into, error);
      buffer_.append(chunk.data(), size);
      return !error;
    }

    socket& socket_;
    tls_stream* tls_;
    std::string buffer_;
  };

  /// Runs on the connection's thread; the connection is closed when it returns.
  using behaviour = std::function<void(connection&)>;

  explicit receiver(behaviour act, const own_certificate* certificate = nullptr)
    : act_(std::move(act))
    , acceptor_(context_, {boost::asio::ip::address_v4::loopback(), 0}) {
    if (certificate != nullptr) {
      tls_.emplace(boost::asio::ssl::context::tls_server);
      tls_->use_certificate(boost::asio::buffer(certificate->certificate_pem),
                            boost::asio::ssl::context::pem);
      tls_->use_private_key(boost::asio::buffer(certificate->key_pem),
                            boost::asio::ssl::context::pem);
    }
    thread_ = std::thread([this] { accept(); });
  }
  ~receiver() {
    is_stopping_ = true;
    ::shutdown(acceptor_.native_handle(), SHUT_RDWR);
    thread_.join();
    for (auto& each : connections_) {
      ::shutdown(each.handle, SHUT_RDWR);
      each.thread.join();
    }
  }
  receiver(const receiver&) = delete;
  receiver& operator=(const receiver&) = delete;

  std::uint16_t port() const { return port_; }
  std::size_t accepted() const { return accepted_; }

private:
  struct served {
    explicit served(socket s)
      : peer(std::move(s))
      , handle(peer.native_handle()) {}
    socket peer;
    int handle;
    std::thread thread;
  };

  void accept() {
    for (;;) {
      boost::system::error_code error;
      socket peer(context_);
      acceptor_.accept(peer, error);
      if (error || is_stopping_)
        return;
      ++accepted_;
      auto& each = connections_.emplace_back(std::move(peer));
      each.thread = std::thread([this, &each] { serve(each); });
    }
  }

  void serve(served& each) {
    boost::system::error_code error;
    if (tls_) {
      tls_stream stream(each.peer, *tls_);
      stream.handshake(boost::asio::ssl::stream_base::server, error);
      if (!error) {
        connection c(each.peer, &stream);
        act_(c);
      }
    } else {
      connection c(each.peer, nullptr);
      act_(c);
    }
    // The handle stays taken until the end, so that nobody else's socket is shut down for it.
    each.peer.shutdown(socket::shutdown_both, error);
  }

  behaviour act_;
  boost::asio::io_context context_;
  boost::asio::ip::tcp::acceptor acceptor_;
  const std::uint16_t port_ = acceptor_.local_endpoint().port();
  std::optional<boost::asio::ssl::context> tls_;
  std::list<served> connections_; ///< Written by the accepting thread only, until it has ended.
  std::atomic<std::size_t> accepted_{0};
  std::atomic<bool> is_stopping_{false};
  std::thread thread_;
};

} // namespace dossier::test
