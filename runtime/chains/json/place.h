// Place: where in a message a value stands, and how a wrong one there is told of.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "chains/json/json_reader.h"

namespace chains::json {

// A member of what is above, or an element of it. Lives on the stack of whoever reads the value.
struct Place {
  const Place* above = nullptr;  // null: the message itself
  std::string_view name;         // of a member
  bool is_key = false;           // `name` is a key of a map
  int64_t element = -1;          // 0 or more: of an element
};

// people[3].pets["Rex"].age
std::string PathOf(const Place& place);

// Fails `in` at `offset` of `json`, its text, naming the place. All answer false.
bool FailAt(JsonReader& in, size_t offset, const Place& place, std::string_view problem);
// "… is expected, not 30.5": shows the value there.
bool FailOn(JsonReader& in, size_t offset, const Place& place, std::string_view expected);
// The same for the value that comes next.
bool FailOnNext(JsonReader& in, const Place& place, std::string_view expected);

}  // namespace chains::json
