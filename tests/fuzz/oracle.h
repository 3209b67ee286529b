// Our transcoder and protobuf's own converter over the same bytes, as everything.All, and whether
// they agree. Where they may differ is in differences.h.
#pragma once

#include <string>
#include <string_view>

namespace chains::json {

struct Answer {
  bool taken;
  std::string text;  // the message or the JSON; what is wrong where it was not taken
};

// What both made of one input.
struct Pair {
  std::string_view input;
  Answer ours;
  Answer theirs;
};

// The answers are wire format in which equal messages have equal bytes. Unknown keys are ignored.
// Ends the program where ours is no message, or where we take what is no JSON.
Pair BothToWire(std::string_view json);

// The answers are JSON, names as in the contract, fields without presence written always.
// Protobuf's gets the message without unknown fields, which its converter shows by mistake: any
// field of a wrapper passes for its value.
Pair BothToJson(std::string_view wire);

// Whether `text` is JSON to a reader that is neither ours nor protobuf's.
bool IsJson(std::string_view text);

// Both refused, or both took it and the bytes are equal.
bool SameWire(const Pair& pair);
// Both refused, or both took it and the JSON values are equal, whatever the order of their keys.
bool SameJson(const Pair& pair);

// Prints the pair and ends the program.
[[noreturn]] void Report(std::string_view problem, const Pair& pair);

}  // namespace chains::json
