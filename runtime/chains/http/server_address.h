// Where an HTTP server is, and who asks it.
//
//   ServerAddress address{.url = "https://models.example/v1"};
//   address.token = [] { return ReadTheToken(); };
#pragma once

#include <functional>
#include <string>

#include "absl/status/statusor.h"

namespace chains::http {

struct ServerAddress {
  std::string url;               // http or https, a path in front of all others is possible
  std::string ca = {};           // PEM; empty: the system's
  std::string certificate = {};  // PEM, with key: who we are
  std::string key = {};
  bool skip_verify = false;      // whoever answers is believed
  std::string server_name = {};  // in the server's certificate; empty: the url's
  std::string proxy = {};        // "http://proxy:3128"; empty: as HTTPS_PROXY and NO_PROXY say
  // The bearer token for the next request; null: none. Called on a thread of the transport's.
  std::function<absl::StatusOr<std::string>()> token = nullptr;
  // Of a Kubernetes API server: where things are when nothing else is said.
  std::string in_namespace = {};
};

}  // namespace chains::http
