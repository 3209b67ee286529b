#include "deploy/apiserver/port_frames.h"

#include "absl/status/status.h"
#include "chains/core/text.h"

namespace chains::deploy {

absl::StatusOr<std::string_view> PortFrames::Take(std::string_view message) {
  if (message.empty()) return message;
  const auto channel = static_cast<unsigned char>(message[0]);
  message.remove_prefix(1);
  if (channel > 1) {
    return absl::InternalError(
        Text("a message of channel ", int{channel}, ", which nobody opened"));
  }
  if (!begun_[channel]) {
    begun_[channel] = true;
    const int port = message.size() == 2 ? static_cast<unsigned char>(message[0]) |
                                               static_cast<unsigned char>(message[1]) << 8
                                         : -1;
    if (port != port_) return absl::InternalError("the first message does not say the port");
    return std::string_view();
  }
  if (channel == 1 && !message.empty()) return absl::UnavailableError(ToAbsl(message));
  return channel == 0 ? message : std::string_view();
}

}  // namespace chains::deploy
