// Puts what became of each chunk back into one transcript.
#pragma once

#include <span>
#include <vector>

#include "absl/status/statusor.h"
#include "splitter.h"
#include "transcribe.pb.h"

namespace transcribe {

// A segment per chunk, in the order of `chunks`; outcomes[i] belongs to chunks[i]. A failed one
// becomes its segment's error.
std::vector<Segment> Join(std::span<const Chunk> chunks,
                          std::span<const absl::StatusOr<RecognizeResponse>> outcomes);

}  // namespace transcribe
