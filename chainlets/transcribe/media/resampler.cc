#include "media/resampler.h"

#include <cstddef>
#include <cstdint>
#include <vector>

#include "absl/strings/str_cat.h"

extern "C" {
#include <libavutil/channel_layout.h>
#include <libavutil/frame.h>
#include <libavutil/samplefmt.h>
#include <libswresample/swresample.h>
}

namespace transcribe {
namespace {

constexpr int kLowestRate = 1'000;
constexpr int kHighestRate = 768'000;
constexpr int kMostChannels = 64;
// Of one frame: FFmpeg's decoders give some thousand; this is what an hour at 44.1 kHz could not.
constexpr int kMostFrameSamples = 1 << 24;

absl::Status Check(const AVFrame& frame) {
  if (frame.sample_rate < kLowestRate || frame.sample_rate > kHighestRate) {
    return absl::InvalidArgumentError(
        absl::StrCat("media: a sampling rate of ", frame.sample_rate, " Hz is not supported"));
  }
  if (frame.ch_layout.nb_channels < 1 || frame.ch_layout.nb_channels > kMostChannels) {
    return absl::InvalidArgumentError(
        absl::StrCat("media: ", frame.ch_layout.nb_channels, " channels are not supported"));
  }
  if (frame.nb_samples < 0 || frame.nb_samples > kMostFrameSamples) {
    return absl::InvalidArgumentError("media: a frame is too long");
  }
  return absl::OkStatus();
}

}  // namespace

Resampler::~Resampler() { swr_free(&swr_); }

void Resampler::Reset() { swr_free(&swr_); }

absl::Status Resampler::Begin(const AVFrame& frame) {
  AVChannelLayout mono = AV_CHANNEL_LAYOUT_MONO;
  // Where its channels are does not matter: all count the same.
  AVChannelLayout from = {};
  from.order = AV_CHANNEL_ORDER_UNSPEC;
  from.nb_channels = frame.ch_layout.nb_channels;
  if (from.nb_channels == 1) from = mono;
  if (swr_alloc_set_opts2(&swr_, &mono, AV_SAMPLE_FMT_S16, kSampleRate, &from,
                          static_cast<AVSampleFormat>(frame.format), frame.sample_rate, 0,
                          nullptr) < 0) {
    return absl::InternalError("media: samples of this kind cannot be converted");
  }
  const std::vector<double> equal(static_cast<size_t>(from.nb_channels), 1.0 / from.nb_channels);
  if ((from.nb_channels > 1 && swr_set_matrix(swr_, equal.data(), from.nb_channels) < 0) ||
      swr_init(swr_) < 0) {
    swr_free(&swr_);
    return absl::InvalidArgumentError("media: samples of this kind cannot be converted");
  }
  rate_ = frame.sample_rate;
  format_ = frame.format;
  channels_ = frame.ch_layout.nb_channels;
  return absl::OkStatus();
}

absl::Status Resampler::Convert(const AVFrame& frame, Samples& out) {
  if (absl::Status status = Check(frame); !status.ok()) return status;
  if (swr_ != nullptr && (frame.sample_rate != rate_ || frame.format != format_ ||
                          frame.ch_layout.nb_channels != channels_)) {
    if (absl::Status status = Finish(out); !status.ok()) return status;
  }
  if (swr_ == nullptr) {
    if (absl::Status status = Begin(frame); !status.ok()) return status;
  }
  return Take(&frame, out);
}

absl::Status Resampler::Finish(Samples& out) {
  if (swr_ == nullptr) return absl::OkStatus();
  absl::Status status = Take(nullptr, out);
  Reset();
  return status;
}

absl::Status Resampler::Take(const AVFrame* frame, Samples& out) {
  const int given = frame == nullptr ? 0 : frame->nb_samples;
  const int most = swr_get_out_samples(swr_, given);
  if (most < 0) return absl::InternalError("media: resampling failed");
  const size_t before = out.size();
  out.resize(before + static_cast<size_t>(most));
  auto* to = reinterpret_cast<uint8_t*>(out.data() + before);
  const auto** from =
      frame == nullptr ? nullptr : const_cast<const uint8_t**>(frame->extended_data);
  const int made = swr_convert(swr_, &to, most, from, given);
  out.resize(before + static_cast<size_t>(made < 0 ? 0 : made));
  if (made < 0) return absl::InternalError("media: resampling failed");
  return absl::OkStatus();
}

}  // namespace transcribe
