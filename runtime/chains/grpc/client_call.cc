#include "chains/grpc/client_call.h"

#include <utility>

#include "absl/strings/str_cat.h"
#include "chains/grpc/limits.h"
#include "chains/grpc/metadata.h"
#include "chains/grpc/sendable.h"
#include "chains/grpc/status.h"

namespace chains::internal {

absl::Status ClientCall::Translate(const grpc::Status& status) const {
  if (cancelled_by_reactor_ && !status.ok()) return peer_->Stopping();
  return FromGrpcStatus(status, peer_->address, method_.path);
}

absl::Status ClientCall::Prepare(const Context& context) {
  client_context_.set_authority(peer_->authority);
  if (!peer_->elsewhere) {
    internal::Send(context, reactor_.EarliestNow(), client_context_);
    return absl::OkStatus();
  }
  internal::SendElsewhere(context, reactor_.EarliestNow(), client_context_);
  if (peer_->elsewhere->token == nullptr) return absl::OkStatus();
  absl::StatusOr<std::string> token = peer_->elsewhere->token();
  if (token.ok()) token = BearerOf(*token);
  if (token.ok()) client_context_.AddMetadata("authorization", *token);
  return token.status();
}

UnaryCall::UnaryCall(GrpcChannel& channel, const Method& method, Bytes request,
                     std::optional<Bytes>* unsent)
    : ClientCall(channel.reactor_, method, channel.peer_),
      channel_(channel),
      request_(std::move(request)),
      unsent_(unsent),
      task_(this) {}

Task<Bytes> UnaryCall::Make(GrpcChannel& channel, const Method& method, Bytes request,
                            std::optional<Bytes>* unsent) {
  return (new UnaryCall(channel, method, std::move(request), unsent))->AsTask();
}

absl::Status UnaryCall::BeginWork() noexcept {
  if (absl::Status here = peer_->CheckLoop(*loop(), reactor_); !here.ok()) return here;
  if (request_.size() > kMaxMessageBytes) {
    return CheckMessageSize(request_.size(), "the request to ", peer_->address);
  }
  recorded_ = peer_->Record(*context(), reactor_, method_);
  if (absl::Status can = Prepare(recorded_ ? recorded_->context() : *context()); !can.ok()) {
    return can;
  }
  if (!reactor_.Admit(*this)) return peer_->Stopping();
  load_ = channel_.LoadToAskFor(reactor_.EarliestNow());
  if (load_ != nullptr) client_context_.AddMetadata(kLoadQuestion, "1");
  reader_ = channel_.NextStub().PrepareUnaryCall(&client_context_, channel_.PathOf(method_),
                                                 Sendable(request_), &reactor_.queue());
  reader_->StartCall();
  reader_->Finish(&reply_.buffer(), &status_, end_.Begin());
  return absl::OkStatus();
}

void UnaryCall::Returned(Operation&, bool) {
  Unlink();
  if (!awaited()) return;
  if (recorded_) recorded_->Answered(Translate(status_), client_context_);
  if (load_ != nullptr) NoteLoad();
  if (unsent_ != nullptr && NeverSent(status_)) unsent_->emplace(std::move(request_));
  EndWork(status_.ok() ? absl::StatusOr<Bytes>(std::move(reply_)) : Translate(status_));
}

void UnaryCall::NoteLoad() {
  const auto& trailers = client_context_.GetServerTrailingMetadata();
  const auto answer = trailers.find(kLoadQuestion);
  if (answer == trailers.end()) return;
  const std::optional<int> load = ParseLoad({answer->second.data(), answer->second.size()});
  if (!load) return;
  load_->in_flight = *load;
  ++load_->reports;
}

void UnaryCall::DropTask() noexcept {
  if (end_.running()) client_context_.TryCancel();
  recorded_.reset();
  const Held<UnaryCall> last = std::move(task_);
}

void UnaryCall::Cancel() {
  cancelled_by_reactor_ = true;
  client_context_.TryCancel();
}

// A request that is the only one leaves together with the call's headers.
absl::Status StreamCall::Start(grpc::GenericStub& stub, const Context& context) {
  if (absl::Status can = Prepare(context); !can.ok()) return can;
  if (!reactor_.Admit(*this)) return peer_->Stopping();
  const bool corked = method_.kind == MethodKind::kServerStreaming;
  client_context_.set_initial_metadata_corked(corked);
  stream_ = stub.PrepareCall(&client_context_, std::string(method_.path), &reactor_.queue());
  stream_->StartCall(corked ? nullptr : start_.Begin());
  return absl::OkStatus();
}

void StreamCall::Send(const Context& context, Stream<Bytes> requests) {
  sending_.emplace(reactor_, context, SendEach(Held<StreamCall>(this), std::move(requests)),
                   [this](absl::StatusOr<Unit> outcome) {
                     sending_.reset();
                     if (outcome.ok()) return;
                     sending_failed_ = outcome.status();
                     client_context_.TryCancel();
                   });
  sending_->Start();
}

Task<void> StreamCall::SendEach(Held<StreamCall> call, Stream<Bytes> requests) {
  const bool started = co_await call->start_.Ended();
  if (!started) co_return;
  while (Bytes* const request = co_await InPlace(requests.Next())) {
    co_await CheckMessageSize(request->size(), "a request to ", call->peer_->address);
    const bool written = co_await call->Write(*request);
    if (!written || call->method_.kind == MethodKind::kServerStreaming) co_return;
  }
  co_await call->WritesDone();
}

Operation::Ending StreamCall::Write(Bytes& request) {
  if (left_) return write_.Refused();
  grpc::WriteOptions options;
  if (method_.kind == MethodKind::kServerStreaming) options.set_last_message();
  stream_->Write(Sendable(request), options, write_.Begin());
  return write_.Ended();
}

Operation::Ending StreamCall::WritesDone() {
  if (left_) return write_.Refused();
  stream_->WritesDone(write_.Begin());
  return write_.Ended();
}

Operation::Ending StreamCall::Read() {
  if (left_) return read_.Refused();
  stream_->Read(&reply_.buffer(), read_.Begin());
  return read_.Ended();
}

Operation::Ending StreamCall::Finish() {
  sending_.reset();
  if (left_) return finish_.Refused();
  stream_->Finish(&end_, finish_.Begin());
  left_ = true;
  return finish_.Ended();
}

absl::Status StreamCall::status() const {
  if (!finished_) return peer_->Stopping();
  if (!end_.ok() && !sending_failed_.ok()) return sending_failed_;
  return Translate(end_);
}

void StreamCall::Leave() {
  sending_.reset();
  if (finished_) return;
  left_ = true;
  client_context_.TryCancel();
  UnlinkWhenDone();
}

void StreamCall::Cancel() {
  cancelled_by_reactor_ = true;
  Leave();
}

void StreamCall::Returned(Operation& operation, bool) {
  if (&operation == &finish_) finished_ = true;
  UnlinkWhenDone();
}

// Who sends may be dropped at any time; who reads is the call.
void StreamCall::Abandoned(Operation& operation) {
  if (&operation == &read_ || &operation == &finish_) Leave();
}

bool StreamCall::Running() const {
  return start_.running() || write_.running() || read_.running() || finish_.running();
}

void StreamCall::UnlinkWhenDone() {
  if (left_ && !Running()) Unlink();
}

}  // namespace chains::internal
