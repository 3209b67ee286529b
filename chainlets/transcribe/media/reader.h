// MediaReader: any file of audio, or of video with sound, as samples that the recognizer hears.
//
//   MemorySource source(bytes);
//   auto reader = MediaReader::Open(source, MediaLimits());
//   while (true) {
//     absl::StatusOr<Samples> samples = (*reader)->Read();   // empty at the end
//     …
//   }
//
// FFmpeg's libraries do the work. What they are given is hostile: they open no other file and no
// address, run no decoder but of audio, on one thread, and stay within MediaLimits.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "audio.h"
#include "media/avio.h"
#include "media/media_limits.h"
#include "media/resampler.h"
#include "media/source.h"

struct AVCodecContext;
struct AVFormatContext;
struct AVFrame;
struct AVPacket;
struct AVStream;

namespace transcribe {

struct MediaDescription {
  std::string format;  // FFmpeg's names
  std::string codec;
  int rate = 0;  // as it was recorded
  int channels = 0;
  // As the file says; it may lie.
  std::optional<double> seconds;
  // Whether Seek() finds a sample exactly, and without reading what lies before it.
  bool seeks_exactly = false;
};

// For one thread at a time, any thread.
class MediaReader {
 public:
  // `source` outlives the reader. INVALID_ARGUMENT for what is no audio.
  static absl::StatusOr<std::unique_ptr<MediaReader>> Open(MediaSource& source,
                                                           const MediaLimits& limits);
  ~MediaReader();
  MediaReader(const MediaReader&) = delete;

  const MediaDescription& about() const { return about_; }
  // Of the next sample that Read() gives, counted from the begin of the recording.
  uint64_t position() const { return static_cast<uint64_t>(std::max<int64_t>(position_, 0)); }

  // The samples that follow, some thousand at most as a rule; none at the end. What cannot be
  // decoded in between is left out. INVALID_ARGUMENT when the recording is longer than allowed; the
  // source's own failure; DEADLINE_EXCEEDED, CANCELLED as MediaLimits say.
  absl::StatusOr<Samples> Read();

  // Read() goes on at `sample`, or at the end when there are not so many. Only where the
  // description says that it seeks exactly.
  absl::Status Seek(uint64_t sample);

 private:
  MediaReader(MediaSource& source, const MediaLimits& limits)
      : avio_(source, limits), limits_(limits) {}
  absl::Status OpenFile();
  absl::Status OpenCodec();
  void Describe();
  absl::Status ReadFrame(Samples& out);
  absl::Status FeedDecoder();
  // Puts the count of samples right by the frame's time; after a seek, and at the begin.
  void FindPosition(const AVFrame& frame);
  absl::Status Longer() const;

  Avio avio_;
  const MediaLimits limits_;
  MediaDescription about_;
  Resampler resampler_;
  AVFormatContext* format_ = nullptr;
  AVCodecContext* codec_ = nullptr;
  AVStream* stream_ = nullptr;
  AVPacket* packet_ = nullptr;
  AVFrame* frame_ = nullptr;
  bool fed_all_ = false;  // the decoder was told that no packet follows
  bool ended_ = false;
  bool position_known_ = false;
  int64_t position_ = 0;  // of the next sample; some codecs begin before the recording does
  int64_t wanted_ = 0;    // samples before it are left out
};

// All of a file that is in memory. A recording without samples gives none.
absl::StatusOr<Samples> DecodeAudio(std::string_view file, const MediaLimits& limits);

}  // namespace transcribe
