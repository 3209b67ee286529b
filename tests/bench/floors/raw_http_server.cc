#include "tests/bench/floors/raw_http_server.h"

#include <arpa/inet.h>
#include <array>
#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>
#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "deploy/load/endpoint.h"

namespace bench {
namespace {

[[noreturn]] void Die(const std::string& what) {
  std::perror(what.c_str());
  std::exit(1);
}

// How long the request at the beginning of `bytes` is, its body's size in `body`; 0: not whole yet.
size_t RequestSize(std::string_view bytes, size_t& body) {
  constexpr absl::string_view kLength = "content-length:";
  const size_t head_end = bytes.find("\r\n\r\n");
  if (head_end == std::string_view::npos) return 0;
  body = 0;
  for (size_t line = bytes.find("\r\n"); line < head_end; line = bytes.find("\r\n", line + 2)) {
    const absl::string_view rest(bytes.data() + line + 2, head_end - line);
    if (!absl::StartsWithIgnoreCase(rest, kLength)) continue;
    const absl::string_view value = rest.substr(kLength.size());
    if (!absl::SimpleAtoi(value.substr(0, value.find('\r')), &body)) return 0;
  }
  const size_t size = head_end + 4 + body;
  return bytes.size() >= size ? size : 0;
}

}  // namespace

RawHttpServer::RawHttpServer(const std::string& listen_at, Handler handler)
    : handler_(std::move(handler)), epoll_(epoll_create1(EPOLL_CLOEXEC)) {
  absl::StatusOr<chains::load::Endpoint> at = chains::load::ResolveEndpoint(listen_at);
  if (!at.ok()) Die(at.status().ToString());
  listener_ = socket(at->family(), SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
  const int on = 1;
  setsockopt(listener_, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
  auto* place = reinterpret_cast<sockaddr*>(&at->address);
  if (bind(listener_, place, at->length) != 0 || listen(listener_, 1024) != 0) Die(listen_at);
  address_ = listen_at;
  if (!absl::StartsWith(listen_at, "unix:")) {
    getsockname(listener_, place, &at->length);
    const int port = ntohs(reinterpret_cast<sockaddr_in*>(place)->sin_port);
    address_ = absl::StrCat(listen_at.substr(0, listen_at.rfind(':') + 1), port);
  }
  epoll_event event{.events = EPOLLIN, .data = {.fd = listener_}};
  epoll_ctl(epoll_, EPOLL_CTL_ADD, listener_, &event);
}

RawHttpServer::~RawHttpServer() {
  for (const auto& [socket, bytes] : received_) close(socket);
  close(listener_);
  close(epoll_);
  if (absl::StartsWith(address_, "unix:")) unlink(address_.c_str() + 5);
}

void RawHttpServer::Run(int stop) {
  epoll_event ending{.events = EPOLLIN, .data = {.fd = stop}};
  epoll_ctl(epoll_, EPOLL_CTL_ADD, stop, &ending);
  std::array<epoll_event, 128> events;
  while (true) {
    const int count = epoll_wait(epoll_, events.data(), events.size(), -1);
    for (int i = 0; i < count; ++i) {
      const int socket = events[i].data.fd;
      if (socket == stop) return;
      if (socket == listener_) {
        Accept();
      } else if (!Serve(socket, received_[socket])) {
        close(socket);
        received_.erase(socket);
      }
    }
  }
}

void RawHttpServer::Accept() {
  const int socket = accept4(listener_, nullptr, nullptr, SOCK_CLOEXEC | SOCK_NONBLOCK);
  if (socket < 0) return;
  const int on = 1;
  setsockopt(socket, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));  // a unix socket minds not
  epoll_event event{.events = EPOLLIN, .data = {.fd = socket}};
  epoll_ctl(epoll_, EPOLL_CTL_ADD, socket, &event);
}

bool RawHttpServer::Serve(int socket, std::string& received) {
  std::array<char, 16 << 10> bytes;
  const ssize_t size = recv(socket, bytes.data(), bytes.size(), 0);
  if (size <= 0) return size < 0 && errno == EAGAIN;
  received.append(bytes.data(), static_cast<size_t>(size));
  size_t body = 0;
  while (const size_t whole = RequestSize(received, body)) {
    const std::string reply = handler_(std::string_view(received).substr(whole - body, body));
    const std::string text = absl::StrCat(
        "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: ", reply.size(),
        "\r\n\r\n", reply);
    // A client that waits for this reads it, so it fits into the socket.
    if (send(socket, text.data(), text.size(), MSG_NOSIGNAL) != static_cast<ssize_t>(text.size())) {
      return false;
    }
    received.erase(0, whole);
  }
  return true;
}

}  // namespace bench
