#include "gateway/async/web_address.h"

#include <algorithm>
#include <arpa/inet.h>
#include <array>
#include <cstdint>
#include <cstring>
#include <string>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "chains/core/text.h"

namespace chains::gateway {
namespace {

constexpr size_t kLongestUrl = 2048;

struct Block {
  uint32_t first;
  int bits;
};
constexpr std::array<Block, 16> kReserved = {{{0x00000000, 8},   // this network
                                              {0x0A000000, 8},   // private
                                              {0x64400000, 10},  // shared (RFC 6598)
                                              {0x7F000000, 8},   // loopback
                                              {0xA9FE0000, 16},  // link-local, clouds' metadata
                                              {0xAC100000, 12},  // private
                                              {0xC0000000, 24},  // protocols
                                              {0xC0000200, 24},  // documentation
                                              {0xC0586300, 24},  // 6to4 relays
                                              {0xC0A80000, 16},  // private
                                              {0xC6120000, 15},  // benchmarks
                                              {0xC6336400, 24},  // documentation
                                              {0xCB007100, 24},  // documentation
                                              {0xE0000000, 4},   // multicast
                                              {0xF0000000, 4},   // reserved, broadcast
                                              {0xFFFFFFFF, 32}}};

bool IsPublicV4(uint32_t address) {
  return std::none_of(kReserved.begin(), kReserved.end(), [&](const Block& block) {
    return (address >> (32 - block.bits)) == (block.first >> (32 - block.bits));
  });
}

uint32_t Word(const in6_addr& address, size_t byte) {
  uint32_t word = 0;
  std::memcpy(&word, &address.s6_addr[byte], sizeof(word));
  return ntohl(word);
}

absl::Status Bad(std::string_view why) {
  return absl::InvalidArgumentError(Text("webhook_endpoint: ", why));
}

// What is between "//" and the path, without the port.
absl::Status ReadHost(std::string_view authority, std::string& host) {
  if (authority.find('@') != std::string_view::npos) {
    return Bad("a URL without user and password is expected");
  }
  std::string_view port;
  if (authority.starts_with('[')) {
    const size_t end = authority.find(']');
    if (end == std::string_view::npos) return Bad("its host has no ]");
    host = std::string(authority.substr(1, end - 1));
    port = authority.substr(end + 1);
  } else {
    const size_t colon = std::min(authority.find(':'), authority.size());
    host = std::string(authority.substr(0, colon));
    port = authority.substr(colon);
  }
  if (host.empty()) return Bad("it names no host");
  if (port.empty()) return absl::OkStatus();
  int number = 0;
  const bool fine = port.size() > 1 && port[0] == ':' &&
                    absl::SimpleAtoi(ToAbsl(port.substr(1)), &number) && number > 0 &&
                    number < 65536 && absl::ascii_isdigit(port[1]);
  return fine ? absl::OkStatus() : Bad("its port is no number from 1 to 65535");
}

// Of a host that is an address; a name is known when it is connected to.
bool IsPrivate(const std::string& host) {
  in_addr v4{};
  in6_addr v6{};
  // inet_aton takes what URL parsers take: 127.1, 0x7f000001.
  if (inet_aton(host.c_str(), &v4) != 0) return !IsPublic(v4);
  if (inet_pton(AF_INET6, host.c_str(), &v6) == 1) return !IsPublic(v6);
  return absl::EqualsIgnoreCase(host, "localhost") || absl::EndsWithIgnoreCase(host, ".localhost");
}

}  // namespace

bool IsPublic(const in_addr& address) { return IsPublicV4(ntohl(address.s_addr)); }

bool IsPublic(const in6_addr& address) {
  const uint32_t first = Word(address, 0);
  const bool mapped = first == 0 && Word(address, 4) == 0 && Word(address, 8) == 0xFFFF;
  const bool translated =  // RFC 6052
      first == 0x0064FF9B && Word(address, 4) == 0 && Word(address, 8) == 0;
  if (mapped || translated) return IsPublicV4(Word(address, 12));
  if ((first >> 29) != 1) return false;       // outside 2000::/3: local, multicast, unassigned
  if ((first >> 16) == 0x2002) return false;  // 6to4
  if ((first >> 9) == 0x20010000U >> 9) return false;  // protocols, Teredo among them
  if (first == 0x20010DB8) return false;               // documentation
  return (first >> 12) != 0x3FFF0;                     // documentation, RFC 9637
}

bool IsPublic(const sockaddr& address) {
  if (address.sa_family == AF_INET) {
    sockaddr_in v4{};
    std::memcpy(&v4, &address, sizeof(v4));
    return IsPublic(v4.sin_addr);
  }
  if (address.sa_family != AF_INET6) return false;
  sockaddr_in6 v6{};
  std::memcpy(&v6, &address, sizeof(v6));
  return IsPublic(v6.sin6_addr);
}

absl::Status CheckWebhookUrl(std::string_view url, Reach reach) {
  if (url.size() > kLongestUrl) return Bad(Text("it has more than ", kLongestUrl, " bytes"));
  const bool printable = std::all_of(url.begin(), url.end(), [](char c) {
    return absl::ascii_isgraph(static_cast<unsigned char>(c)) && c != '\\';
  });
  if (!printable) return Bad("a URL has printable ASCII only; encode the rest as %XX");
  const size_t scheme = url.find("://");
  const std::string_view name = url.substr(0, std::min(scheme, url.size()));
  if (scheme == std::string_view::npos || (!absl::EqualsIgnoreCase(ToAbsl(name), "https") &&
                                           !absl::EqualsIgnoreCase(ToAbsl(name), "http"))) {
    return Bad("a URL that begins with https:// or http:// is expected");
  }
  const std::string_view rest = url.substr(scheme + 3);
  std::string host;
  const absl::Status read = ReadHost(rest.substr(0, rest.find_first_of("/?#")), host);
  if (!read.ok() || reach == Reach::kAnywhere || !IsPrivate(host)) return read;
  return Bad(Text(host,
                  " is a private address, which this gateway does not call "
                  "(--webhook-allow-private)"));
}

}  // namespace chains::gateway
