// Reads the messages of a carrier (chains/v1/wire_carrier.proto) in place, without objects of
// protobuf's in between. Tests hold it to what protobuf makes of the same bytes.
#pragma once

#include <cstdint>
#include <string_view>

#include <grpcpp/support/slice.h>

#include "absl/functional/function_ref.h"
#include "absl/status/status.h"
#include "chains/contract/bytes.h"
#include "chains/grpc/carried_end.h"
#include "chains/grpc/metadata.h"

namespace chains::internal {

// A message in one piece, and parts of it that share its memory.
class CarriedMessage {
 public:
  explicit CarriedMessage(const Bytes& message);
  std::string_view text() const {
    return {reinterpret_cast<const char*>(slice_.begin()), slice_.size()};
  }
  // `part` is of text().
  Bytes Share(std::string_view part) const;

 private:
  grpc::Slice slice_;
};

// A call as it came. Views are of its message.
struct ReceivedCall {
  uint64_t id = 0;
  std::string_view path;
  uint64_t timeout_us = 0;  // 0: no deadline
  Wishes wishes;
  Said said;
  Bytes request;
};

// The calls of a message, in its order. It keeps the message, whose memory requests refer to.
class CarriedCallsReader {
 public:
  explicit CarriedCallsReader(const Bytes& message) : message_(message) {}

  // The next call; `cancelled` visits those that were withdrawn before it. False at the end, and
  // where the rest is not well-formed: then status() is INVALID_ARGUMENT.
  bool Next(ReceivedCall& call, absl::FunctionRef<void(uint64_t id)> cancelled);
  absl::Status status() const;

 private:
  const CarriedMessage message_;
  size_t at_ = 0;
  bool well_formed_ = true;
};

struct ReceivedAnswer {
  uint64_t id = 0;
  CarriedEnd end;
  Bytes reply;
};

// Visits what `message` says, in its order. INVALID_ARGUMENT, after what was well-formed: the rest
// is not. Replies refer to the message's memory, receipts are gone when the visit is over.
absl::Status ReadCarriedAnswers(const Bytes& message,
                                absl::FunctionRef<void(ReceivedAnswer&)> answer,
                                absl::FunctionRef<void()> leaving);

}  // namespace chains::internal
