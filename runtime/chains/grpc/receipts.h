// Receipts over gRPC. A caller asks with the metadata `chains-receipt: 1`; the callee answers with
// the trailing metadata `chains-receipt-bin`, a chains.v1.Receipt.
#pragma once

#include <cstddef>
#include <map>
#include <memory>
#include <string>
#include <string_view>

#include <grpcpp/client_context.h>
#include <grpcpp/server_context.h>
#include <grpcpp/support/status.h>
#include <grpcpp/support/string_ref.h>

#include "absl/status/status.h"
#include "absl/time/time.h"
#include "chains/contract/method.h"
#include "chains/core/context.h"
#include "chains/core/loop.h"
#include "chains/core/receipt.h"
#include "chains/core/recording.h"

namespace chains::internal {

inline constexpr char kReceiptQuestion[] = "chains-receipt";
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
  // It ended so; `call` has its trailing metadata.
  void Answered(const absl::Status& status, const grpc::ClientContext& call);

 private:
  const Loop& loop_;
  Recording recording_;
  const Context context_;
  const absl::Time sent_;
};

// At the callee: a call whose caller asked.
class ServedReceipt {
 public:
  ServedReceipt(const Context& context, const Loop& loop, const Method& method);
  // Under which it is served.
  const Context& context() const { return context_; }
  // The call is over, and answers so; once. The value of kReceiptAnswer, or nothing.
  std::string Answer(const grpc::Status& status);
  // … which goes into `to`, before that is sent.
  void Answer(const grpc::Status& status, grpc::ServerContext& to);

 private:
  const std::shared_ptr<Receipt> receipt_;
  Recording recording_;
  const Context context_;
};

}  // namespace chains::internal
