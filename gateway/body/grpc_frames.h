// GrpcFrames: the messages of a gRPC call over HTTP/2, out of bytes in any pieces. Pure.
//
//   GrpcFrames frames(kMaxMessageBytes);
//   frames.Feed(bytes);
//   while (std::optional<GrpcFrames::Message> message = frames.Take()) …
//   if (!frames.problem().ok()) …
//
// A message lies behind a flag (whether it is compressed) and its length, four bytes.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "absl/status/status.h"
#include "absl/status/statusor.h"

namespace chains::gateway {

class GrpcFrames {
 public:
  struct Message {
    bool is_compressed;
    std::string bytes;
  };

  static constexpr size_t kPrefix = 5;

  explicit GrpcFrames(size_t max_message) : max_message_(max_message) {}

  // A length is believed only as far as bytes have come for it.
  void Feed(std::string_view bytes) { bytes_.append(bytes); }
  std::optional<Message> Take();
  // Why there will be no more messages: RESOURCE_EXHAUSTED, one is too large; INTERNAL, it is no
  // gRPC.
  const absl::Status& problem() const { return problem_; }
  // What has come of messages that are not whole.
  size_t held() const { return bytes_.size() - taken_; }

 private:
  const size_t max_message_;
  std::string bytes_;
  size_t taken_ = 0;
  absl::Status problem_;
};

// The five bytes before a message that is not compressed. At most 2^32 - 1 bytes.
std::string GrpcPrefix(uint32_t size);

// A message that was packed with gzip. RESOURCE_EXHAUSTED: unpacked it is larger than `max_bytes`;
// INTERNAL: it is no gzip. Memory grows with what it really holds.
absl::StatusOr<std::string> GunzipMessage(std::string_view packed, size_t max_bytes);

}  // namespace chains::gateway
