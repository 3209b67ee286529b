// Secrets of the platform itself, as objects of the cluster: made by whoever needs them first, and
// the same for all from then on.
//
//   std::string token = co_await EnsureSecret(api, {"chains", "chains-gateway-token", "token"},
//   fresh);
#pragma once

#include <string>

#include "chains/core/task.h"
#include "deploy/apiserver/api_client.h"

namespace chains::deploy {

class SecretField {
 public:
  SecretField(std::string in_namespace, std::string name, std::string field)
      : in_namespace_(std::move(in_namespace)), name_(std::move(name)), field_(std::move(field)) {}

  const std::string& in_namespace() const { return in_namespace_; }
  const std::string& name() const { return name_; }    // of the object
  const std::string& field() const { return field_; }  // of its data

 private:
  std::string in_namespace_, name_, field_;
};

// What it has; `fresh`, which it then has, where there is none. DATA_LOSS: the object is there
// without the field.
Task<std::string> EnsureSecret(ApiClient& api, SecretField which, std::string fresh);

}  // namespace chains::deploy
