// SplitLines: the whole lines at the begin of a piece of a file.
//
//   LineSplit split;
//   size_t consumed = SplitLines(bytes, split, [](std::string_view line) { … });
//   // the rest, a line that has not ended, is to be given again when there is more of it
//
// Pure.
#pragma once

#include <cstddef>
#include <string_view>

#include "absl/functional/function_ref.h"

namespace chains::deploy {

// A line of output that is longer is taken to end there, and the rest of it is left out. An event
// of kMostMessageBytes has up to six times as many, where every byte is escaped.
inline constexpr size_t kMostLineBytes = 128 * 1024;

// What is known between pieces of one file.
struct LineSplit {
  bool leaving_out = false;  // the rest of a line that was too long
};

// Calls `line` for each line, without newline and carriage return, but for empty ones. Answers how
// many bytes are done with.
size_t SplitLines(std::string_view bytes, LineSplit& split,
                  absl::FunctionRef<void(std::string_view line)> line);

}  // namespace chains::deploy
