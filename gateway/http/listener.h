// Where a server listens: addresses to sockets.
#pragma once

#include <string>
#include <string_view>

#include "absl/status/statusor.h"

namespace chains::gateway {

// A descriptor that is closed with its owner.
class Socket {
 public:
  Socket() = default;
  explicit Socket(int fd) : fd_(fd) {}
  Socket(Socket&& other) noexcept : fd_(other.Release()) {}
  Socket& operator=(Socket&& other) noexcept;
  ~Socket();
  int fd() const { return fd_; }
  int Release();

 private:
  int fd_ = -1;
};

struct Listening {
  Socket socket;
  std::string address;    // with the port that was chosen, for port 0
  std::string unix_path;  // to be removed at the end; empty for TCP
};

// "127.0.0.1:8080", "[::1]:0", "localhost:80", "unix:/run/chains.sock". One server a port: an
// address in use is ALREADY_EXISTS that names it; a unix socket that nobody serves any more is
// replaced.
absl::StatusOr<Listening> Listen(std::string_view address);

}  // namespace chains::gateway
