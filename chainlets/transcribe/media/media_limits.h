// MediaLimits: what one recording may cost.
#pragma once

#include <cstddef>
#include <cstdint>
#include <stop_token>

#include "absl/time/time.h"

namespace transcribe {

struct MediaLimits {
  // Of the file.
  uint64_t bytes = 100'000'000;
  // Of the decoded recording; a small compressed file can hold a very long one.
  absl::Duration longest = absl::Hours(1);
  // Inside MediaReader, waits for bytes included.
  absl::Duration time = absl::Minutes(10);
  // Of a file; more than any recording has.
  int streams = 32;
  // How far a file is read before it must have said what it is.
  int64_t probe_bytes = 1 << 20;
  // Asked to stop, the reader fails CANCELLED.
  std::stop_token stop = {};
};

}  // namespace transcribe
