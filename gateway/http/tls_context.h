// TlsContext: the certificate with which a server proves who it is, and what it accepts of clients.
//
//   absl::StatusOr<std::unique_ptr<TlsContext>> tls =
//       TlsContext::Load({.certificate = "gateway.pem", .key = "gateway.key"});
//   …
//   TlsSession session((*tls)->NewConnection(loop.Now()));
//
// TLS 1.2 and 1.3, with forward secrecy and authenticated ciphers only (all that HTTP/2 allows, RFC
// 9113, 9.2). ALPN: h2 before http/1.1; a client that offers neither is refused, one that offers
// nothing gets HTTP/1.1. Sessions are resumed by tickets, so nothing is kept for a client that
// left.
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <string>

#include <openssl/ssl.h>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"

namespace chains::gateway {

struct FreeSsl {
  void operator()(SSL* ssl) const { SSL_free(ssl); }
  void operator()(SSL_CTX* context) const { SSL_CTX_free(context); }
};
using OwnedSsl = std::unique_ptr<SSL, FreeSsl>;
using OwnedSslContext = std::unique_ptr<SSL_CTX, FreeSsl>;

// For one thread.
class TlsContext {
 public:
  struct Files {
    std::string certificate;  // PEM: the server's own first, then those that vouch for it
    std::string key;          // PEM, without a password
  };

  // INVALID_ARGUMENT names the file that cannot be used, and why.
  static absl::StatusOr<std::unique_ptr<TlsContext>> Load(Files files);

  // A server's end of one connection; null where there is no memory. Looks at most once a second
  // whether the files have changed, and reads them anew where they have. What cannot be used (a key
  // that does not belong to the certificate, because only one of the two is there yet) is left
  // alone and tried again a second later: the certificate of before stays.
  OwnedSsl NewConnection(absl::Time now);

  // Why the files, as they are now, are not used; OK where they are.
  const absl::Status& problem() const { return problem_; }
  // How many times they have been read with success.
  uint64_t loads() const { return loads_; }

 private:
  // By which a change is seen: device, file, size and time of each.
  using Fingerprint = std::array<int64_t, 10>;

  explicit TlsContext(Files files) : files_(std::move(files)) {}
  absl::Status Read();
  Fingerprint Look() const;

  const Files files_;
  OwnedSslContext context_;
  Fingerprint seen_{};
  absl::Time looked_ = absl::InfinitePast();
  absl::Status problem_;
  uint64_t loads_ = 0;
};

// What OpenSSL has to say about its last failure on this thread; forgets it.
std::string TlsProblem();

}  // namespace chains::gateway
