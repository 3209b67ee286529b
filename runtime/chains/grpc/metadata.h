// A Context as gRPC metadata: trace and headers, hop by hop. The deadline travels by gRPC's means.
#pragma once

#include <map>
#include <optional>
#include <string_view>

#include <grpcpp/client_context.h>
#include <grpcpp/support/string_ref.h>

#include "absl/time/time.h"
#include "chains/core/context.h"

namespace chains::internal {

// What `context` says at the time `now` goes into `to`: its deadline, less a margin (margin.h),
// `traceparent`, what is to be written down of it, its priority where that is not the usual one,
// whether it is a further attempt, and its headers, as far as they are valid metadata that is
// neither gRPC's own nor binary, up to kMaxHeaderBytes; `tracestate` and `baggage` beside that,
// each up to kMaxTraceListBytes (core/baggage.h).
void Send(const Context& context, absl::Time now, grpc::ClientContext& to);

// The same for a service that somebody else deployed: without headers but `tracestate`, and without
// a wish that anything is written down.
void SendElsewhere(const Context& context, absl::Time now, grpc::ClientContext& to);

// What a caller wants beside an answer.
struct Wishes {
  bool load = false;         // to know how busy this process is (kLoadQuestion)
  bool receipt = false;      // kReceiptQuestion, with "1"
  bool own_figures = false;  // … with "own": a receipt of this call alone, without those below it
  // Its traceparent says sampled: what `parent` names is to be the parent of what is done here.
  bool traced = false;
  Traceparent parent = {};
  // The caller tells its platform of this trace as well: so it is not for this process to say that
  // it began here ("chains-traced: 1").
  bool told_above = false;
  // The messages are to be kept for this recording ("chains-recording: ID"); empty: they are not.
  std::string_view recording = {};  // of the metadata
};

// What a caller says beside that of the request that it works for.
struct Said {
  int priority = Context::kUsualPriority;
  bool further_attempt = false;
  Headers headers;
};
// … as the Context of what is done here. Where `wishes.parent` is empty a trace begins.
Context ContextOf(absl::Time deadline, Said said, Wishes& wishes);

// What a caller sent. Without a valid W3C `traceparent` a trace begins here. `wishes` may be null.
Context Receive(absl::Time deadline,
                const std::multimap<grpc::string_ref, grpc::string_ref>& metadata,
                Wishes* wishes = nullptr);

inline constexpr char kReceiptQuestion[] = "chains-receipt";
inline constexpr char kTold[] = "chains-traced";
inline constexpr char kRecordingQuestion[] = "chains-recording";
// Whether it may be a recording's id: letters, digits, "-", "_" and ".", at most 64 of them.
bool IsRecordingId(std::string_view id);

// A caller that may choose among replicas asks now and then, with "chains-load: 1"; the answer is
// trailing metadata of the same name: how many calls of all callers the replica has.
inline constexpr char kLoadQuestion[] = "chains-load";
inline constexpr int kMostLoad = 1'000'000;  // calls that a peer may claim to have
// What the answer says; nullopt when it is no number of calls.
std::optional<int> ParseLoad(std::string_view text);

}  // namespace chains::internal
