// Sizes, times and ages as people read them. Pure.
#pragma once

#include <cstdint>
#include <string>

#include "absl/time/time.h"

namespace chains::deploy::cli {

std::string HumanBytes(uint64_t bytes);      // "512 B", "1.5 MiB"
std::string HumanTime(absl::Duration time);  // "840 µs", "12.3 ms", "4.5 s", "2m10s"
std::string HumanAge(absl::Duration age);    // "now", "45s", "12m", "3h", "5d"
std::string Ago(absl::Duration age);         // "now", "45s ago"
std::string HumanNumber(double number);      // "0", "4.2", "1500"
// An instant as this machine's clock shows it: "14:03:07.120".
std::string ClockTime(int64_t unix_ms);

}  // namespace chains::deploy::cli
