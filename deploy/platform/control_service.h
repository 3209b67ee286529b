// ControlService: the platform's end of chains.v1.Control: replicas attach, gateways follow routes.
#pragma once

#include <cstdint>
#include <string>

#include "chains/v1/control.chains.h"
#include "deploy/platform/model.h"

namespace chains::deploy {

// On the platform's loop. `model` outlives it.
class ControlService final : public v1::Control {
 public:
  // `token` is what gateways show. A replica that attaches again leaves its earlier stream.
  ControlService(Model& model, std::string token) : model_(model), token_(std::move(token)) {}

  Stream<v1::ReplicaOrders> Attach(Stream<v1::ReplicaReport> requests) override;
  Stream<v1::RouteTable> WatchRoutes(Stream<v1::RoutesSeen> requests) override;
  Task<v1::WakeUpResponse> WakeUp(v1::WakeUpRequest request) override;

 private:
  struct Attachment;
  struct Watching;

  Task<v1::ReplicaReport> ReadFirst(Stream<v1::ReplicaReport>* reports);
  Task<void> ReadReports(Attachment* attachment);
  Task<void> ReadSeen(Watching* watching);
  void NoteUse(const v1::ReplicaReport& report, Deployment& deployment, const Replica& replica,
               absl::Time now);
  void Take(v1::ReplicaReport report, Deployment& deployment, Replica& replica, absl::Time now);

  Model& model_;
  const std::string token_;
  uint64_t last_stream_ = 0;
};

}  // namespace chains::deploy
