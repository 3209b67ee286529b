// The receipt that an HTTP caller may ask for, by `?receipt=1` or the header `Chains-Receipt: 1`,
// and gets in the header Chains-Receipt of the response.
#pragma once

#include <cstddef>
#include <memory>
#include <string>
#include <utility>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "chains/core/context.h"
#include "chains/core/receipt.h"
#include "chains/v1/receipt.pb.h"
#include "gateway/http/message.h"

namespace chains::gateway {

inline constexpr size_t kMaxReceiptText = 6 * 1024;

// Whether the request asks. INVALID_ARGUMENT, naming what it says, for what is neither 0 nor 1.
absl::StatusOr<bool> AsksForReceipt(const RequestHead& head);

// One line of JSON in ASCII, of at most kMaxReceiptText: the names of
// proto/chains/v1/receipt.proto, without what is 0 mostly and is. It is cut as CutReceipt() says.
std::string ReceiptText(const v1::Receipt& receipt);

// Of one request.
class CallersReceipt {
 public:
  explicit CallersReceipt(const RequestHead& head);

  // Why the request is refused.
  const absl::Status& status() const { return status_; }
  bool asked() const { return asked_; }
  // What is written down of it, for its caller or others; may be null.
  void Is(std::shared_ptr<internal::Receipt> receipt) { receipt_ = std::move(receipt); }
  bool written() const { return receipt_ != nullptr; }
  // Once written: calls under it are written down.
  Context Under(const Context& context) const { return receipt_->Under(context); }
  // The header, where it is asked for and there was a call.
  void AddTo(HttpHeaders& headers) const;

 private:
  absl::Status status_;
  bool asked_ = false;
  std::shared_ptr<internal::Receipt> receipt_;
};

}  // namespace chains::gateway
