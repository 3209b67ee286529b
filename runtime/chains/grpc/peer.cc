#include "chains/grpc/peer.h"

#include "absl/strings/str_cat.h"

namespace chains::internal {

absl::Status Peer::CheckLoop(const Loop& here, const Loop& of_channel) const {
  if (&here == &of_channel) return absl::OkStatus();
  return absl::FailedPreconditionError(
      absl::StrCat(address, ": called from another loop than the reactor that its ",
                   "GrpcChannel was made for"));
}

absl::Status Peer::Stopping() const {
  return absl::UnavailableError(absl::StrCat(address, ": not called: this process stops"));
}

std::unique_ptr<RecordedCall> Peer::Record(const Context& context, const Loop& loop,
                                           const Method& method) const {
  if (context.record() == nullptr) return nullptr;
  return std::make_unique<RecordedCall>(context, loop, method, address);
}

}  // namespace chains::internal
