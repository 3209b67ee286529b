#include "gateway/http/tls_transport.h"

#include <array>
#include <utility>

namespace chains::gateway {
namespace {

constexpr size_t kReadAtOnce = 32 << 10;

}  // namespace

Transport::State TlsTransport::ReadBelow() {
  std::array<char, kReadAtOnce> bytes;
  const Result read = below_->Read(bytes);
  if (read.state == State::kMoved) session_.Feed({bytes.data(), read.bytes});
  return read.state;
}

TlsSession::Handshake TlsTransport::Shake() {
  using Handshake = TlsSession::Handshake;
  while (true) {
    const Handshake state = session_.Shake();
    if (Flush() == State::kFailed) return Handshake::kFailed;
    if (state != Handshake::kGoesOn) return state;
    const State read = ReadBelow();
    if (read == State::kBlocked) return Handshake::kGoesOn;
    if (read != State::kMoved) return Handshake::kFailed;
  }
}

// A client that ends the connection without a word of TLS has left, too.
Transport::Result TlsTransport::Read(std::span<char> into) {
  while (true) {
    const TlsSession::Got got = session_.Read(into);
    if (got.bytes > 0) return {.state = State::kMoved, .bytes = got.bytes};
    if (got.ended) return {.state = session_.problem().empty() ? State::kEnded : State::kFailed};
    const State read = ReadBelow();
    if (read != State::kMoved) return {.state = read};
  }
}

Transport::Result TlsTransport::Write(std::span<const iovec> pieces) {
  if (const State before = Flush(); before != State::kMoved) return {.state = before};
  size_t taken = 0;
  for (const iovec& piece : pieces) {
    const size_t bytes = session_.Write({static_cast<const char*>(piece.iov_base), piece.iov_len});
    taken += bytes;
    if (bytes < piece.iov_len) break;
  }
  if (!session_.problem().empty() || Flush() == State::kFailed) return {.state = State::kFailed};
  return {.state = State::kMoved, .bytes = taken};
}

Transport::State TlsTransport::Flush() {
  while (!session_.output().empty()) {
    const std::string_view output = session_.output();
    const iovec piece{.iov_base = const_cast<char*>(output.data()), .iov_len = output.size()};
    const Result written = below_->Write({&piece, 1});
    if (written.state != State::kMoved) return written.state;
    session_.Sent(written.bytes);
  }
  return State::kMoved;
}

// So that its client knows a whole response from one that was cut off on the way.
TlsTransport::~TlsTransport() { SayEnd(); }

void TlsTransport::EndWriting() {
  SayEnd();
  below_->EndWriting();
}

void TlsTransport::SayEnd() {
  if (std::exchange(said_end_, true)) return;
  session_.End();
  (void)Flush();
}

}  // namespace chains::gateway
