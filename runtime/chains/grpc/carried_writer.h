// CarriedWriter: the messages of a carrier (chains/v1/wire_carrier.proto), written in place,
// without objects of protobuf's in between. Tests hold them to what protobuf makes of them.
#pragma once

#include <cstdint>
#include <deque>
#include <string>
#include <string_view>
#include <vector>

#include <grpcpp/support/slice.h>

#include "chains/contract/bytes.h"
#include "chains/core/context.h"
#include "chains/grpc/carried_end.h"

namespace chains::internal {

// Gathers what goes into messages. Requests and replies that are small are copied, large ones
// shared.
class CarriedWriter {
 public:
  CarriedWriter() = default;
  CarriedWriter(const CarriedWriter&) = delete;

  // A call of `path` under `context`, which has so much time left (0: as much as it wants).
  void AddCall(uint64_t id, std::string_view path, uint64_t timeout_us, const Context& context,
               bool asks_load, const Bytes& request);
  void AddCancelled(uint64_t id);

  void AddAnswer(uint64_t id, const Bytes& reply, const CarriedEnd& end);
  void AddLeaving();

  bool empty() const { return size() == 0; }
  size_t size() const { return full_bytes_ + text_.size() + shared_; }
  // The next message: of some 64 KiB, or with one large request or reply.
  Bytes Take();

 private:
  void Begin(size_t payload_bytes);
  void Close(size_t part, uint32_t payload_tag, const Bytes& payload);
  Bytes TakeLast();

  std::string text_;                 // what comes after `slices_`
  std::vector<grpc::Slice> slices_;  // usually none
  size_t shared_ = 0;                // bytes in `slices_`
  std::deque<Bytes> full_;           // messages before this one; usually none
  size_t full_bytes_ = 0;
};

}  // namespace chains::internal
