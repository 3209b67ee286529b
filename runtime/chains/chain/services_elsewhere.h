// ServicesElsewhere: a process's channels to services that somebody else deployed.
//
//   ServicesElsewhere elsewhere(options.context, http::LinkedClient());
//   auto channel = elsewhere.Connect(reactor, dependency, context);
//
// "grpc://HOST:PORT", "unix:PATH": gRPC. "grpcs://HOST[:PORT]": over TLS, with the machine's own
// certificate authorities. "https://HOST/PATH", "http://…": JSON, for methods that the contract
// maps to HTTP.
#pragma once

#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <utility>

#include "absl/status/statusor.h"
#include "chains/chain/deployment_context.h"
#include "chains/chain/spec.h"
#include "chains/contract/channel.h"
#include "chains/grpc/reactor.h"
#include "chains/http/transport.h"

namespace chains::internal {

// Thread-safe. Its channels may outlive it.
class ServicesElsewhere {
 public:
  // `process` has the secrets; `client` is asked for a transport once per server and secret, which
  // all reactors share, and may be null.
  ServicesElsewhere(const DeploymentContext::Contents& process, http::MakeTransport client)
      : process_(process), client_(std::move(client)) {}

  // A channel of `reactor`. `context` is the calling chainlet's. INVALID_ARGUMENT, NOT_FOUND,
  // FAILED_PRECONDITION: the url, its secret or what it needs of this process is not there, and
  // what to do. Nothing is connected yet.
  absl::StatusOr<std::unique_ptr<Channel>> Connect(Reactor& reactor,
                                                   const DependencySpec& dependency,
                                                   const DeploymentContext& context);

 private:
  absl::StatusOr<std::shared_ptr<http::Transport>> TransportTo(const std::string& url,
                                                               const std::string& secret);
  absl::StatusOr<std::function<absl::StatusOr<std::string>()>> TokenOf(
      const std::string& secret) const;

  const DeploymentContext process_;
  const http::MakeTransport client_;
  std::mutex mutex_;
  // By URL and secret; guarded by mutex_.
  std::map<std::pair<std::string, std::string>, std::shared_ptr<http::Transport>> transports_;
};

// The chain, with these urls for all dependencies on the contracts that they name: "hello.SayHello"
// or "SayHello". INVALID_ARGUMENT: nothing needs one of them, or one is no url.
absl::StatusOr<ChainSpec> WithUrls(ChainSpec chain, const std::map<std::string, std::string>& urls);

}  // namespace chains::internal
