// Any bytes to a WebSocket's session, whole and in pieces, with a sink that takes little now and
// then: both must come to the same messages and the same end, within the bounds.
#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#include "gateway/http/web_socket_session.h"

namespace chains::gateway {
namespace {

constexpr WebSocketSession::Limits kLimits{.max_message_bytes = 256, .fragment_bytes = 64};

class Sink final : public WebSocketSession::Sink {
 public:
  size_t Write(std::string_view bytes) override {
    const size_t count = std::min(bytes.size(), room);
    room -= count;
    return count;
  }
  size_t room = 0;
};

struct Transcript {
  std::string messages;
  std::string end;
};

// What an echo hears of `bytes`.
Transcript Hear(std::string_view bytes, size_t piece, size_t room) {
  WebSocketSession session(kLimits);
  Sink sink;
  Transcript heard;
  const auto echo = [&] {
    while (session.has_message()) {
      WebSocket::Message message = session.TakeMessage();
      if (message.data.size() > kLimits.max_message_bytes) std::abort();
      heard.messages += (message.is_text ? "t" : "b") + message.data + "\n";
      if (session.can_queue()) session.Queue(std::move(message));
      session.Feed({});
    }
    sink.room = room;
    session.Write(sink);
  };
  while (!bytes.empty()) {
    std::string_view offered = bytes.substr(0, piece);
    bytes.remove_prefix(offered.size());
    while (!offered.empty()) {
      const bool wanted = session.wants_input();
      const size_t taken = session.Feed(offered);
      if (taken > offered.size() || (wanted && taken == 0)) std::abort();
      offered.remove_prefix(taken);
      echo();
    }
    session.Feed({});
    echo();
  }
  if (session.failed()) heard.end = std::to_string(session.goodbye()->code);
  if (session.received()) heard.end = "by " + std::to_string(session.received()->code);
  sink.room = 1 << 20;
  if (!session.Write(sink) || session.has_output()) std::abort();
  return heard;
}

}  // namespace
}  // namespace chains::gateway

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using chains::gateway::Hear;
  using chains::gateway::Transcript;
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  const Transcript whole = Hear(bytes, size + 1, 1 << 20);
  const Transcript pieces = Hear(bytes, 1, 3);
  if (whole.messages != pieces.messages || whole.end != pieces.end) std::abort();
  return 0;
}
