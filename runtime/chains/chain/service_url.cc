#include "chains/chain/service_url.h"

#include "absl/strings/match.h"
#include "chains/core/text.h"
#include "chains/http/url.h"

namespace chains::internal {

absl::StatusOr<ServiceUrl> ParseServiceUrl(std::string_view url) {
  ServiceUrl service;
  if (url.starts_with("unix:")) {
    if (url.size() <= 5) return absl::InvalidArgumentError("'unix:': it names no socket");
    service.local = true;
    service.address = url;
    return service;
  }
  absl::StatusOr<http::UrlParts> parts = http::ParseUrl(url);
  if (!parts.ok()) return parts.status();
  service.tls = parts->scheme == "https" || parts->scheme == "grpcs";
  service.local = http::IsLoopback(parts->host);
  if (absl::StartsWith(parts->scheme, "http")) {
    service.protocol = ServiceUrl::Protocol::kJson;
    service.url = Text(parts->scheme, "://", parts->host, ":", parts->port, parts->path);
    return service;
  }
  if (!parts->path.empty()) {
    return absl::InvalidArgumentError(
        Text("'", url, "': gRPC's methods have their own paths; leave out ", parts->path));
  }
  service.address = Text(parts->host, ":", parts->port);
  return service;
}

absl::StatusOr<std::string> ExpandVariables(
    std::string_view url,
    const std::function<std::optional<std::string>(std::string_view name)>& value) {
  std::string expanded;
  std::string_view rest = url;
  for (size_t begin = rest.find("${"); begin != rest.npos; begin = rest.find("${")) {
    const size_t end = rest.find('}', begin);
    if (end == rest.npos) {
      return absl::InvalidArgumentError(Text("'", url, "': a } is missing"));
    }
    const std::string_view name = rest.substr(begin + 2, end - begin - 2);
    const std::optional<std::string> text = value(name);
    if (!text) {
      return absl::InvalidArgumentError(
          Text("'", url, "': the chainlet declares no variable ", name, " in its Settings"));
    }
    expanded += rest.substr(0, begin);
    expanded += *text;
    rest.remove_prefix(end + 1);
  }
  expanded += rest;
  return expanded;
}

}  // namespace chains::internal
