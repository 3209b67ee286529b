#include "deploy/load/http_connection.h"

#include <array>
#include <cerrno>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>
#include <utility>

#include "absl/strings/str_cat.h"
#include "chains/core/text.h"

namespace chains::load {
namespace {

constexpr size_t kReadBytes = 64 << 10;

std::string ErrorText(int error) { return std::string(absl::ErrnoToStatus(error, "").message()); }

}  // namespace

void HttpConnection::Start(const Meter::Call& call, std::string_view request) {
  busy_ = true;
  call_ = call;
  unsent_ = request;
  socket_ < 0 ? Connect() : Send();
}

void HttpConnection::Connect() {
  parser_.Reset();
  socket_ = socket(endpoint_.family(), SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  if (socket_ < 0) return FailBy("connect", errno);
  const int on = 1;
  if (endpoint_.family() != AF_UNIX) {
    setsockopt(socket_, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
  }
  const auto* address = reinterpret_cast<const sockaddr*>(&endpoint_.address);
  if (connect(socket_, address, endpoint_.length) == 0) return Send();
  if (errno != EINPROGRESS) return FailBy("connect", errno);
  connecting_ = true;
  Watch(EPOLLOUT);
}

void HttpConnection::OnEvents() {
  if (socket_ < 0) return;  // closed by an earlier event of the same batch
  if (connecting_) return Connected();
  if (!unsent_.empty()) Send();
  if (socket_ >= 0) Receive();
}

void HttpConnection::Connected() {
  int error = 0;
  socklen_t length = sizeof(error);
  getsockopt(socket_, SOL_SOCKET, SO_ERROR, &error, &length);
  if (error != 0) return FailBy("connect", error);
  connecting_ = false;
  Send();
}

void HttpConnection::Send() {
  while (!unsent_.empty()) {
    const ssize_t sent = send(socket_, unsent_.data(), unsent_.size(), MSG_NOSIGNAL);
    if (sent < 0 && errno == EINTR) continue;
    if (sent < 0 && errno == EAGAIN) return Watch(EPOLLIN | EPOLLOUT);
    if (sent < 0) return FailBy("closed", errno);
    unsent_.remove_prefix(static_cast<size_t>(sent));
  }
  Watch(EPOLLIN);
}

// A read that did not fill the buffer has emptied the socket.
void HttpConnection::Receive() {
  std::array<char, kReadBytes> bytes;
  ssize_t size = 0;
  do {
    size = recv(socket_, bytes.data(), bytes.size(), 0);
    if (size < 0 && (errno == EAGAIN || errno == EINTR)) return;
    if (size < 0) return FailBy("closed", errno);
    if (!busy_) return Close();  // the server left, or said what nobody asked for
    size == 0 ? parser_.FeedEnd() : parser_.Feed({bytes.data(), static_cast<size_t>(size)});
    if (!parser_.problem().empty()) {
      return Fail(size == 0 ? "closed" : "bad response", parser_.problem());
    }
  } while (static_cast<size_t>(size) == bytes.size());
  if (parser_.done()) Finish();
}

void HttpConnection::Finish() {
  const int status = parser_.status();
  if (!unsent_.empty())
    return Fail("bad response", "the response came before the request was sent");
  std::string kind;
  std::string words;
  if (status / 100 != 2) {
    kind = absl::StrCat("HTTP ", status);
    words = absl::StrCat(kind, ": ", parser_.words());
  }
  if (parser_.keep_alive()) {
    parser_.Reset();
  } else {
    Close();
  }
  busy_ = false;
  owner_.OnEnded(*this, kind, words);
}

void HttpConnection::TimeOut() { Fail("timeout", "there was no response in time"); }

void HttpConnection::FailBy(std::string_view kind, int error) {
  Fail(kind, Text(kind, ": ", ErrorText(error)));
}

void HttpConnection::Fail(std::string_view kind, std::string_view words) {
  const std::string kept(words);  // may be the parser's
  Close();
  if (std::exchange(busy_, false)) owner_.OnEnded(*this, kind, kept);
}

void HttpConnection::Watch(uint32_t events) {
  if (watched_ == events) return;
  epoll_event event{.events = events, .data = {.ptr = this}};
  epoll_ctl(epoll_, watched_ == 0 ? EPOLL_CTL_ADD : EPOLL_CTL_MOD, socket_, &event);
  watched_ = events;
}

void HttpConnection::Close() {
  if (socket_ >= 0) close(socket_);
  socket_ = -1;
  watched_ = 0;
  connecting_ = false;
  unsent_ = {};
}

}  // namespace chains::load
