// Where an API server has an object: the paths and queries of its REST API.
//
//   Target target(kinds::kPod, "chains", "hello-x7k2p");
//   target.Add("fieldManager", "chains-platform");
//   target.text();   // "/api/v1/namespaces/chains/pods/hello-x7k2p?fieldManager=chains-platform"
#pragma once

#include <string>
#include <string_view>

#include "deploy/apiserver/object.h"

namespace chains::deploy {

// Percent-encoded, but for letters, digits and -._~.
std::string Escape(std::string_view text);

// The plural of a kind's name in paths: "networkpolicies" of "NetworkPolicy".
std::string PluralOf(std::string_view kind);

class Target {
 public:
  // An empty name: the collection. An empty namespace: the cluster's, or all of them.
  Target(const ObjectKind& kind, std::string_view in_namespace, std::string_view name);
  explicit Target(std::string path) : text_(std::move(path)) {}

  void Enter(std::string_view segment);
  // No more Enter() afterwards. An empty value is left out.
  void Add(std::string_view key, std::string_view value);

  const std::string& text() const { return text_; }

 private:
  std::string text_;
  bool has_query_ = false;
};

}  // namespace chains::deploy
