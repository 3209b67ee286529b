// Times, durations and field masks as proto3 JSON writes them.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace chains::json {

// What google.protobuf.Timestamp and Duration hold; for a negative duration both are ≤ 0.
struct SecondsAndNanos {
  int64_t seconds = 0;
  int32_t nanos = 0;
};

// "2026-11-23T22:50:22.5Z", any offset. nullopt: no such time, or outside of years 1 to 9999.
std::optional<SecondsAndNanos> ParseTimestamp(std::string_view text);
std::optional<std::string> FormatTimestamp(SecondsAndNanos time);

// "1.5s". nullopt: no such duration, or longer than 10,000 years.
std::optional<SecondsAndNanos> ParseDuration(std::string_view text);
std::optional<std::string> FormatDuration(SecondsAndNanos duration);

// "userName" ↔ "user_name". nullopt where the one does not give back the other.
std::optional<std::string> SnakeFromCamel(std::string_view camel);
std::optional<std::string> CamelFromSnake(std::string_view snake);

}  // namespace chains::json
