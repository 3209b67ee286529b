// TlsClient: the other end of a TLS connection, for tests that run on one thread.
#pragma once

#include <memory>
#include <string>
#include <string_view>

#include <openssl/ssl.h>

#include "gateway/http/tls_context.h"
#include "tests/gateway/http/test_client.h"
#include "tests/gateway/http/test_loop.h"

namespace chains::gateway {

class TlsClient {
 public:
  // `protocols` as ALPN has them: "\x02h2". At most TLS `version`, TLS1_3_VERSION say.
  TlsClient(TestLoop& loop, const std::string& address, std::string_view protocols,
            int version = TLS1_3_VERSION)
      : loop_(loop), client_(address), context_(SSL_CTX_new(TLS_client_method())) {
    SSL_CTX_set_max_proto_version(context_.get(), version);
    SSL_CTX_set_min_proto_version(context_.get(), 0);
    SSL_CTX_set_security_level(context_.get(), 0);  // old versions, too
    ssl_.reset(SSL_new(context_.get()));
    SSL_set_connect_state(ssl_.get());
    SSL_set_alpn_protos(ssl_.get(), reinterpret_cast<const unsigned char*>(protocols.data()),
                        static_cast<unsigned int>(protocols.size()));
    in_ = BIO_new(BIO_s_mem());
    out_ = BIO_new(BIO_s_mem());
    SSL_set_bio(ssl_.get(), in_, out_);
  }

  // Whether both agree. Takes as many turns as it needs. `first` goes along with the handshake's
  // end.
  bool Shake(std::string_view first = "") {
    for (int turn = 0; turn < 10 && !ended(); ++turn) {
      if (SSL_do_handshake(ssl_.get()) == 1) {
        if (!first.empty()) SSL_write(ssl_.get(), first.data(), static_cast<int>(first.size()));
        return Exchange(), true;
      }
      Exchange();
    }
    return false;
  }
  std::string protocol() const {
    const unsigned char* name = nullptr;
    unsigned int size = 0;
    SSL_get0_alpn_selected(ssl_.get(), &name, &size);
    return {reinterpret_cast<const char*>(name), size};
  }
  // The organization that the server's certificate names.
  std::string organization() const {
    const std::unique_ptr<X509, decltype(&X509_free)> certificate(
        SSL_get1_peer_certificate(ssl_.get()), X509_free);
    std::string text(64, '\0');
    const int size =
        X509_NAME_get_text_by_NID(X509_get_subject_name(certificate.get()), NID_organizationName,
                                  text.data(), static_cast<int>(text.size()));
    return text.substr(0, static_cast<size_t>(std::max(size, 0)));
  }

  void Send(std::string_view bytes) {
    SSL_write(ssl_.get(), bytes.data(), static_cast<int>(bytes.size()));
    Exchange();
  }
  // What has come by now.
  std::string Receive() {
    Exchange();
    std::string all;
    std::string piece(16 << 10, '\0');
    for (;;) {
      const int count = SSL_read(ssl_.get(), piece.data(), static_cast<int>(piece.size()));
      if (count <= 0) return all;
      all.append(piece, 0, static_cast<size_t>(count));
    }
  }
  // What the server says last: that it has nothing more to say.
  bool told_end() const { return (SSL_get_shutdown(ssl_.get()) & SSL_RECEIVED_SHUTDOWN) != 0; }
  bool ended() const { return client_.ended(); }
  // Both ways, as far as it goes now.
  void Exchange() {
    char* bytes = nullptr;
    const long size = BIO_get_mem_data(out_, &bytes);
    std::string_view rest(bytes, static_cast<size_t>(size));
    while (!rest.empty()) {
      rest.remove_prefix(client_.Send(rest));
      Listen();
    }
    (void)BIO_reset(out_);
    Listen();
  }
  TestClient& below() { return client_; }

 private:
  void Listen() {
    loop_.Settle();
    const std::string came = client_.Receive();
    BIO_write(in_, came.data(), static_cast<int>(came.size()));
  }

  TestLoop& loop_;
  TestClient client_;
  const OwnedSslContext context_;
  OwnedSsl ssl_;
  BIO* in_ = nullptr;   // the connection's
  BIO* out_ = nullptr;  // the same
};

}  // namespace chains::gateway
