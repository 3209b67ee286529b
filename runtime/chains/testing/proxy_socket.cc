#include "chains/testing/proxy_socket.h"

#include <arpa/inet.h>
#include <cerrno>
#include <cstring>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <string_view>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "absl/strings/numbers.h"
#include "chains/core/text.h"

namespace chains::testing {
namespace {

constexpr std::string_view kUnix = "unix:";
constexpr int kBacklog = 256;

// As the system takes it.
struct Address {
  sockaddr_storage storage = {};
  socklen_t length = 0;
  const sockaddr* get() const { return reinterpret_cast<const sockaddr*>(&storage); }
};

absl::StatusOr<Address> UnixAddress(std::string_view path) {
  Address address;
  auto& to = reinterpret_cast<sockaddr_un&>(address.storage);
  if (path.empty() || path.size() >= sizeof(to.sun_path)) {
    return absl::InvalidArgumentError(
        Text("unix:", path, ": a path of 1 to 107 bytes is expected"));
  }
  to.sun_family = AF_UNIX;
  std::memcpy(to.sun_path, path.data(), path.size());
  address.length = sizeof(sockaddr_un);
  return address;
}

absl::StatusOr<Address> Parse(const std::string& text) {
  if (std::string_view(text).starts_with(kUnix)) return UnixAddress(text.substr(kUnix.size()));
  Address address;
  auto& to = reinterpret_cast<sockaddr_in&>(address.storage);
  const size_t colon = text.rfind(':');
  int port = -1;
  if (colon == std::string::npos || !absl::SimpleAtoi(text.substr(colon + 1), &port) || port < 0 ||
      port > 65535 || ::inet_pton(AF_INET, text.substr(0, colon).c_str(), &to.sin_addr) != 1) {
    return absl::InvalidArgumentError(Text(text, ": IPv4:PORT or unix:PATH is expected"));
  }
  to.sin_family = AF_INET;
  to.sin_port = htons(static_cast<uint16_t>(port));
  address.length = sizeof(sockaddr_in);
  return address;
}

ProxySocket NewSocket(const Address& address) {
  ProxySocket made(
      ::socket(address.storage.ss_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
  // Delays are this proxy's to make, not Nagle's (RFC 896). A unix socket has no such option.
  const int on = 1;
  ::setsockopt(made.descriptor(), IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
  return made;
}

}  // namespace

ProxySocket::~ProxySocket() {
  if (descriptor_ >= 0) ::close(descriptor_);
}

void ProxySocket::ResetWhenClosed() const {
  const linger at_once = {.l_onoff = 1, .l_linger = 0};
  ::setsockopt(descriptor_, SOL_SOCKET, SO_LINGER, &at_once, sizeof(at_once));
}

absl::StatusOr<ProxySocket> ListenAt(const std::string& text) {
  absl::StatusOr<Address> address = Parse(text);
  if (!address.ok()) return address.status();
  if (std::string_view(text).starts_with(kUnix)) ::unlink(text.c_str() + kUnix.size());
  ProxySocket listening = NewSocket(*address);
  const int on = 1;
  ::setsockopt(listening.descriptor(), SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
  if (!listening.is_open() ||
      ::bind(listening.descriptor(), address->get(), address->length) != 0 ||
      ::listen(listening.descriptor(), kBacklog) != 0) {
    return absl::UnavailableError(Text("cannot listen at ", text, ": ", std::strerror(errno)));
  }
  return listening;
}

std::string BoundAddress(const ProxySocket& listening, const std::string& asked) {
  sockaddr_in bound = {};
  socklen_t length = sizeof(bound);
  if (::getsockname(listening.descriptor(), reinterpret_cast<sockaddr*>(&bound), &length) != 0 ||
      bound.sin_family != AF_INET) {
    return asked;
  }
  return Text(asked.substr(0, asked.rfind(':')), ":", ntohs(bound.sin_port));
}

ProxySocket AcceptFrom(const ProxySocket& listening) {
  ProxySocket accepted(
      ::accept4(listening.descriptor(), nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC));
  const int on = 1;
  if (accepted.is_open()) {
    ::setsockopt(accepted.descriptor(), IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
  }
  return accepted;
}

ProxySocket ConnectTo(const std::string& text) {
  const absl::StatusOr<Address> address = Parse(text);
  if (!address.ok()) return ProxySocket();
  ProxySocket connecting = NewSocket(*address);
  if (::connect(connecting.descriptor(), address->get(), address->length) != 0 &&
      errno != EINPROGRESS) {
    return ProxySocket();
  }
  return connecting;
}

absl::Status CheckAddress(const std::string& address) { return Parse(address).status(); }

}  // namespace chains::testing
