// ControlService: the platform's end of chains.v1.Control: replicas attach, gateways follow routes.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <utility>

#include "chains/grpc/authority.h"
#include "chains/v1/control.chains.h"
#include "deploy/platform/model.h"
#include "deploy/telemetry/observatory.h"

namespace chains::deploy {

// On the platform's loop. `model` outlives it.
class ControlService final : public v1::Control {
 public:
  // `token` is what gateways show. A replica that attaches again leaves its earlier stream.
  // `authority` makes certificates; null: there are none. What replicas and gateways measure goes
  // to `observatory`, which outlives it; null: nowhere.
  ControlService(Model& model, std::string token,
                 std::shared_ptr<const Authority> authority = nullptr,
                 Observatory* observatory = nullptr)
      : model_(model),
        token_(std::move(token)),
        authority_(std::move(authority)),
        observatory_(observatory) {}

  Stream<v1::ReplicaOrders> Attach(Stream<v1::ReplicaReport> requests) override;
  Stream<v1::RouteTable> WatchRoutes(Stream<v1::RoutesSeen> requests) override;
  Task<v1::WakeUpResponse> WakeUp(v1::WakeUpRequest request) override;
  Task<v1::CertifyResponse> Certify(v1::CertifyRequest request) override;

 private:
  struct Attachment;
  struct Watching;

  absl::StatusOr<PeerNames> NamesFor(const v1::CertifyRequest& request, const Context& context);
  Task<v1::ReplicaReport> ReadFirst(Stream<v1::ReplicaReport>* reports);
  Task<void> ReadReports(Attachment* attachment);
  Task<void> ReadSeen(Watching* watching);
  // What it tells of its work leaves the report.
  void Observe(v1::ReplicaReport& report, const Deployment& deployment, absl::Time now);
  void NoteUse(const v1::ReplicaReport& report, Deployment& deployment, const Replica& replica,
               absl::Time now);
  void Take(v1::ReplicaReport report, Deployment& deployment, Replica& replica, absl::Time now);

  Model& model_;
  const std::string token_;
  const std::shared_ptr<const Authority> authority_;
  Observatory* const observatory_;
  uint64_t last_stream_ = 0;
};

}  // namespace chains::deploy
