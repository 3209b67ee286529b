// The floor of a caller that reads streams: one thread, one queue, one read at a time.
#pragma once

#include "tests/bench/callers/closed_loop.h"

namespace bench {

// Reads streams of bench.Echo's Repeat in a closed loop, and prints what ClosedLoop::Report() does;
// the exit code.
int ReadRawStreams(const CallerOptions& options);

}  // namespace bench
