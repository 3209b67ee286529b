// TraceStore: puts spans of processes together to traces, and keeps those that are worth it.
//
//   TraceStore store({.on_kept = [](const v1::Trace& trace) { … }});
//   store.Take(span, now);
//   store.Tick(now);                                // a few times a second
//   v1::ListTracesResponse list = store.List(request, "");
//
// A trace is decided on two seconds after its outermost span has come (it was asked
// for, drawn, recorded, failed or was slow); what comes later is added to one that is kept. Bounds:
// traces and bytes, of those that are kept and of those that wait; the oldest that nobody asked for
// leaves first.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <list>
#include <map>
#include <optional>
#include <string>
#include <unordered_map>
#include <unordered_set>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "chains/v1/platform.pb.h"
#include "chains/v1/telemetry.pb.h"
#include "deploy/telemetry/slowness.h"

namespace chains::deploy {

// For one thread.
class TraceStore {
 public:
  struct Limits {
    size_t kept = 2000;
    size_t kept_bytes = size_t{64} << 20;
    size_t waiting = 4000;
    size_t waiting_bytes = size_t{32} << 20;
    size_t spans = 1000;  // of a trace
  };
  struct Options {
    Limits limits = {};
    absl::Duration late = absl::Seconds(2);       // from the outermost span to the last part
    absl::Duration patience = absl::Minutes(10);  // from the last part to an outermost span
    // Told of every trace that is kept, with messages; and of a part that came later, which then
    // has that span alone. Each span is told once.
    std::function<void(const v1::Trace&)> on_kept = nullptr;
    // Told of every trace that is decided on, kept or not, before that.
    std::function<void(const v1::Trace&)> on_whole = nullptr;
  };
  explicit TraceStore(Options options) : options_(std::move(options)) {}

  // What is no span (ids of the wrong size) is counted, like what there is no room for.
  void Take(v1::Span span, absl::Time now);
  // Spans that were lost before they came here.
  void NoteDropped(uint64_t spans) { dropped_ += spans; }
  void Tick(absl::Time now);

  // Newest first. `deployment`: of this one; empty: of all.
  v1::ListTracesResponse List(const v1::ListTracesRequest& request,
                              const std::string& deployment) const;
  // INVALID_ARGUMENT: neither id is one. NOT_FOUND: it is not kept.
  absl::StatusOr<v1::Trace> Get(const v1::GetTraceRequest& request) const;

  uint64_t dropped() const { return dropped_; }
  size_t kept() const { return kept_.size(); }
  size_t waiting() const { return waiting_.size(); }
  size_t kept_bytes() const { return kept_bytes_; }
  size_t waiting_bytes() const { return waiting_bytes_; }

 private:
  struct Waiting {
    std::vector<v1::Span> spans;
    size_t bytes = 0;
    bool cut = false;  // there were more spans
    std::optional<absl::Time> decide_at;
    absl::Time last;  // when a part of it came
    std::list<std::string>::iterator place;
  };
  struct Kept {
    v1::Trace trace;
    size_t bytes = 0;
    std::list<std::string>::iterator place;
  };

  bool AddLate(v1::Span& span);
  void Decide(const std::string& id, Waiting waiting);
  void Keep(v1::Trace trace, size_t bytes);
  void ForgetOldestWaiting();
  void MakeRoom();
  void Erase(std::unordered_map<std::string, Kept>::iterator kept);

  const Options options_;
  std::unordered_map<std::string, Waiting> waiting_;  // by trace id
  std::list<std::string> waiting_order_;              // oldest first
  size_t waiting_bytes_ = 0;
  std::unordered_map<std::string, Kept> kept_;
  std::list<std::string> asked_order_;  // oldest first, like the next
  std::list<std::string> others_order_;
  size_t kept_bytes_ = 0;
  std::unordered_set<std::string> left_;  // decided on lately, and not kept
  std::list<std::string> left_order_;
  Slowness slowness_;
  uint64_t dropped_ = 0;
};

}  // namespace chains::deploy
