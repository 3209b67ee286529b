// Spans: what is written down of traced requests, as chains.v1.Span, and the queue in which a
// process has them until its platform is told.
//
//   chains::SpanQueue spans("hello-3");
//   …
//   spans.AddCallsOf(*receipt);            // a traced request is over here
//   spans.TakeInto(*report.mutable_telemetry());   // with the next report
//
// Each process tells of its own part: a span for each call that it serves, and one for each that it
// makes to another process.
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <mutex>
#include <string>
#include <vector>

#include "chains/core/receipt.h"
#include "chains/v1/telemetry.pb.h"

namespace chains {

// The calls of a traced request as far as this process made or served them, in the order in which
// they began; none of one that is not traced. `process` is who tells. On the request's loop.
std::vector<v1::Span> SpansOf(const internal::Receipt& receipt, const std::string& process);

// Thread-safe. Bounded: what does not fit is dropped, and counted.
class SpanQueue {
 public:
  static constexpr size_t kMaxSpans = 4096;
  static constexpr size_t kMaxBytes = size_t{64} << 20;  // of spans with messages
  static constexpr size_t kMaxSpansTaken = 512;
  static constexpr size_t kMaxBytesTaken = size_t{8} << 20;  // more only if one span has more

  // `process`: what its spans say of who tells.
  explicit SpanQueue(std::string process) : process_(std::move(process)) {}
  SpanQueue(const SpanQueue&) = delete;

  const std::string& process() const { return process_; }

  void Add(v1::Span span);
  void Add(std::vector<v1::Span> spans);
  // SpansOf(receipt), on its loop. What the receipt had no room for counts as dropped.
  void AddCallsOf(const internal::Receipt& receipt);
  // So many were not even made.
  void Drop(uint64_t spans);

  // The oldest spans, and how many were dropped so far.
  void TakeInto(v1::Telemetry& telemetry);
  // All there are.
  std::vector<v1::Span> TakeAll();
  bool empty() const;
  uint64_t dropped() const;

 private:
  void AddOne(v1::Span span);  // with mutex_ held

  const std::string process_;
  mutable std::mutex mutex_;
  std::deque<v1::Span> spans_;  // guarded by mutex_, as are the others
  size_t bytes_ = 0;
  uint64_t dropped_ = 0;
};

}  // namespace chains
