#include "chains/chain/services_elsewhere.h"

#include <set>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_join.h"
#include "chains/chain/service_url.h"
#include "chains/core/text.h"
#include "chains/grpc/client_channel.h"
#include "chains/http/json_channel.h"
#include "chains/http/server_address.h"

namespace chains::internal {
namespace {

absl::StatusOr<ServiceUrl> UrlOf(const DependencySpec& dependency,
                                 const DeploymentContext& context) {
  absl::StatusOr<std::string> url = ExpandVariables(
      dependency.url, [&](std::string_view name) { return context.Variable(name); });
  if (!url.ok()) return url.status();
  absl::StatusOr<ServiceUrl> service = ParseServiceUrl(*url);
  if (!service.ok()) return service.status();
  // Validation said so of what the program says; a variable may say something else.
  if (!dependency.url_secret.empty() && !service->tls && !service->local) {
    return absl::InvalidArgumentError(Text("'", *url, "': the secret ", dependency.url_secret,
                                           " would travel in the clear; use https:// or grpcs://"));
  }
  return service;
}

}  // namespace

absl::StatusOr<std::function<absl::StatusOr<std::string>()>> ServicesElsewhere::TokenOf(
    const std::string& secret) const {
  if (secret.empty()) return nullptr;
  if (absl::Status there = process_.Secret(secret).status(); !there.ok()) return there;
  return [context = process_, secret] { return context.Secret(secret); };
}

absl::StatusOr<std::shared_ptr<http::Transport>> ServicesElsewhere::TransportTo(
    const std::string& url, const std::string& secret) {
  if (client_ == nullptr) {
    return absl::FailedPreconditionError(
        Text(url,
             ": this program was linked without an HTTP client; build it with "
             "chains_add_chain(… HTTP_CLIENT curl)"));
  }
  auto token = TokenOf(secret);
  if (!token.ok()) return token.status();
  const std::lock_guard lock(mutex_);
  std::shared_ptr<http::Transport>& known = transports_[{url, secret}];
  if (known == nullptr) {
    http::ServerAddress server{.url = url};
    server.token = *std::move(token);
    absl::StatusOr<std::shared_ptr<http::Transport>> made = client_(std::move(server));
    if (!made.ok()) return made.status();
    known = *std::move(made);
  }
  return known;
}

absl::StatusOr<std::unique_ptr<Channel>> ServicesElsewhere::Connect(
    Reactor& reactor, const DependencySpec& dependency, const DeploymentContext& context) {
  absl::StatusOr<ServiceUrl> service = UrlOf(dependency, context);
  if (!service.ok()) return service.status();
  if (service->protocol == ServiceUrl::Protocol::kJson) {
    auto transport = TransportTo(service->url, dependency.url_secret);
    if (!transport.ok()) return transport.status();
    return http::JsonChannel::Make(*dependency.callee->info, service->url, *std::move(transport));
  }
  auto token = TokenOf(dependency.url_secret);
  if (!token.ok()) return token.status();
  GrpcChannel::Options options;
  options.elsewhere = Elsewhere{.token = *std::move(token)};
  if (service->tls) {
    absl::StatusOr<std::string> roots = SystemRoots();
    if (!roots.ok()) return roots.status();
    options.credentials = ToPublicServer(*roots);
  }
  return std::make_unique<GrpcChannel>(service->address, reactor, std::move(options));
}

absl::StatusOr<ChainSpec> WithUrls(ChainSpec chain,
                                   const std::map<std::string, std::string>& urls) {
  for (const auto& [name, url] : urls) {
    if (absl::StatusOr<ServiceUrl> service = ParseServiceUrl(url); !service.ok()) {
      return absl::InvalidArgumentError(Text("--url ", name, "=", MessageOf(service.status())));
    }
    bool found = false;
    std::set<std::string> needed;
    for (ChainletSpec& chainlet : chain.chainlets) {
      for (DependencySpec& dependency : chainlet.dependencies) {
        const std::string full(dependency.callee->info->name);
        needed.insert(full);
        if (full != name && !absl::EndsWith(full, Text(".", name))) continue;
        dependency.url = url;
        found = true;
      }
    }
    if (found) continue;
    return absl::InvalidArgumentError(
        Text("--url: no chainlet of the chain ", chain.name, " needs ", name,
             needed.empty() ? "" : Text("; what they need: ", absl::StrJoin(needed, ", "))));
  }
  return chain;
}

}  // namespace chains::internal
