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
#include <functional>
#include <memory>
#include <string>
#include <utility>

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

  // INVALID_ARGUMENT names the file that cannot be used, and why. `on_problem` is told, once for
  // each change, where files that have changed cannot be used.
  using OnProblem = std::function<void(const absl::Status&)>;
  static absl::StatusOr<std::unique_ptr<TlsContext>> Load(Files files,
                                                          OnProblem on_problem = nullptr);

  // A server's end of one connection; null where there is no memory. Looks at most once a second
  // whether the files have changed, and reads them anew where they have. What cannot be used (a key
  // that does not belong to the certificate, because only one of the two is there yet) is left
  // alone and tried again a second later: the certificate of before stays.
  OwnedSsl NewConnection(absl::Time now);

 private:
  // By which a change is seen: device, file, size and time of each.
  using Fingerprint = std::array<int64_t, 10>;

  TlsContext(Files files, OnProblem on_problem)
      : files_(std::move(files)), on_problem_(std::move(on_problem)) {}
  void ReadChanges();
  absl::Status Read();
  Fingerprint Look() const;

  const Files files_;
  const OnProblem on_problem_;
  OwnedSslContext context_;
  Fingerprint seen_{};
  absl::Time looked_ = absl::InfinitePast();
  bool outdated_ = false;  // what the files are now could not be used
};

// What OpenSSL has to say about its last failure on this thread; forgets it.
std::string TlsProblem();

}  // namespace chains::gateway
