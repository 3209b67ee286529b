// Any bytes as a reply: what comes out must be JSON.
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "chains/json/json_reader.h"
#include "tests/runtime/json/everything.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using chains::json::EverythingTranscoder;
  const std::string_view wire(reinterpret_cast<const char*>(data), size);
  for (const auto& method : EverythingTranscoder().methods()) {
    const auto json = EverythingTranscoder().ReplyToJson(*method, wire);
    if (!json.ok()) continue;
    chains::json::JsonReader reader(*json);
    reader.Skip();
    // A reply may nest deeper than a request.
    const bool is_deep = json->find("[[[[[[[[[[[[[[[[[[[[") != json->npos || json->size() > 4000;
    if (!reader.Finish() && !is_deep) std::abort();
  }
  return 0;
}
