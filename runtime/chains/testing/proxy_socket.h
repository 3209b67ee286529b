// Sockets of FaultProxy: owned, non-blocking, over IPv4 or unix paths.
//
//   absl::StatusOr<ProxySocket> listening = ListenAt("127.0.0.1:0");
//   ProxySocket accepted = AcceptFrom(*listening);
#pragma once

#include <string>
#include <utility>

#include "absl/status/statusor.h"

namespace chains::testing {

class ProxySocket {
 public:
  ProxySocket() = default;
  explicit ProxySocket(int descriptor) : descriptor_(descriptor) {}
  ProxySocket(ProxySocket&& other) noexcept : descriptor_(std::exchange(other.descriptor_, -1)) {}
  ProxySocket& operator=(ProxySocket&& other) noexcept {
    std::swap(descriptor_, other.descriptor_);
    return *this;
  }
  ~ProxySocket();  // closes

  bool is_open() const { return descriptor_ >= 0; }
  int descriptor() const { return descriptor_; }
  // Who is at the other end sees a reset instead of an end.
  void ResetWhenClosed() const;

 private:
  int descriptor_ = -1;
};

// INVALID_ARGUMENT: neither IPv4:PORT nor unix:PATH. UNAVAILABLE: it cannot listen there.
absl::StatusOr<ProxySocket> ListenAt(const std::string& address);
// With the port that was chosen.
std::string BoundAddress(const ProxySocket& listening, const std::string& asked);
// Not open where nobody waits.
ProxySocket AcceptFrom(const ProxySocket& listening);
// Connected, or about to be: it is writable then. Not open: nobody listens there.
ProxySocket ConnectTo(const std::string& address);
// Whether the address is IPv4:PORT or unix:PATH.
absl::Status CheckAddress(const std::string& address);

}  // namespace chains::testing
