#include "gateway/http/listener.h"

#include <cerrno>
#include <cstring>
#include <memory>
#include <netdb.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>
#include <utility>

#include "chains/core/text.h"

namespace chains::gateway {
namespace {

constexpr int kBacklog = 1024;

struct HostAndPort {
  std::string host;
  std::string port;
};

absl::Status BadAddress(std::string_view address) {
  return absl::InvalidArgumentError(
      Text("'", address, "' is no address: HOST:PORT, [HOST]:PORT or unix:PATH is"));
}

absl::Status SystemError(std::string_view address, std::string_view doing) {
  const int error = errno;
  if (error == EADDRINUSE) {
    return absl::AlreadyExistsError(Text(address, " is in use by another program"));
  }
  return absl::UnavailableError(Text("cannot ", doing, " ", address, ": ", strerror(error)));
}

absl::StatusOr<HostAndPort> Split(std::string_view address) {
  const size_t colon = address.rfind(':');
  if (colon == std::string_view::npos || colon + 1 == address.size()) return BadAddress(address);
  std::string_view host = address.substr(0, colon);
  if (host.starts_with('[') && host.ends_with(']')) {
    host = host.substr(1, host.size() - 2);
  } else if (host.find(':') != std::string_view::npos) {
    return BadAddress(address);
  }
  if (host.empty()) return BadAddress(address);
  return HostAndPort{.host = std::string(host), .port = std::string(address.substr(colon + 1))};
}

std::string BoundAddress(int socket, std::string_view host) {
  sockaddr_storage bound{};
  socklen_t size = sizeof(bound);
  getsockname(socket, reinterpret_cast<sockaddr*>(&bound), &size);
  const bool is_v6 = bound.ss_family == AF_INET6;
  const auto port = ntohs(is_v6 ? reinterpret_cast<sockaddr_in6&>(bound).sin6_port
                                : reinterpret_cast<sockaddr_in&>(bound).sin_port);
  const bool bracket = host.find(':') != std::string_view::npos;
  return Text(bracket ? "[" : "", host, bracket ? "]:" : ":", port);
}

absl::StatusOr<Listening> ListenTcp(std::string_view address) {
  absl::StatusOr<HostAndPort> parts = Split(address);
  if (!parts.ok()) return parts.status();
  addrinfo hints{};
  hints.ai_flags = AI_PASSIVE | AI_NUMERICSERV;
  hints.ai_socktype = SOCK_STREAM;
  addrinfo* found = nullptr;
  if (const int error = getaddrinfo(parts->host.c_str(), parts->port.c_str(), &hints, &found)) {
    return absl::InvalidArgumentError(Text("'", address, "': ", gai_strerror(error)));
  }
  const std::unique_ptr<addrinfo, void (*)(addrinfo*)> owned(found, freeaddrinfo);
  Socket socket(::socket(found->ai_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
  if (socket.fd() < 0) return SystemError(address, "open a socket for");
  const int on = 1;
  setsockopt(socket.fd(), SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
  if (found->ai_family == AF_INET6) {
    setsockopt(socket.fd(), IPPROTO_IPV6, IPV6_V6ONLY, &on, sizeof(on));
  }
  if (bind(socket.fd(), found->ai_addr, found->ai_addrlen) != 0 ||
      listen(socket.fd(), kBacklog) != 0) {
    return SystemError(address, "listen on");
  }
  std::string bound = BoundAddress(socket.fd(), parts->host);
  return Listening{.socket = std::move(socket), .address = std::move(bound), .unix_path = ""};
}

// Whether the file is not just what a server that has ended left behind.
bool IsServed(const sockaddr_un& name) {
  const Socket probe(::socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
  const auto* const at = reinterpret_cast<const sockaddr*>(&name);
  return connect(probe.fd(), at, sizeof(name)) == 0 || errno != ECONNREFUSED;
}

absl::StatusOr<Listening> ListenUnix(std::string_view address, std::string path) {
  sockaddr_un name{};
  name.sun_family = AF_UNIX;
  if (path.empty() || path.size() >= sizeof(name.sun_path)) return BadAddress(address);
  memcpy(name.sun_path, path.data(), path.size());
  Socket socket(::socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
  if (socket.fd() < 0) return SystemError(address, "open a socket for");
  const auto* const at = reinterpret_cast<const sockaddr*>(&name);
  bool bound = bind(socket.fd(), at, sizeof(name)) == 0;
  if (!bound && errno == EADDRINUSE && !IsServed(name)) {
    unlink(path.c_str());
    bound = bind(socket.fd(), at, sizeof(name)) == 0;
  } else if (!bound && errno != EADDRINUSE) {
    return SystemError(address, "listen on");
  }
  if (!bound) return absl::AlreadyExistsError(Text(address, " is in use by another program"));
  if (listen(socket.fd(), kBacklog) != 0) return SystemError(address, "listen on");
  return Listening{
      .socket = std::move(socket), .address = std::string(address), .unix_path = std::move(path)};
}

}  // namespace

Socket& Socket::operator=(Socket&& other) noexcept {
  std::swap(fd_, other.fd_);
  return *this;
}

Socket::~Socket() {
  if (fd_ >= 0) close(fd_);
}

int Socket::Release() { return std::exchange(fd_, -1); }

absl::StatusOr<Listening> Listen(std::string_view address) {
  constexpr std::string_view kUnix = "unix:";
  if (address.starts_with(kUnix))
    return ListenUnix(address, std::string(address.substr(kUnix.size())));
  return ListenTcp(address);
}

}  // namespace chains::gateway
