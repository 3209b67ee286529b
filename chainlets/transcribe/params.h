// The options of a request, checked.
#pragma once

#include <cstddef>

#include "absl/status/statusor.h"
#include "cutter.h"
#include "transcribe.pb.h"

namespace transcribe {

// The longest chunk that the recognizer takes.
inline constexpr double kLongestChunkSeconds = 60;
// The longest stretch that is sent to one worker at a time, in samples.
inline constexpr size_t kLongestMacroChunk = 1800 * size_t{kSampleRate};

struct Options {
  CutOptions macro;
  CutOptions micro;
  bool allow_partial = true;
};

// Fills in what `params` leaves out. INVALID_ARGUMENT names the first field that is out of range,
// its value and the range.
absl::StatusOr<Options> ReadParams(const TranscribeParams& params);

}  // namespace transcribe
