// Any reports from a replica and from a gateway: what the platform makes of them is in bounds.
#include <cmath>
#include <cstdint>
#include <cstdlib>
#include <memory>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "chains/core/root.h"
#include "chains/testing/fake_clock.h"
#include "deploy/platform/control_service.h"
#include "deploy/platform/describe.h"
#include "deploy/platform/observed.h"
#include "deploy/platform/tables.h"
#include "tests/deploy/platform/made_chains.h"
#include "tests/fuzz/pieces.h"

namespace chains::deploy {
namespace {

testing::FakeClock& Clock() {
  static auto* const clock = std::make_unique<testing::FakeClock>().release();
  return *clock;
}

void Check(bool holds) {
  if (!holds) std::abort();
}

// With a replica of each chainlet.
std::unique_ptr<Deployment> MakeDeployment() {
  state::DeploymentRecord record;
  record.set_id("d");
  record.set_chain("shop");
  record.set_token("t");
  auto deployment = std::make_unique<Deployment>(std::move(record));
  deployment->live = std::make_shared<Revision>(
      MakeTestRevision({{.name = "shop.Price"}, {.name = "shop.Total", .calls = {"shop.Price"}}}));
  for (const Unit& unit : deployment->live->units) {
    Replica replica;
    replica.name = unit.chainlets.front();
    replica.unit = unit.key;
    replica.revision = deployment->live->number;
    replica.chainlets = unit.chainlets;
    deployment->replicas[replica.name] = std::move(replica);
  }
  deployment->ScaleBy(*deployment->live, nullptr, Clock().Now(), /*at_first=*/1);
  return deployment;
}

template <typename Message>
Stream<Message> OneByOne(std::vector<Message> messages) {
  for (Message& message : messages) co_yield std::move(message);
}

template <typename Message>
Task<void> ReadAll(Stream<Message> stream) {
  while (std::optional<Message> message = co_await stream.Next()) continue;
}

template <typename Message>
std::vector<Message> Parsed(const std::vector<std::string>& pieces, size_t which) {
  std::vector<Message> messages;
  for (const std::string& piece : pieces) {
    Message message;
    const bool is_one = !piece.empty() && static_cast<size_t>(piece[0] & 1) == which;
    if (is_one && message.ParseFromString(piece.substr(1))) messages.push_back(std::move(message));
  }
  return messages;
}

void CheckCurves(const Model& model, Observatory& observatory, absl::Time now) {
  for (const absl::Time later : {now, now + absl::Seconds(5)}) {
    observatory.Tick(later, ReplicasOf(model), {"d"});
  }
  const v1::MeasureResponse curves = observatory.measures().Read("d", 60, now + absl::Seconds(5));
  for (const v1::EdgeSeries& edge : curves.edges()) {
    Check(edge.points_size() == 30);
    for (const v1::Point& point : edge.points()) {
      Check(std::isfinite(point.rate()) && point.rate() >= 0 && point.errors() <= point.rate());
    }
  }
  const v1::ListTracesResponse list = observatory.traces().List({}, "");
  for (const v1::TraceSummary& each : list.traces()) {
    v1::GetTraceRequest request;
    request.set_trace_id(each.trace_id());
    Check(observatory.traces().Get(request)->spans_size() == static_cast<int>(each.spans()));
  }
}

void CheckModel(Model& model, absl::Time now) {
  Deployment& deployment = *model.deployments.at("d");
  const auto waiting = static_cast<double>(model.AtGateways("d"));
  for (auto& [chainlet, scaler] : deployment.scalers) {
    const double in_flight = deployment.InFlightOf(chainlet, waiting);
    Check(std::isfinite(in_flight) && in_flight >= 0);
    scaler.autoscaler.Observe(now, in_flight);
    const int wanted = scaler.autoscaler.Decide(now).wanted;
    Check(wanted >= 0 && wanted <= scaler.settings.max_replica());
  }
  Check(RoutesOf(model, now, {}).IsInitialized());
  for (const auto& [name, replica] : deployment.replicas) {
    Check(OrdersFor(deployment, replica, now).IsInitialized());
  }
  Check(Describe(model, deployment).IsInitialized());
  deployment.MakeRunning(now);
}

void Try(std::string_view bytes) {
  Model model({.cpus = 1, .memory_bytes = 1, .gpus = 0});
  model.deployments["d"] = MakeDeployment();
  Observatory observatory({});
  ControlService control(model, "t", nullptr, &observatory);
  const std::vector<std::string> pieces = PiecesOf(bytes);
  auto reports = Parsed<v1::ReplicaReport>(pieces, 0);
  if (!reports.empty()) {
    reports.front().set_deployment("d");
    reports.front().set_replica("shop.Total");
  }
  const Context context(absl::InfiniteFuture(), internal::TraceId(), {{"chains-token", "t"}});
  const auto ignored = [](const auto&) {};
  internal::Root<void> replica(Clock(), context,
                               ReadAll(control.Attach(OneByOne(std::move(reports)))), ignored);
  internal::Root<void> gateway(
      Clock(), context, ReadAll(control.WatchRoutes(OneByOne(Parsed<v1::RoutesSeen>(pieces, 1)))),
      ignored);
  replica.Start();
  gateway.Start();
  for (int second = 0; second < 3; ++second) {
    Clock().Settle();
    CheckModel(model, Clock().Now());
    Clock().Advance(absl::Seconds(1));
  }
  CheckCurves(model, observatory, Clock().Now());
  Check(model.gateways.empty());
  Check(model.deployments.at("d")->replicas.at("shop.Total").stream == 0);
}

}  // namespace
}  // namespace chains::deploy

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  chains::deploy::Try({reinterpret_cast<const char*>(data), size});
  return 0;
}
