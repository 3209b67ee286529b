#include "gateway/http/tls_session.h"

#include <algorithm>
#include <limits>
#include <utility>

#include <openssl/err.h>

namespace chains::gateway {
namespace {

constexpr size_t kKept = 4096;  // of a buffer that is empty

void Release(std::string& buffer) {
  buffer.clear();
  if (buffer.capacity() > kKept) buffer = std::string();
}

int Bounded(size_t size) {
  return static_cast<int>(std::min<size_t>(size, std::numeric_limits<int>::max()));
}

}  // namespace

// OpenSSL reads what was fed, and writes what is to be sent, without buffers of its own between.
BIO_METHOD* TlsSession::Method() {
  static BIO_METHOD* const method = [] {
    BIO_METHOD* const made =
        BIO_meth_new(BIO_get_new_index() | BIO_TYPE_SOURCE_SINK, "chains-gateway");
    BIO_meth_set_read(made, OnRead);
    BIO_meth_set_write(made, OnWrite);
    BIO_meth_set_ctrl(made, OnControl);
    return made;
  }();
  return method;
}

TlsSession::TlsSession(OwnedSsl ssl) : ssl_(std::move(ssl)) {
  BIO* const bio = BIO_new(Method());
  BIO_set_data(bio, this);
  BIO_set_init(bio, 1);
  SSL_set_bio(ssl_.get(), bio, bio);  // which owns it now
}

TlsSession::~TlsSession() = default;

int TlsSession::OnRead(BIO* bio, char* to, int size) {
  auto& self = *static_cast<TlsSession*>(BIO_get_data(bio));
  BIO_clear_retry_flags(bio);
  const size_t count = std::min(self.fed(), static_cast<size_t>(size));
  if (count == 0) {
    BIO_set_retry_read(bio);
    return -1;
  }
  self.input_.copy(to, count, self.taken_);
  self.taken_ += count;
  if (self.fed() == 0) {
    Release(self.input_);
    self.taken_ = 0;
  }
  return static_cast<int>(count);
}

int TlsSession::OnWrite(BIO* bio, const char* bytes, int size) {
  auto& self = *static_cast<TlsSession*>(BIO_get_data(bio));
  BIO_clear_retry_flags(bio);
  self.output_.append(bytes, static_cast<size_t>(size));
  return size;
}

long TlsSession::OnControl(BIO*, int command, long, void*) {
  return command == BIO_CTRL_FLUSH ? 1 : 0;
}

void TlsSession::Feed(std::string_view bytes) {
  input_.erase(0, std::exchange(taken_, 0));
  input_.append(bytes);
}

TlsSession::Handshake TlsSession::Shake() {
  ERR_clear_error();
  const int done = SSL_do_handshake(ssl_.get());
  if (done == 1) return Handshake::kDone;
  const int error = SSL_get_error(ssl_.get(), done);
  if (error == SSL_ERROR_WANT_READ) return Handshake::kGoesOn;
  Fail(error);
  return Handshake::kFailed;
}

std::string_view TlsSession::protocol() const {
  const unsigned char* name = nullptr;
  unsigned int size = 0;
  SSL_get0_alpn_selected(ssl_.get(), &name, &size);
  return {reinterpret_cast<const char*>(name), size};
}

TlsSession::Got TlsSession::Read(std::span<char> to) {
  size_t total = 0;
  while (total < to.size()) {
    ERR_clear_error();
    const int got = SSL_read(ssl_.get(), to.data() + total, Bounded(to.size() - total));
    if (got > 0) {
      total += static_cast<size_t>(got);
      continue;
    }
    const int error = SSL_get_error(ssl_.get(), got);
    if (error == SSL_ERROR_WANT_READ) break;
    if (error != SSL_ERROR_ZERO_RETURN) Fail(error);
    // What was read before the end is told first.
    return {.bytes = total, .ended = total == 0};
  }
  return {.bytes = total, .ended = false};
}

size_t TlsSession::Write(std::string_view bytes) {
  size_t total = 0;
  while (total < bytes.size() && output().size() < kMaxOutput) {
    ERR_clear_error();
    const int written = SSL_write(ssl_.get(), bytes.data() + total, Bounded(bytes.size() - total));
    if (written <= 0) {
      Fail(SSL_get_error(ssl_.get(), written));
      break;
    }
    total += static_cast<size_t>(written);
  }
  return total;
}

void TlsSession::End() {
  ERR_clear_error();
  SSL_shutdown(ssl_.get());
  ERR_clear_error();
}

void TlsSession::Sent(size_t bytes) {
  sent_ += bytes;
  if (sent_ < output_.size()) return;
  sent_ = 0;
  Release(output_);
}

void TlsSession::Fail(int error) {
  if (!problem_.empty()) return;
  problem_ = error == SSL_ERROR_SSL ? TlsProblem() : "the client left in the middle";
}

}  // namespace chains::gateway
