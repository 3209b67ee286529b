// KnownMethods: the methods that gRPC is told of before it serves.
//
// A call of one of them arrives together with its request. A call of any other method arrives
// alone, and its request has to be asked for: one more operation of the queue for each call, about
// a tenth of what a small call costs.
#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include <grpcpp/completion_queue.h>
#include <grpcpp/impl/service_type.h>
#include <grpcpp/server_context.h>
#include <grpcpp/support/byte_buffer.h>

#include "chains/contract/method.h"

namespace chains::internal {

// What gRPC's plugin generates for a .proto file (`WithRawMethod_…`), made from a contract at run
// time. Methods whose callers send a stream are not among them: they have no one request.
class KnownMethods final : public grpc::Service {
 public:
  // `carriers`: it knows their streams, too (grpc/served_carrier.h).
  KnownMethods(const std::vector<const ServiceInfo*>& contracts, bool carriers);

  size_t size() const { return methods_.size(); }
  const Method& method(size_t i) const { return *methods_[i]; }

  // Waits for a call of method(i). `tag` comes back to `queue` when there is one, and its request
  // is in `request`.
  void Request(size_t i, grpc::ServerContext& context, grpc::ByteBuffer& request,
               grpc::internal::ServerAsyncStreamingInterface& stream,
               grpc::ServerCompletionQueue& queue, void* tag);

  // Waits for a carrier's stream, where has_carriers().
  bool has_carriers() const { return has_carriers_; }
  void RequestCarrier(grpc::ServerContext& context,
                      grpc::internal::ServerAsyncStreamingInterface& stream,
                      grpc::ServerCompletionQueue& queue, void* tag);

 private:
  std::vector<const Method*> methods_;
  std::vector<std::string> paths_;  // gRPC refers to them
  const bool has_carriers_;
};

}  // namespace chains::internal
