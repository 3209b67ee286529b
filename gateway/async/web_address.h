// Where webhooks may lead: URLs that are well formed, and addresses of the public internet. Pure.
//
//   absl::Status fine = CheckWebhookUrl("https://a.example/done", Reach::kPublic);
//
// A name may lead to any address, and to another one a moment later, so the address that is
// connected to is what counts: IsPublic() is asked about that, too.
#pragma once

#include <netinet/in.h>
#include <string_view>
#include <sys/socket.h>

#include "absl/status/status.h"

namespace chains::gateway {

enum class Reach { kPublic, kAnywhere };

// INVALID_ARGUMENT says what is wrong with it; an address that is private is said at once.
absl::Status CheckWebhookUrl(std::string_view url, Reach reach);

// False for what RFC 6890 and its registries reserve: loopback, private, link-local, shared,
// documentation, multicast, and IPv6 that stands for such an IPv4 address.
bool IsPublic(const in_addr& address);
bool IsPublic(const in6_addr& address);
bool IsPublic(const sockaddr& address);

}  // namespace chains::gateway
