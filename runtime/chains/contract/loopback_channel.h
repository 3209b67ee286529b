// LoopbackChannel: calls to a Service of the same loop, in wire format, without a socket.
#pragma once

#include "chains/contract/channel.h"
#include "chains/contract/service.h"

namespace chains {

class LoopbackChannel final : public Channel {
 public:
  // `service` outlives the channel.
  explicit LoopbackChannel(const Service& service) : service_(service) {}

  Task<Bytes> Unary(const Method& method, Bytes request) override;
  Stream<Bytes> Streaming(const Method& method, Stream<Bytes> requests) override;

 private:
  const Service& service_;
};

}  // namespace chains
