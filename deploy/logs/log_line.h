// Lines of logs: from what a process writes, and as they are kept.
//
//   v1::LogLine line = FromOutput(R"({"level":"info","message":"loaded 3 voices"})", absl::Now());
//   line.set_chainlet("hello.SayHello");
//   file << ToJson(line);
//
// A line of output that is a JSON object with a text "message" is an event of its own; of its
// fields "time", "level", "message", "request_id" and "trace_id" are taken over. Any other line, of
// whatever bytes, is a message. Pure.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

#include "absl/time/time.h"
#include "chains/v1/platform.pb.h"

namespace chains::deploy {

// A longer message is cut there, and ends "… (123 bytes more)".
inline constexpr size_t kMostMessageBytes = 16 * 1024;

// A line without its newline; all its texts are UTF-8. Its time is `read`, unless it says a sane
// one.
v1::LogLine FromOutput(std::string_view text, absl::Time read);

// {"time":"2026-11-26T10:00:00.123Z","level":…,"message":…,"request_id":…,"trace_id":…,"chain":…,
// "deployment":…,"chainlet":…,"replica":…} and a newline; fields without a value are left out.
std::string ToJson(const v1::LogLine& line);
// nullopt: it is none.
std::optional<v1::LogLine> FromJson(std::string_view json);

// Bytes that are not UTF-8 become U+FFFD.
std::string ToUtf8(std::string_view bytes);

}  // namespace chains::deploy
