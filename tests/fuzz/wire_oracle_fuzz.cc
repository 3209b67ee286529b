// Any bytes as a message: protobuf's converter writes the same JSON, or refuses them too.
#include <cstdint>
#include <string_view>

#include "tests/fuzz/differences.h"
#include "tests/fuzz/oracle.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  namespace json = chains::json;
  const json::Pair written = json::BothToJson({reinterpret_cast<const char*>(data), size});
  if (!json::SameJson(written) && !json::IsListedToJson(written))
    json::Report("wire to JSON differs, not listed", written);
  return 0;
}
