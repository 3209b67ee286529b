// What tells requests of the gateway's own page from those of others: its header and origin, and
// the cookie that has its key. Pure.
//
//   if (!IsFromPage(head)) …                                     // CSRF: it does not count
//   std::optional<std::string> authorization = CookieKey(head);  // "Api-Key …"
//
// A browser sends the cookie along with whatever asks the gateway, so it counts for nothing but
// requests that only the gateway's own page can make: they have the header `Chains-UI: 1`, which
// pages of other origins cannot set without asking first (Fetch, "CORS-preflight fetch"), and no
// other origin. WebSockets, which cannot set headers, count by their Origin.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "absl/time/time.h"
#include "gateway/http/message.h"

namespace chains::gateway {

// Whether only a page of this gateway, or no browser at all, can have sent it.
bool IsFromPage(const RequestHead& head);

// What Authorization would say, by the cookie; nullopt: there is none, it is not well-formed, or
// the request is not from the page.
std::optional<std::string> CookieKey(const RequestHead& head);

// The value of Set-Cookie that keeps `key` for so long, and the one that drops it. Scripts cannot
// read it, and other sites' requests go without. Over TLS it is Secure, and called __Host-…, which
// no other host can set (RFC 6265bis, 4.1.3.2).
std::string KeepingCookie(const RequestHead& head, std::string_view key, absl::Duration lifetime);
std::string DroppingCookie(const RequestHead& head);

// Whether Host is an address or a name of this very machine, which no name server can make up: an
// open gateway answers its page there alone, because a page elsewhere could have its own name lead
// here (DNS rebinding).
bool IsPlainHost(const RequestHead& head);

}  // namespace chains::gateway
