// Waiting for what happens, but no longer than until the next call is due.
#pragma once

#include <algorithm>
#include <chrono>

namespace chains::load {

// By how much a wait of the system may be too long: timers of a virtual machine were seen 4 ms
// late. A call that is due sooner is waited for by asking again and again.
inline constexpr std::chrono::nanoseconds kGranularity = std::chrono::milliseconds(5);

// How long to wait for events where the next call is due at `start` and something else, which need
// not be to the point, at `other`. Zero: only look whether there are any, and come back.
inline std::chrono::milliseconds LongestWait(std::chrono::steady_clock::time_point now,
                                             std::chrono::steady_clock::time_point start,
                                             std::chrono::steady_clock::time_point other) {
  using std::chrono::milliseconds;
  const auto wait = std::min(start - now - kGranularity, other - now);
  return std::clamp(std::chrono::ceil<milliseconds>(wait), milliseconds(0), milliseconds(60'000));
}

}  // namespace chains::load
