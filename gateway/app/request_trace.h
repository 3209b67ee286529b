// RequestTrace: one request of a gateway, as its platform may be told of it: whether it is traced,
// what its calls are children of, and its span.
//
//   RequestTrace trace(telling, loop, TraceOf(head), head.target);
//   …
//   std::shared_ptr<internal::Receipt> receipt =
//       trace.At({.routes = routes, .named = &named, .picked = &picked, .method = "run_remote"},
//                request_id, asks_for_receipt);         // it is known where it leads
//   Context context = trace.ContextFor(deadline, std::move(headers));
//   …calls under receipt->Under(context), where there is one…
//   trace.Ended(outcome.status(), response.status, request_id);
//
// Lots are drawn once for a request (sampling.h). Of one that is not traced the platform is told
// all the same if it failed for no fault of its caller's, by its span alone, a few times a second.
// Where there is nobody to tell, what the caller says of its trace is handed on as it came.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "absl/time/time.h"
#include "chains/core/context.h"
#include "chains/core/loop.h"
#include "chains/core/receipt.h"
#include "chains/core/trace.h"
#include "chains/v1/telemetry.pb.h"
#include "gateway/app/routes.h"
#include "gateway/app/sampling.h"
#include "gateway/app/target.h"
#include "gateway/app/telling.h"

namespace chains::gateway {

// For the loop's thread.
class RequestTrace {
 public:
  // Where a request leads.
  struct Place {
    std::shared_ptr<const Routes> routes;  // keep the next two
    const Target* named = nullptr;         // by its path
    const Target* picked = nullptr;        // the same, or its canary
    std::string_view method;               // "run_remote"; of the contract, which the routes keep
  };

  // `parent` is what its caller says. `loop` and `telling` outlive it; the text of `target` (the
  // path that it names) until At() or Ended().
  RequestTrace(Telling& telling, const Loop& loop, const internal::Traceparent& parent,
               std::string_view target);
  // One that nobody is told of in any case.
  RequestTrace(const Loop& loop, const internal::Traceparent& parent);
  // What was moved from tells of nothing any more, and says the same of its trace.
  RequestTrace(RequestTrace&& other) noexcept;
  RequestTrace& operator=(RequestTrace&&) = delete;
  // One that has not ended by now, its caller has left.
  ~RequestTrace();

  // It leads there: the first time it is decided whether it is traced; again, where it waited and
  // routes have changed meanwhile. What is to be written down of its calls, always the same: null,
  // where it is not traced and nobody asks for a receipt.
  const std::shared_ptr<internal::Receipt>& At(Place place, std::string_view request_id,
                                               bool asks_for_receipt);

  // What its calls run under, beside what is written down.
  Context ContextFor(absl::Time deadline, Headers headers) const;
  bool traced() const { return verdict_.traced; }
  // In hexadecimal digits; empty of one that is not traced.
  std::string trace_id() const;
  // What its caller is told: its trace and span, and whether it is traced.
  std::string traceparent() const;
  // The same for what is done later on its behalf: as if its caller had asked then.
  std::string TraceparentForLater() const;

  // It is over, with all its calls; once. `http_status` is 0 for a call by gRPC.
  void Ended(const absl::Status& status, int http_status, std::string_view request_id);
  // Nobody is to be told of it: another one is, that does its work.
  void IsNotTold() { telling_ = nullptr; }

 private:
  RequestTrace(Telling* telling, const Loop& loop, const internal::Traceparent& parent,
               std::string_view target);
  RequestTrace(const RequestTrace&) = default;

  void Judge(std::string_view deployment);
  v1::Span SpanOf(const absl::Status& status, int http_status, std::string_view request_id) const;
  void Tell(v1::Span own);

  Telling* telling_;  // null: nobody is told of it
  const Loop* loop_;
  internal::Traceparent parent_;
  uint64_t span_;
  bool hands_on_;  // there is nobody to tell
  bool judged_ = false;
  absl::Time began_;
  std::string_view target_;
  Place place_;
  Sampling::Verdict verdict_;
  std::string request_id_;  // of one that is traced
  std::shared_ptr<internal::Receipt> receipt_;
};

}  // namespace chains::gateway
