#include "tests/support/kubernetes/resources.h"

#include <set>

#include "absl/strings/numbers.h"
#include "absl/strings/str_split.h"
#include "chains/core/text.h"
#include "deploy/apiserver/target.h"
#include "tests/support/kubernetes/schemas.h"

namespace chains::deploy::fake {
namespace {

std::string Unescape(std::string_view text) {
  std::string plain;
  for (size_t i = 0; i < text.size(); ++i) {
    uint32_t code = 0;
    if (text[i] == '%' && i + 2 < text.size() &&
        absl::SimpleHexAtoi(std::string(text.substr(i + 1, 2)), &code)) {
      plain += static_cast<char>(code);
      i += 2;
    } else {
      plain += text[i] == '+' ? ' ' : text[i];
    }
  }
  return plain;
}

std::vector<Resource> MakeResources() {
  static const std::set<std::string> no_resources{"Scale", "Status"};
  static const std::set<std::string> of_cluster{"Namespace", "ClusterRole", "ClusterRoleBinding",
                                                "PriorityClass", "Node"};
  std::vector<Resource> resources;
  for (const auto& [name, schema] : Schemas::All().kinds()) {
    const std::pair<std::string, std::string> parts = absl::StrSplit(name, absl::MaxSplits(' ', 1));
    if (no_resources.count(parts.second) != 0) continue;
    const size_t slash = parts.first.find('/');
    Resource resource;
    if (slash != std::string::npos) resource.group = parts.first.substr(0, slash);
    resource.version = parts.first.substr(slash == std::string::npos ? 0 : slash + 1);
    resource.kind = parts.second;
    resource.plural = PluralOf(parts.second);
    resource.namespaced = of_cluster.count(parts.second) == 0;
    resource.has_status = Schemas::All().Field(*schema, "status") != nullptr;
    resources.push_back(std::move(resource));
  }
  return resources;
}

void ReadQuery(std::string_view text, ApiRequest& request) {
  for (const absl::string_view pair : absl::StrSplit(ToAbsl(text), '&', absl::SkipEmpty())) {
    const std::pair<absl::string_view, absl::string_view> parts =
        absl::StrSplit(pair, absl::MaxSplits('=', 1));
    request.query[Unescape(ToStd(parts.first))] = Unescape(ToStd(parts.second));
  }
}

}  // namespace

const std::vector<Resource>& AllResources() {
  static const std::vector<Resource> all = MakeResources();
  return all;
}

const Resource* FindResource(std::string_view api_version, std::string_view plural) {
  for (const Resource& each : AllResources()) {
    if (each.plural == plural && each.api_version() == api_version) return &each;
  }
  return nullptr;
}

const Resource* FindKind(std::string_view api_version, std::string_view kind) {
  for (const Resource& each : AllResources()) {
    if (each.kind == kind && each.api_version() == api_version) return &each;
  }
  return nullptr;
}

std::string ApiRequest::Query(const std::string& key) const {
  const auto found = query.find(key);
  return found == query.end() ? "" : found->second;
}

std::string ApiRequest::Verb() const {
  if (method == "GET") {
    if (!name.empty()) return "get";
    return Query("watch").empty() || QueryIs("watch", "false") ? "list" : "watch";
  }
  if (method == "POST") return "create";
  if (method == "PUT") return "update";
  if (method == "PATCH") return "patch";
  return name.empty() ? "deletecollection" : "delete";
}

std::optional<ApiRequest> ParseRequest(std::string_view method, std::string_view target) {
  ApiRequest request;
  request.method = std::string(method);
  const size_t query = target.find('?');
  if (query != std::string_view::npos) ReadQuery(target.substr(query + 1), request);
  std::vector<std::string> parts =
      absl::StrSplit(ToAbsl(target.substr(0, query)), '/', absl::SkipEmpty());
  for (std::string& part : parts) part = Unescape(part);
  size_t at = 0;
  const auto next = [&] { return at < parts.size() ? parts[at++] : std::string(); };
  const std::string root = next();
  if (root != "api" && root != "apis") return std::nullopt;
  std::string version = next();
  if (root == "apis") version += "/" + next();
  if (parts.size() > at + 2 && parts[at] == "namespaces") {
    ++at;
    request.in_namespace = next();
  }
  request.resource = FindResource(version, next());
  request.name = next();
  request.subresource = next();
  if (request.resource == nullptr || at < parts.size()) return std::nullopt;
  return request;
}

}  // namespace chains::deploy::fake
