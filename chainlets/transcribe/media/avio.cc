#include "media/avio.h"

#include <span>
#include <utility>

#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"

extern "C" {
#include <libavformat/avformat.h>
#include <libavutil/mem.h>
}

namespace transcribe {
namespace {

constexpr int kBufferBytes = 1 << 15;

}  // namespace

Avio::Avio(MediaSource& source, const MediaLimits& limits)
    : source_(source), stop_(limits.stop), allowed_(limits.time) {
  auto* buffer = static_cast<unsigned char*>(av_malloc(kBufferBytes));
  if (buffer == nullptr) return;
  context_ = avio_alloc_context(buffer, kBufferBytes, 0, this, &Read, nullptr, &Seek);
  if (context_ == nullptr) av_free(buffer);
}

Avio::~Avio() {
  // The libraries may have exchanged the buffer for another.
  if (context_ != nullptr) av_freep(&context_->buffer);
  avio_context_free(&context_);
}

void Avio::Enter() { entered_ = absl::Now(); }

void Avio::Leave() {
  spent_ += absl::Now() - entered_;
  entered_ = absl::InfiniteFuture();
}

absl::Status Avio::status() {
  if (!failure_.ok()) return failure_;
  if (stop_.stop_requested()) {
    failure_ = absl::CancelledError("nobody waits for this recording any more");
  } else if (spent_ + (absl::Now() - entered_) > allowed_) {
    failure_ = absl::DeadlineExceededError(
        absl::StrCat("media: it is not decoded in the allowed ", absl::FormatDuration(allowed_)));
  }
  return failure_;
}

int Avio::Read(void* self, uint8_t* to, int count) {
  auto& avio = *static_cast<Avio*>(self);
  if (!avio.status().ok() || count <= 0) return AVERROR_EXIT;
  const absl::StatusOr<size_t> read =
      avio.source_.ReadAt(static_cast<uint64_t>(avio.position_),
                          std::span(reinterpret_cast<char*>(to), static_cast<size_t>(count)));
  if (!read.ok()) {
    avio.failure_ = read.status();
    return AVERROR_EXIT;
  }
  if (*read == 0) return AVERROR_EOF;
  avio.position_ += static_cast<int64_t>(*read);
  return static_cast<int>(*read);
}

int64_t Avio::Seek(void* self, int64_t offset, int whence) {
  auto& avio = *static_cast<Avio*>(self);
  const auto size = static_cast<int64_t>(avio.source_.size());
  if ((whence & AVSEEK_SIZE) != 0) return size;
  int64_t base = 0;
  switch (whence & ~AVSEEK_FORCE) {
    case SEEK_SET:
      break;
    case SEEK_CUR:
      base = avio.position_;
      break;
    case SEEK_END:
      base = size;
      break;
    default:
      return AVERROR(EINVAL);
  }
  if (__builtin_add_overflow(base, offset, &base) || base < 0) return AVERROR(EINVAL);
  avio.position_ = base;
  return base;
}

}  // namespace transcribe
