// Frontend: what answers HTTP inside a replica's process (`serve --http`).
//
// chains::main calls MakeFrontend(), which exactly one of chains::gateway and chains::no_frontend
// defines; chains_add_chain(… FRONTEND …) picks.
#pragma once

#include <memory>
#include <string>

#include <google/protobuf/descriptor.pb.h>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "chains/chain/spec.h"
#include "chains/contract/channel.h"
#include "chains/contract/spans.h"
#include "chains/grpc/reactor.h"

namespace chains {

class Frontend {
 public:
  virtual ~Frontend() = default;
  // Answers at `address` on the reactor's thread, before that runs; calls go through `entrypoint`,
  // which outlives this. Requests that are traced are told of in `spans`, which does so too; null:
  // none are. Returns the bound address.
  virtual absl::StatusOr<std::string> Listen(const std::string& address, Reactor& reactor,
                                             Channel& entrypoint, const internal::ChainSpec& chain,
                                             SpanQueue* spans) = 0;
  // Accepts nothing new and finishes what runs, until `deadline`.
  virtual void Drain(absl::Time deadline) = 0;
};

// Null: this program was linked without one.
std::unique_ptr<Frontend> MakeFrontend();

}  // namespace chains
