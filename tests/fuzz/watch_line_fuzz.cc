// Any text as a line of a watch: it is an event with an object, or it has a reason.
#include <cstdint>
#include <cstdlib>

#include "deploy/apiserver/watch_line.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const auto event =
      chains::deploy::ParseWatchLine({reinterpret_cast<const char*>(data), size}, "watch pods");
  if (event.ok() && !event->object.is_object()) std::abort();
  if (!event.ok() && event.status().message().size() > 5000 + size) std::abort();
  return 0;
}
