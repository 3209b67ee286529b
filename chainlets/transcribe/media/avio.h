// Avio: FFmpeg's libraries read a MediaSource through it. They open nothing else.
#pragma once

#include <cstdint>
#include <memory>

#include "absl/status/status.h"
#include "absl/time/time.h"
#include "media/media_limits.h"
#include "media/source.h"

struct AVIOContext;

namespace transcribe {

// For one thread at a time. The source outlives it.
class Avio {
 public:
  Avio(MediaSource& source, const MediaLimits& limits);
  ~Avio();
  Avio(const Avio&) = delete;

  AVIOContext* context() { return context_; }

  // Time is measured between these, and added up.
  void Enter();
  void Leave();
  // Why the reader must end: the source failed, it took too long, or it was asked to stop.
  absl::Status status();

 private:
  static int Read(void* self, uint8_t* to, int count);
  static int64_t Seek(void* self, int64_t offset, int whence);

  MediaSource& source_;
  const std::stop_token stop_;
  const absl::Duration allowed_;
  AVIOContext* context_ = nullptr;
  int64_t position_ = 0;
  absl::Duration spent_;
  absl::Time entered_ = absl::InfiniteFuture();
  absl::Status failure_;
};

}  // namespace transcribe
