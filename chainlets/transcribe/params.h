// The options of a request, checked, as the splitter takes them.
#pragma once

#include "absl/status/statusor.h"
#include "splitter.h"
#include "transcribe.pb.h"

namespace transcribe {

// The longest chunk that the recognizer takes.
inline constexpr double kLongestChunkSeconds = 60;

// Fills in what `params` leaves out. INVALID_ARGUMENT names the first field that is out of range,
// its value and the range.
absl::StatusOr<SplitOptions> ReadParams(const TranscribeParams& params);

}  // namespace transcribe
