// Any text as the JSON of a request: what is taken must be a message, and have a JSON of its own.
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#include "tests/runtime/json/everything.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using chains::json::EverythingTranscoder;
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  for (const char* name : {"run_remote", "count", "free"}) {
    const auto& method = *EverythingTranscoder().Find(name);
    const auto wire = EverythingTranscoder().RequestToWire(method, text);
    if (!wire.ok() || std::string_view(name) != "run_remote") continue;
    everything::All message;
    if (!message.ParseFromString(*wire)) std::abort();
    if (!EverythingTranscoder().ReplyToJson(method, *wire).ok()) std::abort();
  }
  return 0;
}
