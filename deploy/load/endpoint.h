// Endpoint: where a socket connects to.
#pragma once

#include <string>
#include <sys/socket.h>

#include "absl/status/statusor.h"

namespace chains::load {

struct Endpoint {
  sockaddr_storage address = {};
  socklen_t length = 0;
  std::string host = {};  // for HTTP's Host header

  int family() const { return address.ss_family; }
};

// HOST:PORT, [HOST]:PORT or unix:PATH. A name is looked up, which may block. INVALID_ARGUMENT where
// `address` is none of these, UNAVAILABLE where nobody knows the name.
absl::StatusOr<Endpoint> ResolveEndpoint(const std::string& address);

}  // namespace chains::load
