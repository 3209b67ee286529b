// Segments from what became of chunks.
#pragma once

#include <cstdint>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "transcribe.pb.h"

namespace transcribe {

// Samples [begin, end) of the recording, and what the recognizer heard; a failure is the segment's.
Segment ToSegment(uint64_t begin, uint64_t end, const absl::StatusOr<RecognizeResponse>& heard);
Segment ToFailedSegment(double begin, double end, const absl::Status& failure);

// Why a segment failed; OK when it did not.
absl::Status StatusOf(const Segment& segment);

}  // namespace transcribe
