#include "chains/core/reading.h"

#include <utility>

namespace chains::internal {

absl::Status Reading::Begin(StreamPromiseBase* producer) {
  if (producer == nullptr) {
    return absl::CancelledError("the stream ended when a coroutine in its Next() was dropped");
  }
  if (producer->reading_ != nullptr) {
    return absl::CancelledError("another coroutine is, or was dropped, in Next() of this stream");
  }
  producer_ = producer;
  producer->reading_ = this;
  return absl::OkStatus();
}

void Reading::End() {
  if (producer_ == nullptr) return;
  producer_->reading_ = nullptr;
  producer_ = nullptr;
}

void Reading::Stop() {
  if (producer_ != nullptr) producer_->owner_->DropProducer();
}

StreamOwner::StreamOwner(StreamPromiseBase* producer) : producer_(producer) {
  if (producer_ != nullptr) producer_->owner_ = this;
}

void StreamOwner::Swap(StreamOwner& other) noexcept {
  std::swap(producer_, other.producer_);
  if (producer_ != nullptr) producer_->owner_ = this;
  if (other.producer_ != nullptr) other.producer_->owner_ = &other;
}

void StreamOwner::DropProducer() {
  StreamPromiseBase* const producer = std::exchange(producer_, nullptr);
  if (producer == nullptr) return;
  producer->Unlink();
  Drop(*producer);
}

void StreamPromiseBase::Unlink() {
  if (reading_ != nullptr) std::exchange(reading_, nullptr)->producer_ = nullptr;
  owner_ = nullptr;
}

}  // namespace chains::internal
