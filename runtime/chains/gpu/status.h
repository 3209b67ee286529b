// Errors of a module as absl::Status, and calls of its functions.
//
//   absl::Status status = Call(module->functions().health, device);     // adds the abi::Error
//   if (abi::Error error; !scale->scale(on, …, &error)) co_return StatusOf(error);
#pragma once

#include <utility>

#include "absl/status/status.h"
#include "chains/gpu/abi.h"

namespace chains::gpu {

// Where a call is written; made by default arguments only. (clang 14 has no std::source_location.)
struct Place {
  const char* file;
  int line;
  static constexpr Place Here(const char* file = __builtin_FILE(), int line = __builtin_LINE()) {
    return {file, line};
  }
};

// Never OK: what fails without a code is INTERNAL.
absl::Status StatusOf(const abi::Error& error);

// Calls a function that answers whether it succeeded and whose last argument is an abi::Error.
template <typename Function, typename... Argument>
absl::Status Call(Function function, Argument&&... arguments) {
  abi::Error error;
  if (function(std::forward<Argument>(arguments)..., &error)) return absl::OkStatus();
  return StatusOf(error);
}

}  // namespace chains::gpu
