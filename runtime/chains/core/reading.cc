#include "chains/core/reading.h"

#include <utility>

namespace chains::internal {

absl::Status Reading::Refusal(const StreamPromiseBase* producer) {
  return absl::CancelledError(
      producer == nullptr ? "the stream ended when a coroutine in its Next() was dropped"
                          : "another coroutine is, or was dropped, in Next() of this stream");
}

void Reading::StopProducer() { producer_->owner_->DropProducer(); }

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
