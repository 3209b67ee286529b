// DecoderPool: the decoders of a process. A decoder is used by one thread at a time and costs up to
// a second and much memory to make, so few are made, when they are needed, and kept.
#pragma once

#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <span>
#include <stop_token>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "decoder.h"

namespace transcribe {

// Thread-safe.
class DecoderPool {
 public:
  // Called by one thread per decoder that is made.
  using Load = std::function<absl::StatusOr<std::unique_ptr<Decoder>>()>;

  // Makes at most `max_decoders` (at least 1), and none before it is needed.
  DecoderPool(Load load, size_t max_decoders);

  // Decodes on the caller's thread, with an idle decoder, a new one, or the next that becomes idle.
  // CANCELLED when `stop` was requested while it waited for one; when a decoder cannot be loaded,
  // that status, and the next call tries again. A decoder that failed is not used again.
  absl::StatusOr<std::string> Decode(std::span<const int16_t> samples, const std::stop_token& stop);

 private:
  absl::StatusOr<std::unique_ptr<Decoder>> Acquire(const std::stop_token& stop);
  void Release(std::unique_ptr<Decoder> decoder);

  const Load load_;
  const size_t max_decoders_;
  std::mutex mutex_;
  std::condition_variable_any released_;
  std::vector<std::unique_ptr<Decoder>> idle_;  // guarded by mutex_, as is what follows
  size_t made_ = 0;                             // and being made
};

}  // namespace transcribe
