// The parts of a URL.
//
//   absl::StatusOr<UrlParts> parts = ParseUrl("https://10.99.0.1:6443/k8s/clusters/c-1");
//   parts->host;   // "10.99.0.1"
//   parts->path;   // "/k8s/clusters/c-1"
#pragma once

#include <string>
#include <string_view>

#include "absl/status/statusor.h"

namespace chains::http {

struct UrlParts {
  std::string scheme;  // "http", "https", "grpc" or "grpcs"
  std::string host;    // an IPv6 address in brackets
  std::string port;    // 80 or 443 where none is given: with an s or without
  std::string path;    // empty, or begins with '/' and does not end with one
};

// INVALID_ARGUMENT: it has another scheme, no host, a port that is none, a user, query or fragment,
// or a character that no URL has (RFC 3986).
absl::StatusOr<UrlParts> ParseUrl(std::string_view url);
// The same; of http or https.
absl::StatusOr<UrlParts> ParseHttpUrl(std::string_view url);

// Whether this host is this machine itself, to which no proxy leads.
bool IsLoopback(std::string_view host);

}  // namespace chains::http
