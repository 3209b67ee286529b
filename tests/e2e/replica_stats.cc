// replica_stats ADDRESS…: what each replica did since it started, a line per method:
// "hello.SayHello.RunRemote on say-hello: 3 calls, 0 failed, at most 3 at once".
#include <cstdio>
#include <string>

#include "absl/status/statusor.h"
#include "absl/time/clock.h"
#include "chains/chain/client.h"
#include "chains/grpc/process.h"
#include "chains/grpc/run_on.h"
#include "chains/v1/replica.pb.h"

namespace {

constexpr chains::Method kStats = {
    .chainlet = "chains.v1.Replica", .name = "Stats", .path = "/chains.v1.Replica/Stats"};

absl::StatusOr<chains::v1::StatsResponse> Ask(const std::string& address) {
  chains::internal::ClientConnection connection(address);
  absl::StatusOr<chains::Bytes> reply = chains::RunOn(
      connection.reactor(),
      [&connection] { return connection.channel().Unary(kStats, chains::Bytes()); },
      chains::Context(absl::Now() + absl::Seconds(5), "", {}));
  if (!reply.ok()) return reply.status();
  chains::v1::StatsResponse stats;
  absl::Status parsed = reply->ParseInto(stats);
  if (!parsed.ok()) return parsed;
  return stats;
}

}  // namespace

int main(int argc, char** argv) {
  chains::PrepareProcess();
  for (int i = 1; i < argc; ++i) {
    absl::StatusOr<chains::v1::StatsResponse> stats = Ask(argv[i]);
    if (!stats.ok()) {
      std::fprintf(stderr, "%s: %s\n", argv[i], stats.status().ToString().c_str());
      return 1;
    }
    for (const chains::v1::MethodStats& method : stats->methods()) {
      std::printf("%s.%s on %s: %llu calls, %llu failed, at most %llu at once\n",
                  method.chainlet().c_str(), method.method().c_str(), stats->replica().c_str(),
                  static_cast<unsigned long long>(method.calls()),
                  static_cast<unsigned long long>(method.failures()),
                  static_cast<unsigned long long>(method.max_in_flight()));
    }
  }
  return argc > 1 ? 0 : 2;
}
