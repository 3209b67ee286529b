// Where our transcoder and protobuf's converter (3.21) may differ: one predicate for each way,
// named as in DIFFERENCES.md, which says why.
#pragma once

#include "tests/fuzz/oracle.h"

namespace chains::json {

// Whether a difference that is listed explains that the answers of `pair` differ.
bool IsListedToWire(const Pair& pair);
bool IsListedToJson(const Pair& pair);

// Whether only one of us takes it, and the other refuses it with `reason` in its message.
inline bool WeRefuseFor(const Pair& pair, std::string_view reason) {
  return !pair.ours.taken && pair.theirs.taken && pair.ours.text.find(reason) != std::string::npos;
}
inline bool TheyRefuseFor(const Pair& pair, std::string_view reason) {
  return pair.ours.taken && !pair.theirs.taken &&
         pair.theirs.text.find(reason) != std::string::npos;
}

}  // namespace chains::json
