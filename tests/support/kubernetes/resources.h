// What a request to a Kubernetes API server is about: its path and query, taken apart.
//
//   std::optional<ApiRequest> request = ParseRequest("GET",
//   "/api/v1/namespaces/chains/pods?limit=5"); request->resource->kind;      // "Pod"
//   request->Query("limit");      // "5"
#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "deploy/apiserver/object.h"

namespace chains::deploy::fake {

struct Resource {
  std::string group, version, kind, plural;
  bool namespaced = true;
  bool has_status = false;  // a subresource of its own

  std::string api_version() const { return group.empty() ? version : group + "/" + version; }
  // "deployments.apps", as messages have it.
  std::string qualified() const { return group.empty() ? plural : plural + "." + group; }
};

// Those that there are.
const std::vector<Resource>& AllResources();
const Resource* FindResource(std::string_view api_version, std::string_view plural);
const Resource* FindKind(std::string_view api_version, std::string_view kind);

struct ApiRequest {
  std::string method;
  const Resource* resource = nullptr;
  std::string in_namespace, name, subresource;
  std::map<std::string, std::string> query;

  std::string Query(const std::string& key) const;
  bool QueryIs(const std::string& key, const std::string& value) const {
    return Query(key) == value;
  }
  // As RBAC names it: "get", "list", "watch", "create", "update", "patch", "delete".
  std::string Verb() const;
};

// nullopt: there is no such path.
std::optional<ApiRequest> ParseRequest(std::string_view method, std::string_view target);

}  // namespace chains::deploy::fake
