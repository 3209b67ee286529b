// What is written down of a call over gRPC. A caller that wants a receipt asks with the metadata
// `chains-receipt: 1`; the callee answers with the trailing metadata `chains-receipt-bin`, a
// chains.v1.Receipt. One whose `traceparent` says sampled is traced: its spans go into a SpanQueue,
// however it ends. Our own callers then ask with `chains-receipt: own` for that call's figures
// without those below it, by which they tell the network from the callee.
#pragma once

#include <cstddef>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include <grpcpp/client_context.h>
#include <grpcpp/server_context.h>
#include <grpcpp/support/status.h>
#include <grpcpp/support/string_ref.h>

#include "absl/status/status.h"
#include "absl/time/time.h"
#include "chains/contract/method.h"
#include "chains/contract/spans.h"
#include "chains/core/context.h"
#include "chains/core/loop.h"
#include "chains/core/receipt.h"
#include "chains/core/recording.h"
#include "chains/core/traced_times.h"
#include "chains/grpc/metadata.h"

namespace chains::internal {

inline constexpr char kReceiptAnswer[] = "chains-receipt-bin";
inline constexpr size_t kMaxReceiptBytes = 4096;

// Whether a caller asks. Anything but "1" is no question.
bool AsksForReceipt(const std::multimap<grpc::string_ref, grpc::string_ref>& metadata);

// So many bytes of a receipt go with this status: all trailing metadata has 8 KiB, and what the
// failure says comes first.
size_t RoomForReceipt(const grpc::Status& status);

// At the caller: a call whose Context has a record. Ended before Answered() it ends CANCELLED.
class RecordedCall {
 public:
  RecordedCall(const Context& context, const Loop& loop, const Method& method,
               std::string_view address);
  // Under which it is sent.
  const Context& context() const { return context_; }
  // It ended so, and its callee sent this receipt, if any.
  void Answered(const absl::Status& status, std::optional<std::string_view> receipt);
  // … which is in the trailing metadata of `call`.
  void Answered(const absl::Status& status, const grpc::ClientContext& call);

 private:
  const Loop& loop_;
  Recording recording_;
  const Context context_;
  const absl::Time sent_;
};

// What is to be written down of a call that came with these wishes; `spans` is whether there is
// somebody to tell of spans.
Purpose PurposeOf(const Wishes& wishes, bool spans);

// At the callee: a call whose caller asked for a receipt, or that is traced.
class ServedReceipt {
 public:
  // A caller asked for a receipt, nothing else.
  ServedReceipt(const Context& context, const Loop& loop, const Method& method)
      : ServedReceipt(context, loop, method, Wishes{.receipt = true}, nullptr) {}
  // `spans` outlives it; may be null.
  ServedReceipt(const Context& context, const Loop& loop, const Method& method,
                const Wishes& wishes, SpanQueue* spans, TracedTimes* times = nullptr);
  ServedReceipt(const ServedReceipt&) = delete;
  ~ServedReceipt();

  // Under which it is served.
  const Context& context() const { return context_; }
  // How it ended, in the callee's own words; before Answer().
  void Ended(const absl::Status& status) { recording_.Ended(status); }
  // The call is over, with all that it waited for, and answers so; once. The value of
  // kReceiptAnswer, or nothing. Who has the answer finds the spans in their queue.
  std::string Answer(const grpc::Status& status);
  // … which goes into `to`, before that is sent.
  void Answer(const grpc::Status& status, grpc::ServerContext& to);

 private:
  void Tell();
  void TellTimes();

  SpanQueue* spans_;      // null: it is not traced, or told of
  const bool outermost_;  // nobody above tells of the trace
  const bool own_figures_;
  const std::shared_ptr<Receipt> receipt_;
  Recording recording_;
  const Context context_;
  TracedTimes* times_;  // until it was told
};

}  // namespace chains::internal
