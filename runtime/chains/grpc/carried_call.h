// CarriedCall: a unary call of a GrpcChannel that goes over a carrier; and the task that waits for
// it in one.
#pragma once

#include <memory>
#include <optional>

#include "chains/contract/bytes.h"
#include "chains/contract/method.h"
#include "chains/contract/server_load.h"
#include "chains/core/bare_task.h"
#include "chains/core/root.h"
#include "chains/grpc/client_carrier.h"
#include "chains/grpc/client_channel.h"
#include "chains/grpc/peer.h"

namespace chains::internal {

// It lives as long as its task: nothing of gRPC's refers to it. Where the carrier has gone before
// the callee saw the call, it goes alone.
class CarriedCall final : public Carriable, private BareTask<Bytes> {
 public:
  // As UnaryCall::Make(), over `carrier`.
  static Task<Bytes> Make(GrpcChannel& channel, Held<ClientCarrier> carrier, const Method& method,
                          Bytes request, std::optional<Bytes>* unsent);

 private:
  CarriedCall(GrpcChannel& channel, Held<ClientCarrier> carrier, const Method& method,
              Bytes request, std::optional<Bytes>* unsent);

  absl::Status BeginWork() noexcept override;
  void AbandonWork() noexcept override;
  void DropTask() noexcept override;

  void Answered(ReceivedAnswer& answer) override;
  void Failed(const absl::Status& failure) override;
  void Unseen() override;
  void GoAlone();

  GrpcChannel& channel_;
  Reactor& reactor_;
  const std::shared_ptr<const Peer> peer_;
  Held<ClientCarrier> carrier_;  // null: it goes alone
  const Method& method_;
  Bytes request_;
  std::optional<Bytes>* const unsent_;
  std::unique_ptr<RecordedCall> recorded_;
  std::shared_ptr<ServerLoad> load_;    // what it asked for; null: nothing
  std::unique_ptr<Root<Bytes>> alone_;  // where it goes alone
};

}  // namespace chains::internal
