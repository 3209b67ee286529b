// TracedCall: a gRPC call on its way through a gateway: its trace, and what is written down of it.
//
//   TracedCall traced(co_await CurrentContext(), telling, loop, path);
//   traced.At({.routes = routes, .named = &named, .picked = &target, .method = "run_remote"});
//   const Context context = traced.Begin(traced.Onwards(priority), method);
//   …the call, under `context`…
//   traced.Ended(reply.status());
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "absl/status/status.h"
#include "chains/contract/method.h"
#include "chains/core/context.h"
#include "chains/core/loop.h"
#include "chains/core/receipt.h"
#include "chains/core/recording.h"
#include "gateway/app/request_trace.h"
#include "gateway/app/telling.h"

namespace chains::gateway {

// For the loop's thread, in the frame of the call's coroutine. One that is dropped ends CANCELLED.
class TracedCall {
 public:
  // Of a call that was received so. `telling` and `loop` outlive it, `path` as well.
  TracedCall(Context received, Telling& telling, const Loop& loop, std::string_view path);
  TracedCall(const TracedCall&) = delete;
  TracedCall& operator=(const TracedCall&) = delete;

  // It leads there. Once more where routes have changed while it waited.
  void At(RequestTrace::Place place);
  // The same request as its chain sees it: without what is said to the gateway alone, with an id.
  Context Onwards(int priority) const;
  // From now on `method` is called; under the answer, which is `context` with what is written down.
  Context Begin(Context context, const Method& method);
  // Its caller has a reply of a stream, and is not waited for until it wants the next one.
  void Pauses();
  void GoesOn();
  void Ended(const absl::Status& status);
  // In hexadecimal digits; empty of one that is not traced.
  std::string trace_id() const { return trace_.trace_id(); }

 private:
  const Context received_;
  const Loop& loop_;
  const std::string request_id_;
  RequestTrace trace_;  // goes after the recording, of which it tells
  std::shared_ptr<internal::Receipt> receipt_;
  std::optional<internal::Recording> recording_;  // of one that is traced
};

}  // namespace chains::gateway
