// The url of a dependency on a service that somebody else deployed: Needs<T>{.url = …}.
//
//   ServiceUrl url = *ParseServiceUrl("grpcs://models.example/");
//   url.address;   // "models.example:443", over TLS
//
// A `${NAME}` in it is a variable of the calling chainlet, so a deployment may say where the
// service is.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <string_view>

#include "absl/status/statusor.h"

namespace chains::internal {

struct ServiceUrl {
  enum class Protocol { kGrpc, kJson };
  Protocol protocol = Protocol::kGrpc;
  bool tls = false;
  bool local = false;   // on this machine: nothing travels where others listen
  std::string address;  // of gRPC: "models.example:443", "unix:/run/model.sock"
  std::string url;      // of JSON: "https://models.example/v1"
};

// INVALID_ARGUMENT: it is none of grpc://, grpcs://, http://, https:// and unix:, or gRPC's with a
// path.
absl::StatusOr<ServiceUrl> ParseServiceUrl(std::string_view url);

// `url` with variables put in. INVALID_ARGUMENT: `value` does not know one, or a brace is missing.
absl::StatusOr<std::string> ExpandVariables(
    std::string_view url,
    const std::function<std::optional<std::string>(std::string_view name)>& value);

}  // namespace chains::internal
