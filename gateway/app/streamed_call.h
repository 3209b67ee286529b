// StreamedCall: the call of a method that streams, while it runs: what those share who read its
// request, wait for its replies and write the response.
#pragma once

#include <memory>

#include "absl/status/status.h"
#include "absl/time/time.h"
#include "chains/core/context.h"
#include "chains/core/recording.h"
#include "gateway/app/invocation.h"
#include "gateway/body/byte_budget.h"
#include "gateway/http/message.h"

namespace chains::gateway {

// For the loop's thread. It lives as long as one of them.
class StreamedCall {
 public:
  // Takes from `invocation` what its response does not outlive.
  explicit StreamedCall(Invocation& invocation);
  StreamedCall(const StreamedCall&) = delete;
  StreamedCall& operator=(const StreamedCall&) = delete;

  Loop& loop() const { return loop_; }
  const GatewayOptions& options() const { return options_; }
  Target& target() const { return target_; }
  const json::Transcoder& transcoder() const { return *target_.transcoder(); }
  const json::Transcoder::Method& method() const { return method_; }
  // That it runs under; it is written down where that is wanted.
  const Context& context() const { return context_; }
  internal::Recording& recording() { return recording_; }
  Tally& tally() { return tally_; }
  // Counts what was unpacked of its request.
  ByteBudget::Hold& unpacked() { return unpacked_; }
  HeldBytes& held() { return held_; }

  // ---- Time. A part of the request or a reply came, or the client took one.
  void IsActive() { active_ = loop_.Now(); }
  // When it is over unless something happens.
  absl::Time Until() const;
  // DEADLINE_EXCEEDED, and of what, once that is past.
  absl::Status Late() const;

  // ---- Failure. Why the client's part of it cannot be understood.
  void RequestFailed(absl::Status why) { request_problem_ = std::move(why); }
  // The same call's failure as its client should see it: its own mistake, where it made one.
  absl::Status Explained(absl::Status failure) const;

  // It is over.
  void Ended(const absl::Status& status);
  // The response to a call that failed before it began.
  Response Refusal(const absl::Status& failure);
  Response Refusal(const absl::Status& failure, int http_status);
  // The response of one that ended well, as a whole.
  Response Whole(Response response);
  // What it cost, for the end of the response. It may outlive the call.
  std::function<HttpHeaders()> Trailers() const;

 private:
  void Ended(const absl::Status& status, int http_status);
  int HttpStatusFor(const absl::Status& failure) const;

  Loop& loop_;
  const GatewayOptions& options_;
  const std::shared_ptr<const Routes> routes_;
  Target& target_;
  const json::Transcoder::Method& method_;
  const CallersReceipt receipt_;
  const Context asked_;
  Tally tally_;
  RequestTrace trace_;  // goes after the recording, of which it tells
  HeldBytes& held_;
  internal::Recording recording_;
  const Context context_;
  absl::Time active_;
  absl::Status request_problem_;
  ByteBudget::Hold unpacked_;
};

}  // namespace chains::gateway
