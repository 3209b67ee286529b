#include "gateway/http/tls_context.h"

#include <cstring>
#include <string_view>
#include <sys/stat.h>
#include <utility>

#include <openssl/err.h>

#include "chains/core/text.h"

namespace chains::gateway {
namespace {

constexpr absl::Duration kBetweenLooks = absl::Seconds(1);
// What RFC 9113 does not forbid for HTTP/2 with TLS 1.2; TLS 1.3 has no others.
constexpr const char* kCiphers = "ECDHE+AESGCM:ECDHE+CHACHA20";
constexpr std::string_view kServer = "chains-gateway";

// Protocols as ALPN has them, each behind its length; what is preferred first.
constexpr std::array<std::string_view, 2> kProtocols = {"\x02h2", "\x08http/1.1"};

// A client that offers only others would speak what nobody here understands.
int ChooseProtocol(SSL*, const unsigned char** chosen, unsigned char* chosen_size,
                   const unsigned char* offered, unsigned int size, void*) {
  const std::string_view all(reinterpret_cast<const char*>(offered), size);
  for (const std::string_view protocol : kProtocols) {
    for (size_t at = 0; at < all.size(); at += 1 + static_cast<unsigned char>(all[at])) {
      if (!all.substr(at).starts_with(protocol)) continue;
      *chosen = offered + at + 1;
      *chosen_size = static_cast<unsigned char>(protocol.size() - 1);
      return SSL_TLSEXT_ERR_OK;
    }
  }
  return SSL_TLSEXT_ERR_ALERT_FATAL;
}

// OpenSSL would ask at the terminal.
int NoPassword(char*, int, int, void*) { return 0; }

OwnedSslContext MakeContext() {
  OwnedSslContext context(SSL_CTX_new(TLS_server_method()));
  if (context == nullptr) return nullptr;
  SSL_CTX* const made = context.get();
  SSL_CTX_set_min_proto_version(made, TLS1_2_VERSION);
  SSL_CTX_set_options(made, SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_COMPRESSION |
                                SSL_OP_CIPHER_SERVER_PREFERENCE | SSL_OP_PRIORITIZE_CHACHA);
  SSL_CTX_set_mode(made, SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER |
                             SSL_MODE_RELEASE_BUFFERS);
  SSL_CTX_set_session_cache_mode(made, SSL_SESS_CACHE_OFF);
  SSL_CTX_set_session_id_context(made, reinterpret_cast<const unsigned char*>(kServer.data()),
                                 kServer.size());
  SSL_CTX_set_default_passwd_cb(made, NoPassword);
  SSL_CTX_set_alpn_select_cb(made, ChooseProtocol, nullptr);
  if (SSL_CTX_set_cipher_list(made, kCiphers) != 1) return nullptr;
  return context;
}

absl::Status BadFile(std::string_view what, const std::string& path) {
  return absl::InvalidArgumentError(Text(what, " ", path, ": ", TlsProblem()));
}

}  // namespace

std::string TlsProblem() {
  // The first error is the cause; what follows are those whom it was told.
  const unsigned long error = ERR_get_error();
  const char* const reason = ERR_reason_error_string(error);
  const bool of_the_system = ERR_SYSTEM_ERROR(error);
  std::string text = of_the_system       ? strerror(ERR_GET_REASON(error))
                     : reason != nullptr ? reason
                                         : Text("error ", error, " of OpenSSL");
  ERR_clear_error();
  return text;
}

absl::StatusOr<std::unique_ptr<TlsContext>> TlsContext::Load(Files files, OnProblem on_problem) {
  std::unique_ptr<TlsContext> context(new TlsContext(std::move(files), std::move(on_problem)));
  context->seen_ = context->Look();
  if (absl::Status read = context->Read(); !read.ok()) return read;
  return context;
}

absl::Status TlsContext::Read() {
  ERR_clear_error();
  OwnedSslContext fresh = MakeContext();
  if (fresh == nullptr) return absl::InternalError(Text("no TLS: ", TlsProblem()));
  if (SSL_CTX_use_PrivateKey_file(fresh.get(), files_.key.c_str(), SSL_FILETYPE_PEM) != 1) {
    return BadFile("the key", files_.key);
  }
  // It lets go of a key that does not belong to it.
  if (SSL_CTX_use_certificate_chain_file(fresh.get(), files_.certificate.c_str()) != 1) {
    return BadFile("the certificate", files_.certificate);
  }
  if (SSL_CTX_check_private_key(fresh.get()) != 1) {
    ERR_clear_error();
    return absl::InvalidArgumentError(
        Text("the key ", files_.key, " does not belong to the certificate ", files_.certificate));
  }
  context_ = std::move(fresh);
  return absl::OkStatus();
}

TlsContext::Fingerprint TlsContext::Look() const {
  Fingerprint fingerprint{};
  size_t at = 0;
  for (const std::string* path : {&files_.certificate, &files_.key}) {
    struct stat found {};
    if (stat(path->c_str(), &found) != 0) found = {};
    fingerprint[at++] = static_cast<int64_t>(found.st_dev);
    fingerprint[at++] = static_cast<int64_t>(found.st_ino);
    fingerprint[at++] = found.st_size;
    fingerprint[at++] = found.st_mtim.tv_sec;
    fingerprint[at++] = found.st_mtim.tv_nsec;
  }
  return fingerprint;
}

void TlsContext::ReadChanges() {
  const Fingerprint found = Look();
  const bool changed = found != seen_;
  if (!changed && !outdated_) return;
  seen_ = found;
  const absl::Status read = Read();
  outdated_ = !read.ok();
  if (outdated_ && changed && on_problem_ != nullptr) on_problem_(read);
}

OwnedSsl TlsContext::NewConnection(absl::Time now) {
  if (now >= looked_ + kBetweenLooks) {
    looked_ = now;
    ReadChanges();
  }
  OwnedSsl ssl(SSL_new(context_.get()));
  if (ssl != nullptr) SSL_set_accept_state(ssl.get());
  return ssl;
}

}  // namespace chains::gateway
