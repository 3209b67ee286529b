#include "gateway/grpc/traced_call.h"

#include <algorithm>
#include <array>
#include <utility>

#include "chains/contract/receipt_message.h"
#include "chains/core/trace.h"
#include "chains/grpc/receipts.h"

namespace chains::gateway {
namespace {

constexpr std::string_view kRequestId = "x-request-id";

// What is said to the gateway only.
constexpr std::array<std::string_view, 5> kNotForwarded = {
    "authorization", "chains-token", "chains-chain", "chains-environment", "chains-deployment"};

bool IsForwarded(std::string_view name) {
  return std::find(kNotForwarded.begin(), kNotForwarded.end(), name) == kNotForwarded.end();
}

std::string RequestIdOf(const Context& received) {
  const std::optional<std::string_view> id = received.Header(kRequestId);
  return id ? std::string(*id) : internal::HexDigits(internal::NewSpanId());
}

}  // namespace

TracedCall::TracedCall(Context received, Telling& telling, const Loop& loop, std::string_view path)
    : received_(std::move(received)),
      loop_(loop),
      request_id_(RequestIdOf(received_)),
      trace_(telling, loop, internal::ReadTraceparent(received_.traceparent()), path) {}

void TracedCall::At(RequestTrace::Place place) {
  receipt_ = trace_.At(std::move(place), request_id_, received_.record() != nullptr);
}

Context TracedCall::Onwards(int priority) const {
  Headers headers;
  headers.reserve(received_.headers().size() + 1);
  for (const auto& [name, value] : received_.headers()) {
    if (IsForwarded(name)) headers.emplace_back(name, value);
  }
  if (!received_.Header(kRequestId)) headers.emplace_back(kRequestId, request_id_);
  const Context onwards = trace_.ContextFor(received_.deadline(), std::move(headers))
                              .WithRecord(received_.record())
                              .WithPriority(priority);
  return received_.further_attempt() ? onwards.AsFurtherAttempt() : onwards;
}

// One that is traced is written down on its own, whatever its caller has written down of it.
Context TracedCall::Begin(Context context, const Method& method) {
  if (!trace_.traced()) return context;
  context = receipt_->Under(context);
  recording_.emplace(context, loop_, [&method] {
    return internal::CallPlace{.where = internal::CallPlace::Where::kCaller,
                               .chainlet = method.chainlet,
                               .method = method.name};
  });
  return recording_->Under(std::move(context));
}

void TracedCall::Pauses() {
  if (recording_) recording_->Pauses();
}

void TracedCall::GoesOn() {
  if (recording_) recording_->GoesOn();
}

// Its caller's receipt hears of it as if it had been another process's.
void TracedCall::Ended(const absl::Status& status) {
  if (recording_) {
    const internal::CallRecord* const record = recording_->record();
    recording_->Ended(status);
    if (received_.record() != nullptr && record != nullptr) {
      AddAnswer(*received_.record(), EncodeReceipt(*record, internal::kMaxReceiptBytes),
                record->began(), loop_.Now());
    }
  }
  trace_.Ended(status, 0, request_id_);
}

}  // namespace chains::gateway
