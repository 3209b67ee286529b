#include "chains/grpc/receipts.h"

#include <algorithm>
#include <string>
#include <utility>

#include "chains/contract/receipt_message.h"
#include "chains/grpc/trailers.h"

namespace chains::internal {
namespace {

using Where = CallPlace::Where;

CallPlace PlaceOf(Where where, const Method& method, std::string_view replica) {
  return {.where = where, .chainlet = method.chainlet, .method = method.name, .replica = replica};
}

}  // namespace

bool AsksForReceipt(const std::multimap<grpc::string_ref, grpc::string_ref>& metadata) {
  constexpr std::string_view kQuestion = kReceiptQuestion;
  for (const auto& [name, value] : metadata) {
    if (std::string_view(name.data(), name.size()) == kQuestion && value == "1") return true;
  }
  return false;
}

size_t RoomForReceipt(const grpc::Status& status) {
  return std::min(kMaxReceiptBytes, RoomInTrailers(status));
}

RecordedCall::RecordedCall(const Context& context, const Loop& loop, const Method& method,
                           std::string_view address)
    : loop_(loop),
      recording_(context, loop, [&] { return PlaceOf(Where::kChannel, method, address); }),
      context_(recording_.Under(context)),
      sent_(loop.Now()) {}

void RecordedCall::Answered(const absl::Status& status, const grpc::ClientContext& call) {
  if (recording_.record() != nullptr) {
    const auto& trailers = call.GetServerTrailingMetadata();
    const auto answer = trailers.find(kReceiptAnswer);
    if (answer != trailers.end()) {
      AddAnswer(*recording_.record(), {answer->second.data(), answer->second.size()}, sent_,
                loop_.Now());
    }
  }
  recording_.Ended(status);
}

ServedReceipt::ServedReceipt(const Context& context, const Loop& loop, const Method& method)
    : receipt_(Receipt::Begin(loop)),
      recording_(receipt_->Under(context), loop,
                 [&] { return PlaceOf(Where::kCaller, method, ""); }),
      context_(recording_.Under(context)) {}

std::string ServedReceipt::Answer(const grpc::Status& status) {
  recording_.Ended(absl::Status(static_cast<absl::StatusCode>(status.error_code()), ""));
  return EncodeReceipt(*recording_.record(), RoomForReceipt(status));
}

void ServedReceipt::Answer(const grpc::Status& status, grpc::ServerContext& to) {
  const std::string bytes = Answer(status);
  if (!bytes.empty()) to.AddTrailingMetadata(kReceiptAnswer, bytes);
}

}  // namespace chains::internal
