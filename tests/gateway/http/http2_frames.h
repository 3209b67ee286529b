// Frames of HTTP/2 as bytes, made by hand and taken apart: what a client says, be it right or
// wrong, and what it hears.
#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <nghttp2/nghttp2.h>

namespace chains::gateway::h2 {

inline constexpr std::string_view kPreface = "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";

enum Type : uint8_t {
  kData = 0,
  kHeaders = 1,
  kPriority = 2,
  kReset = 3,
  kSettings = 4,
  kPushPromise = 5,
  kPing = 6,
  kGoAway = 7,
  kWindowUpdate = 8,
  kContinuation = 9,
};
inline constexpr uint8_t kEndStream = 1;
inline constexpr uint8_t kAck = 1;
inline constexpr uint8_t kEndHeaders = 4;
inline constexpr uint8_t kPadded = 8;

inline std::string Number(uint64_t value, int bytes) {
  std::string text;
  for (int i = bytes - 1; i >= 0; --i) text += static_cast<char>(value >> (8 * i));
  return text;
}

inline std::string Frame(uint8_t type, uint8_t flags, uint32_t stream, std::string_view payload) {
  std::string frame = Number(payload.size(), 3);
  frame += static_cast<char>(type);
  frame += static_cast<char>(flags);
  return frame.append(Number(stream, 4)).append(payload);
}

using Fields = std::vector<std::pair<std::string, std::string>>;

// HPACK without compression: each field a literal with a new name, not indexed.
inline std::string Block(const Fields& fields) {
  const auto literal = [](std::string_view text) {
    std::string bytes;
    if (text.size() < 127) {
      bytes += static_cast<char>(text.size());
    } else {
      bytes += static_cast<char>(127);
      size_t rest = text.size() - 127;
      for (; rest >= 128; rest /= 128) bytes += static_cast<char>(128 + rest % 128);
      bytes += static_cast<char>(rest);
    }
    return bytes.append(text);
  };
  std::string block;
  for (const auto& [name, value] : fields) {
    block += '\0';
    block += literal(name) + literal(value);
  }
  return block;
}

inline Fields Get(std::string_view path) {
  return {
      {":method", "GET"}, {":scheme", "http"}, {":path", std::string(path)}, {":authority", "a"}};
}
inline Fields Post(std::string_view path, Fields more = {}) {
  Fields fields = {
      {":method", "POST"}, {":scheme", "http"}, {":path", std::string(path)}, {":authority", "a"}};
  for (auto& field : more) fields.push_back(std::move(field));
  return fields;
}

inline std::string Headers(uint32_t stream, const Fields& fields,
                           uint8_t flags = kEndHeaders | kEndStream) {
  return Frame(kHeaders, flags, stream, Block(fields));
}
inline std::string Data(uint32_t stream, std::string_view bytes, uint8_t flags = 0) {
  return Frame(kData, flags, stream, bytes);
}
inline std::string Reset(uint32_t stream, uint32_t error = NGHTTP2_CANCEL) {
  return Frame(kReset, 0, stream, Number(error, 4));
}
inline std::string Ping(uint8_t flags = 0) { return Frame(kPing, flags, 0, "12345678"); }
inline std::string Settings(std::string_view payload = "") {
  return Frame(kSettings, 0, 0, payload);
}
inline std::string Setting(uint16_t name, uint32_t value) {
  return Number(name, 2) + Number(value, 4);
}
inline std::string WindowUpdate(uint32_t stream, uint32_t more) {
  return Frame(kWindowUpdate, 0, stream, Number(more, 4));
}
inline std::string Hello() { return std::string(kPreface) + Settings(); }

// Everything that a server said, in its order and by stream.
class Heard {
 public:
  Heard() {
    nghttp2_hd_inflater* made = nullptr;
    nghttp2_hd_inflate_new(&made);
    inflater_.reset(made);
  }

  struct Response {
    Fields head;
    std::string body;
    Fields trailers;
    bool ended = false;
    int64_t reset = -1;  // the error
    std::string status() const { return head.empty() ? "" : head.front().second; }
  };

  void Add(std::string_view bytes) {
    rest_.append(bytes);
    while (rest_.size() >= 9) {
      const size_t size = Read(rest_, 3);
      if (rest_.size() < 9 + size) return;
      Take(static_cast<uint8_t>(rest_[3]), static_cast<uint8_t>(rest_[4]),
           static_cast<uint32_t>(Read(std::string_view(rest_).substr(5), 4)),
           std::string_view(rest_).substr(9, size));
      rest_.erase(0, 9 + size);
    }
  }

  std::map<uint32_t, Response> responses;
  std::vector<uint32_t> go_aways;  // the errors
  std::vector<uint32_t> last_streams;
  std::map<uint32_t, uint64_t> room;  // by window updates; 0 is the connection
  int pings = 0;                      // that want an answer
  int pongs = 0;
  int settings = 0;
  int acks = 0;

 private:
  struct Free {
    void operator()(nghttp2_hd_inflater* inflater) const { nghttp2_hd_inflate_del(inflater); }
  };
  static uint64_t Read(std::string_view bytes, int count) {
    uint64_t value = 0;
    for (int i = 0; i < count; ++i) value = value * 256 + static_cast<unsigned char>(bytes[i]);
    return value;
  }
  void Take(uint8_t type, uint8_t flags, uint32_t stream, std::string_view payload) {
    const bool flag = (flags & 1) != 0;
    switch (type) {
      case kData:
        responses[stream].body.append(payload);
        responses[stream].ended |= flag;
        return;
      case kHeaders:
        return Head(responses[stream], payload, flag);
      case kReset:
        responses[stream].reset = static_cast<int64_t>(Read(payload, 4));
        return;
      case kGoAway:
        last_streams.push_back(static_cast<uint32_t>(Read(payload, 4)));
        go_aways.push_back(static_cast<uint32_t>(Read(payload.substr(4), 4)));
        return;
      case kPing:
        ++(flag ? pongs : pings);
        return;
      case kSettings:
        ++(flag ? acks : settings);
        return;
      case kWindowUpdate:
        room[stream] += Read(payload, 4);
        return;
      default:
        return;
    }
  }
  void Head(Response& response, std::string_view block, bool ended) {
    Fields fields;
    const auto* at = reinterpret_cast<const uint8_t*>(block.data());
    size_t left = block.size();
    for (int flags = 0; (flags & NGHTTP2_HD_INFLATE_FINAL) == 0;) {
      nghttp2_nv field{};
      const ssize_t taken = nghttp2_hd_inflate_hd2(inflater_.get(), &field, &flags, at, left, 1);
      if (taken < 0) return;
      at += taken;
      left -= static_cast<size_t>(taken);
      if ((flags & NGHTTP2_HD_INFLATE_EMIT) != 0) {
        fields.emplace_back(
            std::string(reinterpret_cast<const char*>(field.name), field.namelen),
            std::string(reinterpret_cast<const char*>(field.value), field.valuelen));
      }
    }
    nghttp2_hd_inflate_end_headers(inflater_.get());
    const bool is_trailers = !fields.empty() && fields.front().first != ":status";
    (is_trailers ? response.trailers : response.head) = std::move(fields);
    response.ended |= ended;
  }

  std::string rest_;
  std::unique_ptr<nghttp2_hd_inflater, Free> inflater_;
};

}  // namespace chains::gateway::h2
