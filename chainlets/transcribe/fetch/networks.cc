#include "fetch/networks.h"

#include <algorithm>
#include <arpa/inet.h>
#include <cstring>
#include <netinet/in.h>
#include <optional>
#include <span>
#include <string>

#include "absl/status/status.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"

namespace transcribe {
namespace {

using Bytes = Networks::Bytes;
using Network = Networks::Network;

constexpr size_t kMappedBits = 96;  // of ::ffff:0:0/96, before an IPv4 address

constexpr Bytes Mapped(uint8_t a, uint8_t b, uint8_t c, uint8_t d) {
  return {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff, a, b, c, d};
}
constexpr Network V4(uint8_t a, uint8_t b, uint8_t c, size_t bits) {
  return {.bytes = Mapped(a, b, c, 0), .prefix_bits = kMappedBits + bits};
}
constexpr Network V6(uint8_t a, uint8_t b, uint8_t c, uint8_t d, size_t bits) {
  return {.bytes = {a, b, c, d}, .prefix_bits = bits};
}

constexpr std::array kNotOfTheInternet = {
    V4(0, 0, 0, 8),      V4(10, 0, 0, 8),     V4(100, 64, 0, 10), V4(127, 0, 0, 8),
    V4(169, 254, 0, 16), V4(172, 16, 0, 12),  V4(192, 0, 0, 24),  V4(192, 0, 2, 24),
    V4(192, 88, 99, 24), V4(192, 168, 0, 16), V4(198, 18, 0, 15), V4(198, 51, 100, 24),
    V4(203, 0, 113, 24), V4(224, 0, 0, 4),    V4(240, 0, 0, 4),
};
// Global unicast is all that is left of IPv6, without these.
constexpr Network kGlobalUnicast = V6(0x20, 0, 0, 0, 3);
constexpr std::array kNotGlobal = {V6(0x20, 0x01, 0, 0, 23), V6(0x20, 0x01, 0x0d, 0xb8, 32),
                                   V6(0x3f, 0xff, 0, 0, 20)};
constexpr Network kSixToFour = V6(0x20, 0x02, 0, 0, 16);
constexpr Network kNat64 = V6(0x00, 0x64, 0xff, 0x9b, 96);

bool IsIn(const Bytes& address, const Network& network) {
  const size_t whole = network.prefix_bits / 8;
  if (!std::equal(address.begin(), address.begin() + whole, network.bytes.begin())) return false;
  const size_t rest = network.prefix_bits % 8;
  if (rest == 0) return true;
  const auto mask = static_cast<uint8_t>(0xff << (8 - rest));
  return (address[whole] & mask) == (network.bytes[whole] & mask);
}

bool IsInAny(const Bytes& address, std::span<const Network> networks) {
  return std::ranges::any_of(networks, [&](const Network& each) { return IsIn(address, each); });
}

bool IsMapped(const Bytes& address) {
  return IsIn(address, {.bytes = Mapped(0, 0, 0, 0), .prefix_bits = kMappedBits});
}

// The IPv4 address inside.
Bytes Innermost(const Bytes& address) {
  const auto mapped = [&](size_t at) {
    return Mapped(address[at], address[at + 1], address[at + 2], address[at + 3]);
  };
  if (IsIn(address, kNat64)) return mapped(12);
  if (IsIn(address, kSixToFour)) return mapped(2);
  return address;
}

std::optional<Bytes> BytesOf(const sockaddr& address) {
  if (address.sa_family == AF_INET) {
    in_addr v4 = reinterpret_cast<const sockaddr_in&>(address).sin_addr;
    uint8_t bytes[4];
    std::memcpy(bytes, &v4, sizeof(bytes));
    return Mapped(bytes[0], bytes[1], bytes[2], bytes[3]);
  }
  if (address.sa_family == AF_INET6) {
    Bytes bytes;
    std::memcpy(bytes.data(), &reinterpret_cast<const sockaddr_in6&>(address).sin6_addr,
                bytes.size());
    return bytes;
  }
  return std::nullopt;
}

std::optional<Network> ParseNetwork(absl::string_view text) {
  const std::vector<std::string> parts = absl::StrSplit(text, absl::MaxSplits('/', 1));
  Network network;
  uint8_t v4[4];
  const bool is_v4 = inet_pton(AF_INET, parts[0].c_str(), v4) == 1;
  if (is_v4) network.bytes = Mapped(v4[0], v4[1], v4[2], v4[3]);
  if (!is_v4 && inet_pton(AF_INET6, parts[0].c_str(), network.bytes.data()) != 1) {
    return std::nullopt;
  }
  const int most = is_v4 ? 32 : 128;
  int bits = most;
  if (parts.size() == 2 && (!absl::SimpleAtoi(parts[1], &bits) || bits < 0 || bits > most)) {
    return std::nullopt;
  }
  network.prefix_bits = static_cast<size_t>(bits) + (is_v4 ? kMappedBits : 0);
  return network;
}

}  // namespace

absl::StatusOr<Networks> Networks::Parse(std::string_view list) {
  Networks networks;
  for (absl::string_view part : absl::StrSplit(std::string(list), ',', absl::SkipWhitespace())) {
    const absl::string_view text = absl::StripAsciiWhitespace(part);
    const std::optional<Network> network = ParseNetwork(text);
    if (!network.has_value()) {
      return absl::InvalidArgumentError(
          absl::StrCat("'", text, "' is no network, like 10.1.0.0/16 or fd00::/8"));
    }
    networks.allowed_.push_back(*network);
  }
  return networks;
}

bool Networks::Allows(const sockaddr& address) const {
  const std::optional<Bytes> bytes = BytesOf(address);
  if (!bytes.has_value()) return false;
  const Bytes inner = Innermost(*bytes);
  if (IsInAny(*bytes, allowed_) || IsInAny(inner, allowed_)) return true;
  if (IsMapped(inner)) return !IsInAny(inner, kNotOfTheInternet);
  return IsIn(inner, kGlobalUnicast) && !IsInAny(inner, kNotGlobal);
}

}  // namespace transcribe
