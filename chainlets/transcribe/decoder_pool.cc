#include "decoder_pool.h"

#include <utility>

#include "absl/status/status.h"

namespace transcribe {

DecoderPool::DecoderPool(Load load, size_t max_decoders)
    : load_(std::move(load)), max_decoders_(max_decoders) {}

absl::StatusOr<std::string> DecoderPool::Decode(std::span<const int16_t> samples,
                                                const std::stop_token& stop) {
  absl::StatusOr<std::unique_ptr<Decoder>> decoder = Acquire(stop);
  if (!decoder.ok()) return decoder.status();
  absl::StatusOr<std::string> words = (*decoder)->Decode(samples);
  Release(words.ok() ? *std::move(decoder) : nullptr);
  return words;
}

absl::StatusOr<std::unique_ptr<Decoder>> DecoderPool::Acquire(const std::stop_token& stop) {
  {
    std::unique_lock lock(mutex_);
    if (!released_.wait(lock, stop, [&] { return !idle_.empty() || made_ < max_decoders_; })) {
      return absl::CancelledError("nobody waits for this chunk any more");
    }
    if (!idle_.empty()) {
      std::unique_ptr<Decoder> decoder = std::move(idle_.back());
      idle_.pop_back();
      return decoder;
    }
    ++made_;
  }
  absl::StatusOr<std::unique_ptr<Decoder>> decoder = load_();
  if (!decoder.ok()) Release(nullptr);
  return decoder;
}

// A null decoder stands for one that is gone: there is room to make another.
void DecoderPool::Release(std::unique_ptr<Decoder> decoder) {
  {
    std::lock_guard lock(mutex_);
    if (decoder == nullptr) {
      --made_;
    } else {
      idle_.push_back(std::move(decoder));
    }
  }
  released_.notify_one();
}

}  // namespace transcribe
