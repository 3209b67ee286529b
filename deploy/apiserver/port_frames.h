// What the messages of a forwarded port are: the first byte says which channel.
//
//   absl::StatusOr<std::string_view> data = frames.Take(message);
//
// Channel 0 is data, 1 is what went wrong. The first message of each is the port, in two bytes
// (k8s.io/cri-streaming, portforward/websocket.go).
#pragma once

#include <array>
#include <string_view>

#include "absl/status/statusor.h"

namespace chains::deploy {

inline constexpr std::string_view kPortForwardProtocol = "v4.channel.k8s.io";

class PortFrames {
 public:
  explicit PortFrames(int port) : port_(port) {}

  // The data of a message, a view into it; empty: it has none. UNAVAILABLE: the other side says
  // that it cannot. INTERNAL: it is none of these messages.
  absl::StatusOr<std::string_view> Take(std::string_view message);

 private:
  const int port_;
  std::array<bool, 2> begun_ = {};
};

}  // namespace chains::deploy
