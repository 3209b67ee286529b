#include "chains/grpc/carried_call.h"

#include <utility>

#include "absl/strings/str_cat.h"
#include "chains/grpc/client_call.h"
#include "chains/grpc/margin.h"
#include "chains/grpc/status.h"

namespace chains::internal {

CarriedCall::CarriedCall(GrpcChannel& channel, Held<ClientCarrier> carrier, const Method& method,
                         Bytes request, std::optional<Bytes>* unsent)
    : channel_(channel),
      reactor_(channel.reactor_),
      peer_(channel.peer_),
      carrier_(std::move(carrier)),
      method_(method),
      request_(std::move(request)),
      unsent_(unsent) {}

Task<Bytes> CarriedCall::Make(GrpcChannel& channel, Held<ClientCarrier> carrier,
                              const Method& method, Bytes request, std::optional<Bytes>* unsent) {
  return (new CarriedCall(channel, std::move(carrier), method, std::move(request), unsent))
      ->AsTask();
}

absl::Status CarriedCall::BeginWork() noexcept {
  if (absl::Status here = peer_->CheckLoop(*loop(), reactor_); !here.ok()) return here;
  if (!carrier_->Takes(method_, request_.size())) {
    GoAlone();
    return absl::OkStatus();
  }
  recorded_ = peer_->Record(*context(), reactor_, method_);
  const Context& under = recorded_ ? recorded_->context() : *context();
  const absl::Time now = reactor_.EarliestNow();
  load_ = channel_.LoadToAskFor(now);
  carrier_->Begin(*this, method_, under, CalleesDeadline(under.deadline(), now), load_ != nullptr,
                  request_);
  return absl::OkStatus();
}

void CarriedCall::Answered(ReceivedAnswer& answer) {
  carrier_.reset();
  absl::Status status = FromGrpcStatus(answer.end.status, peer_->address, method_.path);
  if (recorded_) {
    const bool told = !answer.end.receipt.empty();
    recorded_->Answered(status, told ? std::optional(answer.end.receipt) : std::nullopt);
  }
  if (load_ != nullptr && answer.end.load >= 0) {
    load_->in_flight = answer.end.load;
    ++load_->reports;
  }
  EndWork(status.ok() ? absl::StatusOr<Bytes>(std::move(answer.reply)) : std::move(status));
}

void CarriedCall::Failed(const absl::Status& failure) {
  carrier_.reset();
  if (recorded_) recorded_->Answered(failure, std::nullopt);
  EndWork(failure);
}

void CarriedCall::Unseen() {
  const absl::Status unseen =
      absl::UnavailableError(absl::StrCat(peer_->address, ": it left before it took the call"));
  if (!carrier_->has_channel()) return Failed(unseen);
  if (recorded_) recorded_->Answered(unseen, std::nullopt);
  recorded_.reset();
  GoAlone();
}

void CarriedCall::GoAlone() {
  carrier_.reset();
  alone_ = std::make_unique<Root<Bytes>>(
      reactor_, *context(), UnaryCall::Make(channel_, method_, std::move(request_), unsent_),
      [this](absl::StatusOr<Bytes> outcome) { EndWork(std::move(outcome)); });
  alone_->Start();
}

void CarriedCall::AbandonWork() noexcept {
  if (carrier_ != nullptr) carrier_->Withdraw(*this);
  alone_.reset();
}

void CarriedCall::DropTask() noexcept {
  AbandonWork();
  delete this;
}

}  // namespace chains::internal
