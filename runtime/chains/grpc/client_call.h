// The calls of a GrpcChannel that go alone: what gRPC writes to while they run.
//
// Held by the coroutine that waits and by gRPC's operations; the last one to leave destroys it.
#pragma once

#include <memory>
#include <optional>
#include <string_view>

#include <grpcpp/client_context.h>
#include <grpcpp/generic/generic_stub.h>

#include "chains/contract/bytes.h"
#include "chains/contract/method.h"
#include "chains/core/bare_task.h"
#include "chains/core/root.h"
#include "chains/core/stream.h"
#include "chains/grpc/client_channel.h"
#include "chains/grpc/operation.h"
#include "chains/grpc/peer.h"
#include "chains/grpc/reactor.h"

namespace chains::internal {

// What both kinds have in common. For the reactor's thread.
class ClientCall : public Reactor::Work, public Operation::Owner {
 public:
  ClientCall(Reactor& reactor, const Method& method, std::shared_ptr<const Peer> peer)
      : reactor_(reactor), method_(method), peer_(std::move(peer)) {}
  ClientCall(const ClientCall&) = delete;

  // Once it is over: its trailing metadata.
  const grpc::ClientContext& client_context() const { return client_context_; }

 protected:
  ~ClientCall() = default;

  // What gRPC says, as the caller sees it.
  absl::Status Translate(const grpc::Status& status) const;
  // Before it starts: deadline, trace, headers, authority. Not OK: there is no token to send.
  absl::Status Prepare(const Context& context);

  Reactor& reactor_;
  const Method& method_;
  const std::shared_ptr<const Peer> peer_;
  grpc::ClientContext client_context_;
  bool cancelled_by_reactor_ = false;
};

// A call and the task that waits for it in one.
class UnaryCall final : public ClientCall, private BareTask<Bytes> {
 public:
  // The task of a call through `channel`, which must be there when it is awaited. `unsent` outlives
  // the task, and gets the request if that never left; may be null.
  static Task<Bytes> Make(GrpcChannel& channel, const Method& method, Bytes request,
                          std::optional<Bytes>* unsent);

 private:
  UnaryCall(GrpcChannel& channel, const Method& method, Bytes request,
            std::optional<Bytes>* unsent);
  absl::Status BeginWork() noexcept override;
  void AbandonWork() noexcept override { client_context_.TryCancel(); }
  void DropTask() noexcept override;
  void Cancel() override;
  void Returned(Operation&, bool) override;
  void NoteLoad();

  GrpcChannel& channel_;
  Bytes request_;
  std::optional<Bytes>* const unsent_;
  Held<UnaryCall> task_;  // as long as there is one
  std::unique_ptr<RecordedCall> recorded_;
  std::shared_ptr<ServerLoad> load_;  // what it asked for; null: nothing
  std::unique_ptr<grpc::ClientAsyncResponseReader<grpc::ByteBuffer>> reader_;
  Operation end_{*this};
  Bytes reply_;
  grpc::Status status_;
};

class StreamCall final : public ClientCall {
 public:
  using ClientCall::ClientCall;

  absl::Status Start(grpc::GenericStub& stub, const Context& context);
  // Sends what `requests` yields, beside the coroutine that reads.
  void Send(const Context& context, Stream<Bytes> requests);

  // `co_await call.Read()`: true when there is a reply to take.
  Operation::Ending Read();
  Bytes TakeReply() { return std::move(reply_); }
  // `co_await call.Finish()`, after Read() answered false; then status() is how the call ended.
  Operation::Ending Finish();
  absl::Status status() const;

  // Nobody is interested any more.
  void Leave();

 private:
  static Task<void> SendEach(Held<StreamCall> call, Stream<Bytes> requests);
  Operation::Ending Write(Bytes& request);
  Operation::Ending WritesDone();
  void Cancel() override;
  void Returned(Operation& operation, bool ok) override;
  void Abandoned(Operation& operation) override;
  bool Running() const;
  void UnlinkWhenDone();

  std::unique_ptr<grpc::GenericClientAsyncReaderWriter> stream_;
  Operation start_{*this};
  Operation write_{*this};
  Operation read_{*this};
  Operation finish_{*this};
  Bytes reply_;
  grpc::Status end_;
  bool left_ = false;      // no further operation may begin
  bool finished_ = false;  // `end_` is known
  std::optional<Root<void>> sending_;
  absl::Status sending_failed_;
};

}  // namespace chains::internal
