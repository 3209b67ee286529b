// Traces, in words that a test compares.
#pragma once

#include <algorithm>
#include <memory>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "chains/chain/running_chain.h"
#include "chains/contract/spans.h"
#include "chains/core/receipt.h"

namespace zoo {

// A request that is traced, of a chain whose spans go into the same queue.
class TracedCall {
 public:
  TracedCall(chains::RunningChain& chain, chains::SpanQueue& queue, std::string recording = "")
      : chain_(chain),
        queue_(queue),
        receipt_(chains::internal::Receipt::Begin(chain.reactor(),
                                                  {.receipt = false,
                                                   .traced = true,
                                                   .trace = {.high = 1, .low = 2},
                                                   .recording = std::move(recording)})) {}
  chains::Context context() const { return receipt_->Under(chains::Context()); }
  // Once the request is over.
  std::vector<chains::v1::Span> spans() const {
    const auto collected = chains::RunOn(chain_.reactor(), [this] { return Collect(); });
    EXPECT_TRUE(collected.ok());
    return *collected;
  }

 private:
  chains::Task<std::vector<chains::v1::Span>> Collect() const {
    queue_.AddCallsOf(*receipt_);
    co_return queue_.TakeAll();
  }
  chains::RunningChain& chain_;
  chains::SpanQueue& queue_;
  const std::shared_ptr<chains::internal::Receipt> receipt_;
};

// "Root.RunRemote[Leaf.RunRemote:5]": calls with their codes and what they called. The two ends of
// a call between processes are one here.
inline std::string ShapeBelow(const std::vector<chains::v1::Span>& spans, uint64_t parent) {
  using chains::v1::Span;
  std::vector<std::string> shapes;
  for (const Span& span : spans) {
    if (span.parent_span_id() != parent) continue;
    const auto is_other_end = [&span](const Span& each) {
      return span.kind() == Span::CLIENT && each.kind() == Span::SERVER &&
             each.parent_span_id() == span.span_id();
    };
    const bool served = std::any_of(spans.begin(), spans.end(), is_other_end);
    const std::string below = ShapeBelow(spans, span.span_id());
    if (served) {
      shapes.push_back(below);
      continue;
    }
    std::string shape = absl::StrCat(span.chainlet().substr(4), ".", span.method());
    if (span.code() != 0) absl::StrAppend(&shape, ":", span.code());
    shapes.push_back(below.empty() ? shape : absl::StrCat(shape, "[", below, "]"));
  }
  return absl::StrJoin(shapes, " ");
}

}  // namespace zoo
