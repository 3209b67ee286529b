// PrintList: a list of numbers as a member of a JSON object that is being printed, not its first.
#pragma once

#include <cstddef>
#include <cstdio>
#include <vector>

namespace bench {

inline void PrintList(const char* name, const std::vector<double>& values) {
  std::printf(", \"%s\": [", name);
  for (size_t i = 0; i < values.size(); ++i) std::printf("%s%.9g", i == 0 ? "" : ", ", values[i]);
  std::printf("]");
}

}  // namespace bench
