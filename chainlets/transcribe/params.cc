#include "params.h"

#include <algorithm>
#include <cmath>
#include <cstdint>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "audio.h"

namespace transcribe {
namespace {

constexpr double kLongestMacroChunkSeconds = 24 * 3600;
constexpr double kMostOverlapSeconds = 30;
constexpr double kDefaultMacroSeconds = 300;
constexpr double kDefaultMicroSeconds = 5;
constexpr int32_t kDefaultSmoothing = 1600;
constexpr int32_t kMostSmoothing = 10 * kSampleRate;

absl::Status OutOfRange(absl::string_view field, double value, absl::string_view range) {
  return absl::InvalidArgumentError(absl::StrCat("params.", field, " is ", value, "; ", range));
}

size_t ToSamples(double seconds) {
  return static_cast<size_t>(std::llround(seconds * kSampleRate));
}

}  // namespace

absl::StatusOr<Options> ReadParams(const TranscribeParams& params) {
  if (params.has_wav_sampling_rate_hz() && params.wav_sampling_rate_hz() != kSampleRate) {
    return OutOfRange("wav_sampling_rate_hz", params.wav_sampling_rate_hz(),
                      "the speech model takes 16000 only");
  }
  // Each comparison is false for a NaN.
  const double micro =
      params.has_micro_chunk_size_sec() ? params.micro_chunk_size_sec() : kDefaultMicroSeconds;
  if (!(micro >= 1 && micro <= kLongestChunkSeconds)) {
    return OutOfRange("micro_chunk_size_sec", micro, "it can be 1 to 60");
  }
  const double macro =
      params.has_macro_chunk_size_sec() ? params.macro_chunk_size_sec() : kDefaultMacroSeconds;
  if (!(macro >= micro && macro <= kLongestMacroChunkSeconds)) {
    return OutOfRange("macro_chunk_size_sec", macro,
                      "it can be micro_chunk_size_sec to 86400 (a day)");
  }
  const double overlap = params.macro_chunk_overlap_sec();
  if (!(overlap >= 0 && overlap < macro / 2 && overlap <= kMostOverlapSeconds)) {
    return OutOfRange("macro_chunk_overlap_sec", overlap,
                      "it can be 0 to less than half of macro_chunk_size_sec, and 30 at most");
  }
  const int32_t smoothing = params.has_silence_detection_smoothing_num_samples()
                                ? params.silence_detection_smoothing_num_samples()
                                : kDefaultSmoothing;
  if (smoothing < 1 || smoothing > kMostSmoothing) {
    return OutOfRange("silence_detection_smoothing_num_samples", smoothing,
                      "it can be 1 to 160000");
  }
  Options options;
  options.micro = {.size = ToSamples(micro),
                   .window = ToSamples(micro) / 2,
                   .smoothing = static_cast<size_t>(smoothing)};
  // A pause is found within a micro chunk's length, so that little is decoded to find it.
  options.macro = {.size = std::min(ToSamples(macro), kLongestMacroChunk),
                   .window = std::min(ToSamples(macro) / 2, ToSamples(micro)),
                   .smoothing = static_cast<size_t>(smoothing),
                   .reach_back = ToSamples(overlap)};
  options.allow_partial = !params.has_allow_partial() || params.allow_partial();
  return options;
}

}  // namespace transcribe
