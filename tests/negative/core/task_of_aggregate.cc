// A coroutine with a braced aggregate as argument: g++ 12 would destroy it twice.
#include <string>
#include <utility>

#include "chains/core/task.h"

struct Options {
#ifdef CORRECTED
  explicit Options(std::string named) : name(std::move(named)) {}
#endif
  std::string name;
};

chains::Task<int> Run(Options options) { co_return static_cast<int>(options.name.size()); }
