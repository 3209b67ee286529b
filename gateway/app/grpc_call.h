// GrpcCalls: gRPC over the gateway's own HTTP/2, so that gRPC clients and browsers meet one port.
//
//   if (IsGrpcCall(head)) …                      // HTTP/2 with `content-type: application/grpc`
//   Response response = co_await grpc.Handle(std::move(request));
//
// A call is what GrpcProxy::Find says of its path and metadata: the same keys, routes, health and
// reflection as behind --grpc-listen. Messages go through as they are; those packed with gzip are
// unpacked. `grpc-timeout` is kept here; a client that resets its stream drops the call.
#pragma once

#include <cstddef>
#include <memory>

#include "absl/status/statusor.h"
#include "chains/contract/bytes.h"
#include "chains/core/loop.h"
#include "chains/core/stream.h"
#include "chains/core/task.h"
#include "gateway/grpc/proxy.h"
#include "gateway/http/handler.h"

namespace chains::gateway {

bool IsGrpcCall(const RequestHead& head);

// For the loop's thread.
class GrpcCalls {
 public:
  // `loop` and `routes` outlive it, and it the calls.
  GrpcCalls(Loop& loop, RoutesInForce& routes, GrpcProxy::Options options)
      : loop_(loop), proxy_(loop, routes, options) {}

  // Its body comes in pieces: whoever may call is decided by Handle(), which refuses as gRPC does.
  static Admission Admit();

  // Never fails: how a call ended stands in its trailers.
  Task<Response> Handle(Request request);

 private:
  struct Call;
  absl::StatusOr<std::shared_ptr<Call>> Begin(const RequestHead& head);
  static Stream<Bytes> Requests(std::shared_ptr<Call> call, Stream<std::string> pieces);
  static Task<Bytes> Unary(std::shared_ptr<Call> call, Stream<Bytes> requests);
  static Stream<std::string> Replies(std::shared_ptr<Call> call, Stream<Bytes> requests);

  Loop& loop_;
  const GrpcProxy proxy_;
  size_t held_ = 0;  // bytes of requests' messages that are not whole
};

}  // namespace chains::gateway
