// Which addresses media may be fetched from: those of the Internet, and networks that the operator
// allowed.
//
//   absl::StatusOr<Networks> allowed = Networks::Parse("10.1.0.0/16, fd00:1::/32");
//   allowed->Allows(address)
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>
#include <sys/socket.h>
#include <vector>

#include "absl/status/statusor.h"

namespace transcribe {

class Networks {
 public:
  Networks() = default;  // none beside the Internet's addresses

  // Addresses, with or without the length of their network's prefix, separated by commas.
  // INVALID_ARGUMENT names the one that is none.
  static absl::StatusOr<Networks> Parse(std::string_view list);

  // Of IPv4 and IPv6. An IPv4 address inside an IPv6 one (mapped, NAT64, 6to4) is judged as itself.
  // Private, loopback, link-local, multicast and reserved ones are refused unless they are listed
  // (RFC 6890 and IANA's registries of special-purpose addresses).
  bool Allows(const sockaddr& address) const;

  // An address as 16 bytes; IPv4 is mapped into IPv6.
  using Bytes = std::array<uint8_t, 16>;
  struct Network {
    Bytes bytes = {};
    size_t prefix_bits = 0;  // at most 128
  };

 private:
  std::vector<Network> allowed_;
};

}  // namespace transcribe
