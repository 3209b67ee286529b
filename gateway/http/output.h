// Output: bytes that wait to be written to a Transport.
#pragma once

#include <cstddef>
#include <deque>
#include <string>

#include "gateway/http/transport.h"

namespace chains::gateway {

class Output {
 public:
  void Push(std::string bytes) {
    if (!bytes.empty()) pieces_.push_back(std::move(bytes));
  }
  bool empty() const { return pieces_.empty(); }
  void Clear() { pieces_.clear(); }

  // Writes what can be. kMoved: nothing is left; kBlocked: wait for EPOLLOUT. `moved` grows by what
  // was written.
  Transport::State WriteTo(Transport& transport, size_t& moved);

 private:
  std::deque<std::string> pieces_;
  size_t written_ = 0;  // of the first
};

}  // namespace chains::gateway
