// SendsBack: what a Channel to one replica can be besides: it gives a request back that never left.
// Whoever has several replicas then asks another, even where a method may not be repeated: nobody
// has seen the call.
#pragma once

#include <optional>

#include "chains/contract/bytes.h"
#include "chains/contract/method.h"
#include "chains/core/task.h"

namespace chains {

class SendsBack {
 public:
  virtual ~SendsBack() = default;

  // As Channel::Unary(). When it fails and the callee cannot have seen the call, because there was
  // no connection, `unsent`, which outlives the task, has the request.
  virtual Task<Bytes> UnaryOrBack(const Method& method, Bytes request,
                                  std::optional<Bytes>& unsent) = 0;
};

}  // namespace chains
