#include "chains/grpc/receipts.h"

#include <algorithm>
#include <string>
#include <utility>
#include <vector>

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

void RecordedCall::Answered(const absl::Status& status, std::optional<std::string_view> receipt) {
  if (recording_.record() != nullptr && receipt) {
    AddAnswer(*recording_.record(), *receipt, sent_, loop_.Now());
  }
  recording_.Ended(status);
}

void RecordedCall::Answered(const absl::Status& status, const grpc::ClientContext& call) {
  const auto& trailers = call.GetServerTrailingMetadata();
  const auto answer = trailers.find(kReceiptAnswer);
  if (answer == trailers.end()) return Answered(status, std::nullopt);
  Answered(status, std::string_view(answer->second.data(), answer->second.size()));
}

Purpose PurposeOf(const Wishes& wishes, bool spans) {
  Purpose purpose = {.receipt = wishes.receipt};
  if (!spans || !wishes.traced) return purpose;
  purpose.traced = true;
  purpose.trace = wishes.parent.trace;
  purpose.span = wishes.parent.parent;
  // For a recording that somebody above has begun; a stranger has none.
  if (wishes.told_above) purpose.recording = wishes.recording;
  return purpose;
}

ServedReceipt::ServedReceipt(const Context& context, const Loop& loop, const Method& method,
                             const Wishes& wishes, SpanQueue* spans, TracedTimes* times)
    : spans_(wishes.traced ? spans : nullptr),
      outermost_(!wishes.told_above),
      own_figures_(wishes.own_figures),
      receipt_(Receipt::Begin(loop, PurposeOf(wishes, spans != nullptr))),
      recording_(receipt_->Under(context), loop,
                 [&] { return PlaceOf(Where::kCaller, method, ""); }),
      context_(recording_.Under(context)),
      times_(times) {}

// Its caller left, or its deadline passed: gRPC says the same of both.
ServedReceipt::~ServedReceipt() {
  const bool late = receipt_->loop().Now() >= context_.deadline();
  recording_.Ended(late ? absl::DeadlineExceededError("its deadline passed")
                        : absl::CancelledError("its caller left"));
  Tell();
}

// The first call is the one that is served.
void ServedReceipt::Tell() {
  if (times_ != nullptr) TellTimes();
  if (spans_ == nullptr) return;
  std::vector<v1::Span> spans = SpansOf(*receipt_, spans_->process());
  spans_->Drop(receipt_->calls_too_many());
  if (!spans.empty()) {
    v1::Span& own = spans.front();
    own.set_kind(v1::Span::SERVER);
    own.set_replica(spans_->process());
    own.set_outermost(outermost_);
    own.set_asked(outermost_);
    if (const auto id = context_.Header("x-request-id")) own.set_request_id(std::string(*id));
  }
  std::exchange(spans_, nullptr)->Add(std::move(spans));
}

void ServedReceipt::TellTimes() {
  TracedTimes& times = *std::exchange(times_, nullptr);
  for (const CallRecord& call : receipt_->records()) {
    const CallFigures& figures = call.figures;
    if (call.told() || !call.served_here()) continue;
    times.Served(figures.chainlet, figures.user, figures.serialize);
    for (const CallRecord* made : call.calls()) {
      if (made->told() || made->served_here()) continue;
      if (made->figures.callee != CalleeSide::kKnown) continue;
      times.Crossed(figures.chainlet, made->figures.network);
    }
  }
}

std::string ServedReceipt::Answer(const grpc::Status& status) {
  recording_.Ended(absl::Status(static_cast<absl::StatusCode>(status.error_code()), ""));
  Tell();
  if (receipt_->purpose().receipt) {
    return EncodeReceipt(*recording_.record(), RoomForReceipt(status));
  }
  if (!own_figures_) return {};
  const std::string figures = EncodeOwnFigures(*recording_.record());
  return figures.size() <= RoomForReceipt(status) ? figures : "";
}

void ServedReceipt::Answer(const grpc::Status& status, grpc::ServerContext& to) {
  const std::string bytes = Answer(status);
  if (!bytes.empty()) to.AddTrailingMetadata(kReceiptAnswer, bytes);
}

}  // namespace chains::internal
