// The calls of one request as people see them: what was called by what, and when. Pure.
//
//   hello.HelloAll.RunRemote      ███████████████  965 µs  user 120 µs
//   ├─ hello.SayHello.RunRemote    ██████          454 µs  queue 12 µs
//   └─ hello.SayHello.RunRemote          ████████  510 µs  UNAVAILABLE: no, attempt 2
#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "chains/v1/telemetry.pb.h"

namespace chains::internal {

inline constexpr size_t kWaterfallColumns = 100;  // as wide as a line is at least made for

// Lines, each with a line end; "" without spans. A span that another process tells of, of a call
// that is here, too, is one line with it. Calls whose caller is not among them stand first.
std::string Waterfall(const std::vector<v1::Span>& spans, size_t columns);

}  // namespace chains::internal
