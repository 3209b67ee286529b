#include "chains/contract/loopback_channel.h"

#include <string>
#include <utility>

#include "absl/strings/str_cat.h"

namespace chains {
namespace {

absl::Status Unimplemented(const Method& method) {
  return absl::UnimplementedError(
      absl::StrCat("no method ", std::string(method.path), " is served here"));
}

Task<Bytes> NoReply(absl::Status status) { co_return status; }
Stream<Bytes> NoReplies(absl::Status status) {
  co_await status;
  co_return;
}

}  // namespace

Task<Bytes> LoopbackChannel::Unary(const Method& method, Bytes request) {
  const Service::Handler* handler = service_.Find(method.path);
  if (handler == nullptr || !handler->unary) return NoReply(Unimplemented(method));
  return handler->unary(std::move(request));
}

Stream<Bytes> LoopbackChannel::Streaming(const Method& method, Stream<Bytes> requests) {
  const Service::Handler* handler = service_.Find(method.path);
  if (handler == nullptr || !handler->streaming) return NoReplies(Unimplemented(method));
  return handler->streaming(std::move(requests));
}

}  // namespace chains
