#include "deploy/load/endpoint.h"

#include <cstring>
#include <memory>
#include <netdb.h>
#include <sys/un.h>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"

namespace chains::load {
namespace {

absl::StatusOr<Endpoint> UnixEndpoint(const std::string& path) {
  Endpoint endpoint{.host = "localhost"};
  auto& place = reinterpret_cast<sockaddr_un&>(endpoint.address);
  if (path.empty() || path.size() >= sizeof(place.sun_path)) {
    return absl::InvalidArgumentError(absl::StrCat("address unix:", path, ": a path has 1 to ",
                                                   sizeof(place.sun_path) - 1, " characters"));
  }
  place.sun_family = AF_UNIX;
  std::memcpy(place.sun_path, path.c_str(), path.size() + 1);
  endpoint.length = sizeof(place);
  return endpoint;
}

absl::StatusOr<Endpoint> TcpEndpoint(const std::string& address) {
  const size_t colon = address.rfind(':');
  std::string host = address.substr(0, colon);
  if (host.size() > 2 && host.front() == '[' && host.back() == ']') {
    host = host.substr(1, host.size() - 2);
  }
  if (colon == std::string::npos || host.empty() || colon + 1 == address.size()) {
    return absl::InvalidArgumentError(
        absl::StrCat("address ", address, ": HOST:PORT, [HOST]:PORT or unix:PATH is expected"));
  }
  addrinfo hints = {};
  hints.ai_flags = AI_NUMERICSERV;
  hints.ai_socktype = SOCK_STREAM;
  addrinfo* found = nullptr;
  const int error = getaddrinfo(host.c_str(), address.c_str() + colon + 1, &hints, &found);
  if (error != 0) {
    return absl::UnavailableError(absl::StrCat("address ", address, ": ", gai_strerror(error)));
  }
  const std::unique_ptr<addrinfo, void (*)(addrinfo*)> owner(found, freeaddrinfo);
  Endpoint endpoint{.host = address};
  endpoint.length = found->ai_addrlen;
  std::memcpy(&endpoint.address, found->ai_addr, found->ai_addrlen);
  return endpoint;
}

}  // namespace

absl::StatusOr<Endpoint> ResolveEndpoint(const std::string& address) {
  if (absl::StartsWith(address, "unix:")) return UnixEndpoint(address.substr(5));
  return TcpEndpoint(address);
}

}  // namespace chains::load
