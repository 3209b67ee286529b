#include "chains/grpc/vacant.h"

#include <cerrno>
#include <cstring>
#include <memory>
#include <netdb.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"

namespace chains::internal {
namespace {

constexpr absl::string_view kUnix = "unix:";

class Socket {
 public:
  explicit Socket(int family) : fd_(socket(family, SOCK_STREAM | SOCK_CLOEXEC, 0)) {}
  Socket(const Socket&) = delete;
  ~Socket() { close(fd_); }
  int fd() const { return fd_; }

 private:
  const int fd_;
};

absl::Status Taken(const std::string& address, absl::string_view why) {
  return absl::UnavailableError(absl::StrCat("cannot listen on ", address, ": ", why));
}

absl::Status CheckUnix(const std::string& address) {
  const std::string path = address.substr(kUnix.size());
  sockaddr_un name{};
  name.sun_family = AF_UNIX;
  if (path.empty() || path.size() >= sizeof(name.sun_path)) {
    return absl::InvalidArgumentError(absl::StrCat(address, ": the path of a unix socket has 1 to ",
                                                   sizeof(name.sun_path) - 1, " bytes"));
  }
  std::memcpy(name.sun_path, path.data(), path.size());
  const Socket socket(AF_UNIX);
  if (connect(socket.fd(), reinterpret_cast<const sockaddr*>(&name), sizeof(name)) == 0) {
    return Taken(address, "somebody listens there");
  }
  return absl::OkStatus();
}

// An address of a host that this machine does not have is gRPC's to skip, if there is another.
absl::Status CheckBind(const std::string& address, const addrinfo& info) {
  const Socket socket(info.ai_family);
  const int on = 1;
  setsockopt(socket.fd(), SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
  if (bind(socket.fd(), info.ai_addr, info.ai_addrlen) == 0) return absl::OkStatus();
  if (errno != EADDRINUSE && errno != EACCES) return absl::OkStatus();
  return Taken(address, std::strerror(errno));
}

absl::Status CheckTcp(const std::string& address) {
  const size_t colon = address.rfind(':');
  if (colon == std::string::npos || colon + 1 == address.size()) {
    return absl::InvalidArgumentError(
        absl::StrCat(address, ": an address is host:port or unix:/path"));
  }
  std::string host = address.substr(0, colon);
  if (absl::StartsWith(host, "[") && absl::EndsWith(host, "]")) {
    host = host.substr(1, host.size() - 2);
  }
  addrinfo hints{};
  hints.ai_socktype = SOCK_STREAM;
  hints.ai_flags = AI_PASSIVE;
  addrinfo* found = nullptr;
  const int failure = getaddrinfo(host.c_str(), address.c_str() + colon + 1, &hints, &found);
  if (failure != 0) {
    return absl::InvalidArgumentError(absl::StrCat(address, ": ", gai_strerror(failure)));
  }
  const std::unique_ptr<addrinfo, void (*)(addrinfo*)> owner(found, freeaddrinfo);
  for (const addrinfo* info = found; info != nullptr; info = info->ai_next) {
    absl::Status vacant = CheckBind(address, *info);
    if (!vacant.ok()) return vacant;
  }
  return absl::OkStatus();
}

}  // namespace

absl::Status CheckVacant(const std::string& address) {
  return absl::StartsWith(address, kUnix) ? CheckUnix(address) : CheckTcp(address);
}

}  // namespace chains::internal
