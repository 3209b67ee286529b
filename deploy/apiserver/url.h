// The parts of a server's URL.
//
//   absl::StatusOr<UrlParts> parts = ParseUrl("https://10.99.0.1:6443/k8s/clusters/c-1");
//   parts->host;   // "10.99.0.1"
//   parts->path;   // "/k8s/clusters/c-1"
#pragma once

#include <string>
#include <string_view>

#include "absl/status/statusor.h"

namespace chains::deploy {

struct UrlParts {
  std::string scheme;  // "http" or "https"
  std::string host;    // an IPv6 address in brackets
  std::string port;    // the scheme's own where none is given
  std::string path;    // empty, or begins with '/' and does not end with one
};

// INVALID_ARGUMENT: it is none of http or https, or has a user, query or fragment.
absl::StatusOr<UrlParts> ParseUrl(const std::string& url);

// Whether this host is this machine itself, to which no proxy leads.
bool IsLoopback(std::string_view host);

}  // namespace chains::deploy
