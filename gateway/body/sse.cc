#include "gateway/body/sse.h"

#include "chains/core/text.h"

namespace chains::gateway {

std::string SseItem(uint64_t number, std::string_view json) {
  return Text("id: ", number, "\ndata: ", json, "\n\n");
}

// Without data an EventSource would throw the event away.
std::string SseEnd() { return Text("event: end\nid: ", kSseLastId, "\ndata: {}\n\n"); }

std::string SseError(std::string_view json) {
  return Text("event: error\nid: ", kSseLastId, "\ndata: ", json, "\n\n");
}

std::string SseHeartbeat() { return ": hb\n\n"; }

}  // namespace chains::gateway
