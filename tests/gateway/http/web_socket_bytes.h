// Frames of a WebSocket by hand (RFC 6455, 5.2): what a client sends, well or badly, and what a
// server sent.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "chains/core/text.h"

namespace chains::gateway {

constexpr int kContinuation = 0;
constexpr int kText = 1;
constexpr int kBinary = 2;
constexpr int kClose = 8;
constexpr int kPing = 9;
constexpr int kPong = 10;

struct FrameOptions {
  bool fin = true;
  int rsv = 0;
  bool masked = true;
  std::optional<uint64_t> says = std::nullopt;  // the length that it says, where that is a lie
  int length_bytes = -1;                        // of the extended length; -1: as few as it takes
};

inline std::string BigEndian(uint64_t number, int bytes) {
  std::string text;
  for (int i = bytes - 1; i >= 0; --i) text.push_back(static_cast<char>(number >> (8 * i)));
  return text;
}

inline std::string ClientFrame(int opcode, std::string_view payload, FrameOptions options = {}) {
  constexpr std::string_view kMask = "\x37\xFA\x21\x3D";  // RFC 6455's example
  const uint64_t length = options.says.value_or(payload.size());
  int extended = options.length_bytes;
  if (extended < 0) extended = length < 126 ? 0 : length < 65536 ? 2 : 8;
  std::string frame;
  frame.push_back(static_cast<char>((options.fin ? 0x80 : 0) | (options.rsv << 4) | opcode));
  const uint64_t short_length = extended == 0 ? length : extended == 2 ? 126 : 127;
  frame.push_back(static_cast<char>((options.masked ? 0x80 : 0) | short_length));
  frame += BigEndian(length, extended);
  if (options.masked) frame += kMask;
  for (size_t i = 0; i < payload.size(); ++i) {
    frame.push_back(options.masked ? static_cast<char>(payload[i] ^ kMask[i % 4]) : payload[i]);
  }
  return frame;
}

inline std::string TextFrame(std::string_view text) { return ClientFrame(kText, text); }
inline std::string CloseFrame(uint16_t code, std::string_view reason = "") {
  return ClientFrame(kClose, Text(BigEndian(code, 2), reason));
}

struct ServerFrame {
  bool fin;
  int opcode;
  std::string payload;
  bool operator==(const ServerFrame&) const = default;
};

// The whole frames of `bytes`, which it takes from there. A server's are not masked.
inline std::vector<ServerFrame> TakeFrames(std::string& bytes) {
  std::vector<ServerFrame> frames;
  size_t at = 0;
  while (bytes.size() - at >= 2) {
    const auto byte = [&](size_t i) { return static_cast<uint8_t>(bytes[at + i]); };
    uint64_t length = byte(1);
    size_t head = 2;
    if (length >= 126) {
      const size_t extended = length == 126 ? 2 : 8;
      if (bytes.size() - at < head + extended) break;
      length = 0;
      for (size_t i = 0; i < extended; ++i) length = length << 8 | byte(head + i);
      head += extended;
    }
    if (bytes.size() - at - head < length) break;
    frames.push_back({(byte(0) & 0x80) != 0, byte(0) & 0x7F, bytes.substr(at + head, length)});
    at += head + length;
  }
  bytes.erase(0, at);
  return frames;
}

// For messages of tests: "text:abc", "close:1000:bye", "ping:"; "+" where more fragments follow.
inline std::string Shown(const ServerFrame& frame) {
  const std::string more = frame.fin ? "" : "+";
  switch (frame.opcode) {
    case kContinuation:
      return Text("continuation", more, ":", frame.payload);
    case kText:
      return Text("text", more, ":", frame.payload);
    case kBinary:
      return Text("binary", more, ":", frame.payload);
    case kPing:
      return Text("ping:", frame.payload);
    case kPong:
      return Text("pong:", frame.payload);
    case kClose: {
      if (frame.payload.size() < 2) return Text("close:", frame.payload.empty() ? "" : "broken");
      const int code =
          static_cast<uint8_t>(frame.payload[0]) << 8 | static_cast<uint8_t>(frame.payload[1]);
      return Text("close:", code, ":", frame.payload.substr(2));
    }
    default:
      return Text("opcode ", frame.opcode);
  }
}

inline std::vector<std::string> ShownFrames(std::string& bytes) {
  std::vector<std::string> shown;
  for (const ServerFrame& frame : TakeFrames(bytes)) shown.push_back(Shown(frame));
  return shown;
}

}  // namespace chains::gateway
