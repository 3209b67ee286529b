// Receipts, in words that a test compares.
#pragma once

#include <memory>
#include <string>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "chains/contract/receipt_message.h"
#include "chains/core/receipt.h"

namespace zoo {

// "Root.RunRemote#1:0[Leaf.RunRemote#2:0]": chainlet and method, attempt, code, and its calls.
inline std::string ShapeOf(const chains::v1::ReceiptCall& call) {
  std::string shape = absl::StrCat(call.chainlet().substr(4), ".", call.method(), "#",
                                   call.attempt(), ":", call.code());
  if (call.items() > 0) absl::StrAppend(&shape, "*", call.items());
  if (call.callee() != chains::v1::CALLEE_KNOWN) absl::StrAppend(&shape, "?");
  if (call.calls().empty()) return shape;
  const auto append = [](std::string* out, const auto& each) { *out += ShapeOf(each); };
  return absl::StrCat(shape, "[", absl::StrJoin(call.calls(), " ", append), "]");
}

inline size_t CountIn(const chains::v1::ReceiptCall& call) {
  size_t count = 1;
  for (const chains::v1::ReceiptCall& each : call.calls()) count += CountIn(each);
  return count;
}

// Of a request whose caller asks for a receipt.
class Asked {
 public:
  explicit Asked(const chains::Loop& loop) : receipt_(chains::internal::Receipt::Begin(loop)) {}
  chains::Context context() const { return receipt_->Under(chains::Context()); }
  // Once the request is over: its first call.
  chains::v1::Receipt receipt() const {
    return chains::MessageOf(*receipt_->root().calls().front());
  }
  std::string shape() const { return ShapeOf(receipt().call()); }

 private:
  const std::shared_ptr<chains::internal::Receipt> receipt_;
};

}  // namespace zoo
