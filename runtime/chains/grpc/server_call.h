// ServerCall: one call that a server takes, of any kind, from its acceptance to its end.
//
// It owns what gRPC writes to, and the task that answers. Operations and the task's frames hold it.
#pragma once

#include <memory>
#include <optional>
#include <string_view>

#include <grpcpp/generic/async_generic_service.h>

#include "chains/contract/bytes.h"
#include "chains/contract/service.h"
#include "chains/core/intrusive_list.h"
#include "chains/core/root.h"
#include "chains/core/stream.h"
#include "chains/grpc/lane.h"
#include "chains/grpc/operation.h"
#include "chains/grpc/receipts.h"

namespace chains::internal {

// For the lane's reactor's thread.
class ServerCall final : public ListNode, public Operation::Owner {
 public:
  // `known` as in Lane::AcceptOne.
  ServerCall(Lane& lane, size_t known) : lane_(lane), known_(known), stream_(&context_) {}
  ~ServerCall();

  // Waits for a call.
  void Accept();
  // Drops the task and answers with `status`, unless there is an answer already.
  void End(const absl::Status& status);

  // "/hello.SayHello/RunRemote".
  std::string_view path() const;

 private:
  Task<Bytes> MakeAnswer(const Service::Handler& handler);
  static Task<Bytes> ReadAndAnswer(Held<ServerCall> call, const Service::Handler& handler);
  static Task<Bytes> AnswerStreaming(Held<ServerCall> call, const Service::Handler& handler);
  static Stream<Bytes> Requests(Held<ServerCall> call);

  void Returned(Operation& operation, bool ok) override;
  void Accepted();
  absl::Status NoSuchMethod() const;
  absl::Status TooManyCalls() const;
  absl::Status MayCall(const Service::Handler& handler);
  void Run(const Service::Handler& handler);
  void Failed(const Service::Handler& handler, const absl::Status& failure) const;
  void RunFallback();
  void Run(const Service::Handler& handler, Context context);
  Context ReceiveContext();
  void AnswerLoad();
  void Answer(absl::StatusOr<Bytes> outcome, MethodKind kind);
  bool failed_to_read();
  void NoteTime();

  Operation::Ending Read();
  Operation::Ending Write(Bytes& reply);

  Lane& lane_;
  const size_t known_;
  grpc::GenericServerContext context_;
  grpc::GenericServerAsyncReaderWriter stream_;
  Operation accept_{*this};
  Operation done_{*this};  // the call is over, answered or not
  Operation read_{*this};
  Operation write_{*this};
  Operation finish_{*this};
  Bytes request_;
  Wishes wishes_;
  std::unique_ptr<ServedReceipt> receipt_;   // where it is written down
  std::unique_ptr<Service::Handler> found_;  // by the lane's fallback, for this call
  std::optional<Root<Bytes>> task_;
  TimeHistogram* times_ = nullptr;  // until it has been noted how long the call took
  absl::Time arrived_;
  bool has_request_ = false;  // it came along with the call
  bool counted_ = false;
  bool answered_ = false;
};

}  // namespace chains::internal
