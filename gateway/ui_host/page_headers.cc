#include "gateway/ui_host/page_headers.h"

namespace chains::gateway {
namespace {

constexpr const char* kPolicy =
    "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; "
    "img-src 'self' data:; media-src 'self' blob:; font-src 'self'; base-uri 'none'; "
    "form-action 'self'; frame-ancestors 'none'";

}  // namespace

void AddPageHeaders(HttpHeaders& headers) {
  headers.emplace_back("Content-Security-Policy", kPolicy);
  headers.emplace_back("X-Content-Type-Options", "nosniff");
  headers.emplace_back("X-Frame-Options", "DENY");  // for browsers without frame-ancestors
  headers.emplace_back("Referrer-Policy", "same-origin");
  headers.emplace_back("Cross-Origin-Opener-Policy", "same-origin");
  headers.emplace_back("Cross-Origin-Resource-Policy", "same-origin");
  headers.emplace_back("Permissions-Policy", "microphone=(self), camera=(), geolocation=()");
}

void AddApiHeaders(HttpHeaders& headers) {
  headers.emplace_back("X-Content-Type-Options", "nosniff");
  headers.emplace_back("Cross-Origin-Resource-Policy", "same-origin");
  for (const auto& [name, value] : headers) {
    if (name == "Cache-Control") return;
  }
  headers.emplace_back("Cache-Control", "no-store");
}

}  // namespace chains::gateway
