// Where an API server is, and who asks: what a kubeconfig or a pod's service account says.
//
//   ServerAddress address;
//   address.url = "https://10.99.0.1:6443";
//   address.ca = …PEM…;
//   address.token = [] { return ReadToken("/var/run/secrets/…/token"); };
#pragma once

#include <functional>
#include <string>

#include "absl/status/statusor.h"

namespace chains::deploy {

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
  std::string in_namespace = {};  // where things are when nothing else is said
};

}  // namespace chains::deploy
