// DelimitedSplitter: messages with their lengths before them, as protobuf's writeDelimitedTo()
// writes them: a varint, then as many bytes.
//
//   DelimitedSplitter messages(max_message_bytes);
//   messages.Add(piece);
//   while (std::optional<std::string_view> message = co_await messages.Next()) Use(*message);
//   …and once no piece follows: co_await messages.Last();
//
// It holds no more than one message of the allowed length and the last piece. Pure.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "absl/status/statusor.h"

namespace chains::gateway {

class DelimitedSplitter {
 public:
  explicit DelimitedSplitter(size_t max_message_bytes) : max_message_bytes_(max_message_bytes) {}

  // Once Next() wants more. What it answered before is valid no more.
  void Add(std::string_view piece);
  // The next message that is whole; nullopt: it wants another piece. RESOURCE_EXHAUSTED: it would
  // be larger than allowed. INVALID_ARGUMENT: there is no length. Both name the message.
  absl::StatusOr<std::optional<std::string_view>> Next();
  // INVALID_ARGUMENT where the body ends in the middle of a message; after Next() answered nullopt.
  // Never a message.
  absl::StatusOr<std::optional<std::string_view>> Last();

  // "message 3": the one that was answered last, counted from 1.
  std::string Where() const;
  size_t bytes_held() const { return bytes_.capacity(); }

 private:
  const size_t max_message_bytes_;
  std::string bytes_;
  size_t begin_ = 0;  // of what is next
  size_t message_ = 0;
};

// What stands before a message of so many bytes.
std::string DelimitedLength(uint64_t bytes);

}  // namespace chains::gateway
