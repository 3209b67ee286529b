// Lines of logs: from what a process writes, and as they are kept.
//
//   v1::LogLine line = FromOutput(R"({"level":"info","message":"loaded 3 voices"})", absl::Now());
//   line.set_chainlet("hello.SayHello");
//   file << ToJson(line);
//
// A line of output that is a JSON object with a text "message" is an event of its own: "time",
// "level", "message", "request_id" and "trace_id" are what they say; further members that are
// texts, numbers or booleans, and those of the object "fields", are its fields. Any other line, of
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

// Further fields of a line are left out.
inline constexpr int kMostFields = 32;

// A line without its newline; all its texts are UTF-8. Its time is `read`, unless it says a sane
// one. Of what it says of its process the chainlet is taken over, for the caller to check.
v1::LogLine FromOutput(std::string_view text, absl::Time read);

// {"time":"2026-11-26T10:00:00.123Z","level":…,"message":…,"request_id":…,"trace_id":…,"chain":…,
// "deployment":…,"chainlet":…,"replica":…,"fields":{…}} and a newline; members without a value are
// left out.
std::string ToJson(const v1::LogLine& line);
// nullopt: it is none.
std::optional<v1::LogLine> FromJson(std::string_view json);

// Bytes that are not UTF-8 become U+FFFD.
std::string ToUtf8(std::string_view bytes);

}  // namespace chains::deploy
