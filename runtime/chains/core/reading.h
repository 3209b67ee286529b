// Reading: one Next() that waits for a stream's producer. Implementation detail of stream.h.
//
// A Stream, the producer's frame and the coroutine in Next() may have different owners, who may let
// go of them in any order. These three know each other, so that nothing is resumed or dropped
// through a pointer to what is gone.
#pragma once

#include "chains/core/promise.h"

namespace chains::internal {

class StreamOwner;
class StreamPromiseBase;

// From when the producer runs until it yields, ends or fails. Ended before that, with the frame
// that waits, it drops the producer.
class Reading {
 public:
  Reading() = default;
  Reading(const Reading&) = delete;
  ~Reading() { Stop(); }

  // OK, or why nobody can wait for this producer (null: it was dropped) now.
  absl::Status Begin(StreamPromiseBase* producer);
  void End();
  // Drops the producer.
  void Stop() {
    if (producer_ != nullptr) StopProducer();
  }

 private:
  friend class StreamPromiseBase;
  static absl::Status Refusal(const StreamPromiseBase* producer);
  void StopProducer();
  StreamPromiseBase* producer_ = nullptr;  // while it runs
};

// What a Stream is: it owns a producer, unless that was dropped or moved away.
class StreamOwner {
 protected:
  explicit StreamOwner(StreamPromiseBase* producer);
  StreamOwner(StreamOwner&& other) noexcept : StreamOwner(other.producer_) {
    other.producer_ = nullptr;
  }
  void Swap(StreamOwner& other) noexcept;
  ~StreamOwner() { DropProducer(); }
  StreamPromiseBase* producer() const { return producer_; }

 private:
  friend class Reading;
  void DropProducer();
  StreamPromiseBase* producer_;
};

class StreamPromiseBase : public Promise {
 public:
  StreamPromiseBase() = default;

 protected:
  ~StreamPromiseBase() { Unlink(); }

 private:
  friend class Reading;
  friend class StreamOwner;
  void Unlink();
  Reading* reading_ = nullptr;
  StreamOwner* owner_ = nullptr;
};

// Every item passes these, once for each coroutine that it comes through.
inline absl::Status Reading::Begin(StreamPromiseBase* producer) {
  if (producer == nullptr || producer->reading_ != nullptr) return Refusal(producer);
  producer_ = producer;
  producer->reading_ = this;
  return absl::OkStatus();
}

inline void Reading::End() {
  if (producer_ == nullptr) return;
  producer_->reading_ = nullptr;
  producer_ = nullptr;
}

}  // namespace chains::internal
