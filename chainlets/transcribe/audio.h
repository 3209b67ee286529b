// Audio as the recognizer hears it: mono, 16 bit, 16,000 samples a second.
//
//   absl::StatusOr<Samples> samples = FromPcm(request.pcm());
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"

namespace transcribe {

inline constexpr int kSampleRate = 16'000;

using Samples = std::vector<int16_t>;

// As bytes of PCM: 16 bit, signed, little endian.
std::string ToPcm(std::span<const int16_t> samples);
// INVALID_ARGUMENT for half a sample.
absl::StatusOr<Samples> FromPcm(std::string_view pcm);

// How long `samples` samples last.
constexpr double Seconds(size_t samples) { return static_cast<double>(samples) / kSampleRate; }

}  // namespace transcribe
