// The same for the coroutine of a stream, and an aggregate without a name of its own.
#include <array>
#include <string>
#include <vector>

#include "chains/core/stream.h"

#ifdef CORRECTED
using Words = std::vector<std::string>;
#else
using Words = std::array<std::string, 2>;
#endif

chains::Stream<std::string> Say(Words words) {
  for (std::string& word : words) co_yield word;
}
