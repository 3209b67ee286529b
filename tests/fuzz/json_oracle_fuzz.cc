// Any text as the JSON of a message: protobuf's converter makes the same of it, or refuses it too.
// What both take goes back to JSON, and must come out as the same.
#include <cstdint>
#include <string_view>

#include "tests/fuzz/differences.h"
#include "tests/fuzz/oracle.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  namespace json = chains::json;
  const json::Pair wire = json::BothToWire({reinterpret_cast<const char*>(data), size});
  if (!json::SameWire(wire) && !json::IsListedToWire(wire))
    json::Report("JSON to wire differs, not listed", wire);
  if (!wire.ours.taken || !wire.theirs.taken) return 0;
  const json::Pair written = json::BothToJson(wire.theirs.text);
  if (!json::SameJson(written) && !json::IsListedToJson(written))
    json::Report("wire to JSON differs, not listed", written);
  return 0;
}
