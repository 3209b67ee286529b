// Kubeconfig: the files in which kubectl keeps where clusters are and who asks.
//
//   absl::StatusOr<Kubeconfig> config = ParseKubeconfig(text, "/home/me/.kube/config");
//   absl::StatusOr<ServerAddress> address = AddressOf(*config, "");     // the current context
//
// server_address.h's FindServer() does all of it.
#pragma once

#include <map>
#include <string>
#include <string_view>

#include "absl/status/statusor.h"
#include "deploy/apiserver/server_address.h"

namespace chains::deploy {

// What several files say together; the first one that names something wins. Paths are as the file
// has them, those that are relative begin at its folder.
struct Kubeconfig {
  struct Cluster {
    std::string server, ca_file, ca_data, server_name, proxy;
    bool skip_verify = false;
  };
  struct Context {
    std::string cluster, user, in_namespace;
  };
  struct User {
    std::string token, token_file, certificate_file, certificate_data, key_file, key_data;
    // Why it cannot be used, and what to do; empty: it can.
    std::string refusal;
  };

  std::string current_context;
  std::map<std::string, Cluster> clusters;
  std::map<std::string, Context> contexts;
  std::map<std::string, User> users;

  // Adds what `other` has and this has not.
  void Merge(const Kubeconfig& other);
};

// INVALID_ARGUMENT: it is no kubeconfig. `path` is the file's, for messages and for paths in it.
absl::StatusOr<Kubeconfig> ParseKubeconfig(std::string_view text, const std::string& path);

// Reads the files that it names. An empty context: the current one. NOT_FOUND: there is no such
// context, cluster or user. FAILED_PRECONDITION: its user needs what we do not do, or a file is
// missing or damaged.
absl::StatusOr<ServerAddress> AddressOf(const Kubeconfig& config, const std::string& context);

}  // namespace chains::deploy
