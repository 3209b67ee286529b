// Edge: what a call passes on its way from one chainlet to another, in every placement.
//
// Generated code puts an adapter with an Edge in front of every chainlet and of every stub, so that
// nobody holds a bare reference to another chainlet: deadlines, limits, retries, the error path and
// counts act alike whether the callee is in this process or not.
#pragma once

#include <memory>

#include "chains/contract/method.h"
#include "chains/core/passage.h"

namespace chains {

// For one loop's coroutines only.
class Edge {
 public:
  virtual ~Edge() = default;

  // For the calls of one method. The Edge and the Method outlive it.
  virtual std::unique_ptr<internal::Passage> PassageOf(const Method& method) = 0;
};

}  // namespace chains
