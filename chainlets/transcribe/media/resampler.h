// Resampler: decoded frames of any kind to mono samples at kSampleRate.
#pragma once

#include <memory>

#include "absl/status/status.h"
#include "audio.h"

struct AVFrame;
struct SwrContext;

namespace transcribe {

// For one thread at a time.
class Resampler {
 public:
  Resampler() = default;
  ~Resampler();
  Resampler(const Resampler&) = delete;

  // Appends what `frame` becomes; the filter holds some samples back. Channels are averaged. A
  // frame of another kind than the one before ends what was before. INVALID_ARGUMENT for a kind
  // that nobody records in.
  absl::Status Convert(const AVFrame& frame, Samples& out);
  // Appends what was held back. The next frame begins anew.
  absl::Status Finish(Samples& out);
  // Forgets what was held back.
  void Reset();

 private:
  absl::Status Begin(const AVFrame& frame);
  absl::Status Take(const AVFrame* frame, Samples& out);

  SwrContext* swr_ = nullptr;
  int rate_ = 0;
  int format_ = -1;
  int channels_ = 0;
};

}  // namespace transcribe
