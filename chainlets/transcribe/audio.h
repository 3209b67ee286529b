// Audio as the recognizer hears it: mono, 16 bit, 16,000 samples a second.
//
//   absl::StatusOr<Samples> samples = DecodeAudio(wav_bytes, AudioLimits());
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/time/time.h"

namespace transcribe {

inline constexpr int kSampleRate = 16'000;

using Samples = std::vector<int16_t>;

struct AudioLimits {
  // Of the decoded recording; a small compressed file can hold a very long one.
  absl::Duration longest = absl::Hours(1);
};

// Reads a whole file of any kind, sampling rate and number of channels that libsndfile knows (WAV,
// FLAC, Ogg, AIFF, …). Channels are averaged. A recording without samples gives none.
// INVALID_ARGUMENT for what is no audio and for what is longer than the limit.
absl::StatusOr<Samples> DecodeAudio(std::string_view file, const AudioLimits& limits);

// As bytes of PCM: 16 bit, signed, little endian.
std::string ToPcm(std::span<const int16_t> samples);
// INVALID_ARGUMENT for half a sample.
absl::StatusOr<Samples> FromPcm(std::string_view pcm);

// How long `samples` samples last.
constexpr double Seconds(size_t samples) { return static_cast<double>(samples) / kSampleRate; }

}  // namespace transcribe
