// Telling: what a gateway has yet to tell its platform of its requests: spans, in a queue that is
// bounded; and which requests are traced at all.
//
//   telling.Begin("gateway");
//   telling.sampling().Update(table.tracing());
//   …
//   telling.Add(std::move(spans));                 // a request that is traced has ended
//   telling.TakeInto(*seen.mutable_telemetry());   // with what is said next
#pragma once

#include <cstddef>
#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "chains/contract/spans.h"
#include "chains/v1/telemetry.pb.h"
#include "gateway/app/sampling.h"

namespace chains::gateway {

// For one thread.
class Telling {
 public:
  // So many spans are not kept until it is time to tell of them.
  static constexpr size_t kMany = SpanQueue::kMaxSpansTaken / 2;

  Telling() = default;
  Telling(const Telling&) = delete;
  Telling& operator=(const Telling&) = delete;

  // There is somebody to tell, of spans of `process`; before the first request.
  void Begin(std::string process);
  // … and others of this process tell, too: into `queue`, which outlives the requests.
  void Begin(SpanQueue& queue) { queue_ = &queue; }
  bool on() const { return queue_ != nullptr; }

  // ---- Where it is on.
  Sampling& sampling() { return sampling_; }
  const std::string& process() const { return queue_->process(); }

  void Add(std::vector<v1::Span> spans);
  // So many were not even made.
  void Drop(size_t spans) { queue_->Drop(spans); }
  // Is called when there are many, once until some are taken.
  void WhenMany(std::function<void()> then) { when_many_ = std::move(then); }

  bool empty() const { return queue_->empty(); }
  bool many() const { return waiting_ >= kMany && !empty(); }
  void TakeInto(v1::Telemetry& telemetry);

 private:
  std::unique_ptr<SpanQueue> own_;
  SpanQueue* queue_ = nullptr;  // null: there is nobody to tell
  Sampling sampling_;
  size_t waiting_ = 0;  // at most so many are in the queue
  std::function<void()> when_many_;
};

}  // namespace chains::gateway
