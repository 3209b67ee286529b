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
#include "chains/core/stream.h"
#include "chains/grpc/lane.h"
#include "chains/grpc/operation.h"
#include "chains/grpc/served.h"

namespace chains::internal {

// For the lane's reactor's thread.
class ServerCall final : public ListNode, public Operation::Owner, private Served {
 public:
  // `known` as in Lane::AcceptOne.
  ServerCall(Lane& lane, size_t known) : Served(lane), known_(known), stream_(&context_) {}

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
  absl::Status MayCall(const Service::Handler& handler);
  void RunFallback();
  Context ReceiveContext();
  void AnswerLoad();
  void Answer(absl::StatusOr<Bytes> outcome, const Method& method) override;
  bool failed_to_read();

  Operation::Ending Read();
  Operation::Ending Write(Bytes& reply);

  const size_t known_;
  grpc::GenericServerContext context_;
  grpc::GenericServerAsyncReaderWriter stream_;
  Operation accept_{*this};
  Operation done_{*this};  // the call is over, answered or not
  Operation read_{*this};
  Operation write_{*this};
  Operation finish_{*this};
  Bytes request_;
  std::unique_ptr<Service::Handler> found_;  // by the lane's fallback, for this call
  bool has_request_ = false;                 // it came along with the call
  bool answered_ = false;
};

}  // namespace chains::internal
