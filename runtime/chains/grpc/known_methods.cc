#include "chains/grpc/known_methods.h"

#include <grpcpp/impl/rpc_service_method.h>

#include "chains/grpc/carried_end.h"

namespace chains::internal {

KnownMethods::KnownMethods(const std::vector<const ServiceInfo*>& contracts, bool carriers)
    : has_carriers_(carriers) {
  for (const ServiceInfo* contract : contracts) {
    for (const Method& method : contract->methods) {
      if (method.kind == MethodKind::kUnary || method.kind == MethodKind::kServerStreaming) {
        methods_.push_back(&method);
        paths_.emplace_back(method.path);
      }
    }
  }
  for (size_t i = 0; i < methods_.size(); ++i) {
    const auto kind = methods_[i]->kind == MethodKind::kUnary
                          ? grpc::internal::RpcMethod::NORMAL_RPC
                          : grpc::internal::RpcMethod::SERVER_STREAMING;
    AddMethod(new grpc::internal::RpcServiceMethod(paths_[i].c_str(), kind, nullptr));
    MarkMethodRaw(static_cast<int>(i));
  }
  if (!carriers) return;
  AddMethod(new grpc::internal::RpcServiceMethod(
      kCarrierPath, grpc::internal::RpcMethod::BIDI_STREAMING, nullptr));
  MarkMethodRaw(static_cast<int>(methods_.size()));
}

void KnownMethods::Request(size_t i, grpc::ServerContext& context, grpc::ByteBuffer& request,
                           grpc::internal::ServerAsyncStreamingInterface& stream,
                           grpc::ServerCompletionQueue& queue, void* tag) {
  RequestAsyncUnary(static_cast<int>(i), &context, &request, &stream, &queue, &queue, tag);
}

void KnownMethods::RequestCarrier(grpc::ServerContext& context,
                                  grpc::internal::ServerAsyncStreamingInterface& stream,
                                  grpc::ServerCompletionQueue& queue, void* tag) {
  RequestAsyncBidiStreaming(static_cast<int>(methods_.size()), &context, &stream, &queue, &queue,
                            tag);
}

}  // namespace chains::internal
