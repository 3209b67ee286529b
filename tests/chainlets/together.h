// Together: a place where calls of a fake meet. A caller that makes its calls one after the other
// never gets an answer.
#pragma once

#include <cstddef>
#include <optional>

#include "chains/core/gate.h"
#include "chains/core/task.h"

namespace chainlets {

// For coroutines of one loop.
class Together {
 public:
  // Lets calls pass once `count` of them (at least 1) are there.
  explicit Together(size_t count) : count_(count) {}

  chains::Task<void> Meet() {
    if (!closed_) closed_ = co_await gate_.Enter();
    if (++arrived_ == count_) *closed_ = chains::Permit();
    if (arrived_ < count_) chains::Permit passing = co_await gate_.Enter();
  }

 private:
  const size_t count_;
  size_t arrived_ = 0;
  chains::Gate gate_{{.what = "the meeting", .limit = 1}};
  std::optional<chains::Permit> closed_;
};

}  // namespace chainlets
