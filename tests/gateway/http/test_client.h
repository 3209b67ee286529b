// TestClient: the other end of a connection, for tests that run on one thread.
#pragma once

#include <arpa/inet.h>
#include <cerrno>
#include <cstring>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <string>
#include <string_view>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>
#include <utility>

namespace chains::gateway {

class TestClient {
 public:
  // "127.0.0.1:1234", "[::1]:1234" or "unix:/path"; connected() tells whether it worked.
  explicit TestClient(const std::string& address) {
    sockaddr_storage name{};
    socklen_t size = 0;
    if (address.starts_with("unix:")) {
      auto& at = reinterpret_cast<sockaddr_un&>(name);
      at.sun_family = AF_UNIX;
      strncpy(at.sun_path, address.c_str() + 5, sizeof(at.sun_path) - 1);
      size = sizeof(at);
    } else if (address.starts_with('[')) {
      auto& at = reinterpret_cast<sockaddr_in6&>(name);
      at = {.sin6_family = AF_INET6,
            .sin6_port = PortOf(address),
            .sin6_flowinfo = 0,
            .sin6_addr = in6addr_loopback,
            .sin6_scope_id = 0};
      size = sizeof(at);
    } else {
      auto& at = reinterpret_cast<sockaddr_in&>(name);
      at = {.sin_family = AF_INET,
            .sin_port = PortOf(address),
            .sin_addr = {htonl(INADDR_LOOPBACK)},
            .sin_zero = {}};
      size = sizeof(at);
    }
    fd_ = socket(name.ss_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
    connected_ = connect(fd_, reinterpret_cast<const sockaddr*>(&name), size) == 0;
    const int on = 1;
    setsockopt(fd_, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));  // no matter on unix sockets
    fcntl(fd_, F_SETFL, fcntl(fd_, F_GETFL) | O_NONBLOCK);
  }
  ~TestClient() { Leave(); }
  TestClient(const TestClient&) = delete;
  TestClient& operator=(const TestClient&) = delete;

  bool connected() const { return connected_; }

  // How many bytes the system took.
  size_t Send(std::string_view bytes) {
    const ssize_t sent = send(fd_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
    return sent < 0 ? 0 : static_cast<size_t>(sent);
  }
  void SendAll(std::string_view bytes) {
    while (!bytes.empty()) {
      bytes.remove_prefix(Send(bytes));
      pollfd descriptor{.fd = fd_, .events = POLLOUT, .revents = 0};
      if (!bytes.empty()) poll(&descriptor, 1, -1);
    }
  }
  // Until something has come, or the other end has closed.
  void AwaitInput() {
    pollfd descriptor{.fd = fd_, .events = POLLIN, .revents = 0};
    poll(&descriptor, 1, -1);
  }
  // What has come by now.
  std::string Receive() {
    std::string all;
    std::string piece(64 << 10, '\0');
    for (;;) {
      const ssize_t count = recv(fd_, piece.data(), piece.size(), 0);
      if (count <= 0) {
        ended_ = count == 0 || (errno != EAGAIN && errno != EWOULDBLOCK);
        return all;
      }
      all.append(piece, 0, static_cast<size_t>(count));
    }
  }
  // Whether the other end has closed, as the last Receive() saw it.
  bool ended() const { return ended_; }

  void EndSending() { shutdown(fd_, SHUT_WR); }
  void Leave() {
    if (fd_ >= 0) close(std::exchange(fd_, -1));
  }
  // Leaves without a word: the other end gets a reset.
  void Reset() {
    const linger abort{.l_onoff = 1, .l_linger = 0};
    setsockopt(fd_, SOL_SOCKET, SO_LINGER, &abort, sizeof(abort));
    Leave();
  }
  void ShrinkReceiveBuffer() {
    const int size = 4096;
    setsockopt(fd_, SOL_SOCKET, SO_RCVBUF, &size, sizeof(size));
  }

 private:
  static in_port_t PortOf(const std::string& address) {
    return htons(static_cast<uint16_t>(std::stoi(address.substr(address.rfind(':') + 1))));
  }

  int fd_ = -1;
  bool connected_ = false;
  bool ended_ = false;
};

}  // namespace chains::gateway
