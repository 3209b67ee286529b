#include "gateway/http/transport.h"

#include <cerrno>
#include <sys/socket.h>

namespace chains::gateway {
namespace {

Transport::Result Failed() {
  const bool blocked = errno == EAGAIN || errno == EWOULDBLOCK;
  return {.state = blocked ? Transport::State::kBlocked : Transport::State::kFailed};
}

}  // namespace

Transport::Result PlainTransport::Read(std::span<char> into) {
  ssize_t count = 0;
  do {
    count = recv(socket_.fd(), into.data(), into.size(), 0);
  } while (count < 0 && errno == EINTR);
  if (count < 0) return Failed();
  if (count == 0) return {.state = State::kEnded};
  const size_t bytes = static_cast<size_t>(count);
  return {.state = State::kMoved, .bytes = bytes, .all = bytes < into.size()};
}

Transport::Result PlainTransport::Write(std::span<const iovec> pieces) {
  // sendmsg() does not change them, but wants to be given what it might.
  const msghdr message{.msg_name = nullptr,
                       .msg_namelen = 0,
                       .msg_iov = const_cast<iovec*>(pieces.data()),
                       .msg_iovlen = pieces.size(),
                       .msg_control = nullptr,
                       .msg_controllen = 0,
                       .msg_flags = 0};
  ssize_t sent = 0;
  do {
    sent = sendmsg(socket_.fd(), &message, MSG_NOSIGNAL);
  } while (sent < 0 && errno == EINTR);
  if (sent < 0) return Failed();
  return {.state = State::kMoved, .bytes = static_cast<size_t>(sent)};
}

void PlainTransport::EndWriting() { shutdown(socket_.fd(), SHUT_WR); }

}  // namespace chains::gateway
