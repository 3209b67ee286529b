#include "deploy/cli/kubernetes/cluster_tunnel.h"

#include <array>
#include <utility>

#include "deploy/apiserver/port_forward.h"
#include "deploy/fleets/kubernetes/cluster_settings.h"

namespace chains::deploy::cli {
namespace {

constexpr char kPlatformPods[] = "app.kubernetes.io/name=chains-platform";
constexpr char kGatewayPods[] = "app.kubernetes.io/name=chains-gateway";
constexpr int kHttpPort = 8080;
constexpr int kGrpcPort = 8081;

class ClusterTunnel final : public Tunnel {
 public:
  using Way = std::unique_ptr<PortForward>;
  // To the platform, and to the gateway by HTTP and by gRPC.
  explicit ClusterTunnel(std::array<Way, 3> ways) : ways_(std::move(ways)) {}

  Addresses addresses() const override {
    return {
        .platform = ways_[0]->address(), .http = ways_[1]->address(), .grpc = ways_[2]->address()};
  }
  absl::Status problem() const override {
    for (const Way& way : ways_) {
      if (absl::Status problem = way->problem(); !problem.ok()) return problem;
    }
    return absl::OkStatus();
  }

 private:
  const std::array<Way, 3> ways_;
};

}  // namespace

absl::StatusOr<std::unique_ptr<Tunnel>> OpenClusterTunnel(const ServerAddress& address,
                                                          const std::string& in_namespace) {
  const std::array<std::pair<const char*, int>, 3> targets = {
      std::pair(kPlatformPods, kPlatformTunnelPort), std::pair(kGatewayPods, kHttpPort),
      std::pair(kGatewayPods, kGrpcPort)};
  std::array<ClusterTunnel::Way, 3> ways;
  for (size_t i = 0; i < ways.size(); ++i) {
    absl::StatusOr<ClusterTunnel::Way> way =
        PortForward::Open(address, {.in_namespace = in_namespace,
                                    .label_selector = targets[i].first,
                                    .port = targets[i].second});
    if (!way.ok()) return way.status();
    ways[i] = *std::move(way);
  }
  return std::make_unique<ClusterTunnel>(std::move(ways));
}

}  // namespace chains::deploy::cli
