#include "chains/chain/product_service.h"

#include <memory>
#include <utility>

#include "chains/chain/manifest.h"

namespace chains::internal {
namespace {

constexpr Method kDescribe = {.chainlet = "chains.v1.Replica",
                              .name = "Describe",
                              .path = "/chains.v1.Replica/Describe",
                              .kind = MethodKind::kUnary,
                              .idempotent = true};
constexpr Method kStats = {.chainlet = "chains.v1.Replica",
                           .name = "Stats",
                           .path = "/chains.v1.Replica/Stats",
                           .kind = MethodKind::kUnary,
                           .idempotent = true};

v1::StatsResponse StatsOf(const Counters& counters, const std::string& replica) {
  v1::StatsResponse response;
  response.set_replica(replica);
  for (const Counters::Row& row : counters.Snapshot()) {
    v1::MethodStats& stats = *response.add_methods();
    stats.set_chainlet(row.chainlet);
    stats.set_method(row.method);
    stats.set_calls(row.calls);
    stats.set_failures(row.failures);
    stats.set_in_flight(row.in_flight);
    stats.set_max_in_flight(row.max_in_flight);
  }
  return response;
}

}  // namespace

v1::DescribeResponse DescribeReplica(const ChainSpec& chain,
                                     const std::vector<std::string>& serving,
                                     const std::string& replica) {
  v1::DescribeResponse response;
  *response.mutable_manifest() = MakeManifest(chain);
  *response.mutable_descriptors() = Descriptors(chain);
  const std::vector<std::string> served = serving.empty() ? ImplementedIn(chain) : serving;
  response.mutable_serving()->Assign(served.begin(), served.end());
  response.set_replica(replica);
  return response;
}

void AddProductService(Service& service, const ChainSpec& chain, std::vector<std::string> serving,
                       std::string replica, const Counters& counters) {
  // Described once: the chain does not change while it runs.
  auto described =
      std::make_shared<const v1::DescribeResponse>(DescribeReplica(chain, serving, replica));
  service.AddUnary(kDescribe, [described](Bytes) { return Done(Bytes::Serialize(*described)); });
  service.AddUnary(kStats, [&counters, replica = std::move(replica)](Bytes) {
    return Done(Bytes::Serialize(StatsOf(counters, replica)));
  });
}

}  // namespace chains::internal
