// RunLocal: a chain in this process, without servers, with fakes where the real thing is elsewhere.
//
//   FakePhiLlm phi;
//   return chains::RunLocal(chain, R"({"words": ["bird"]})", {chains::Fake<PhiLlm>(phi)});
#pragma once

#include <string_view>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"
#include "chains/chain/running_chain.h"

namespace chains {

// Calls the entrypoint with `request` in JSON, prints the answer in JSON on standard output and
// answers the exit code: 0, or 1 with the error on standard error, or 2 when the chain is not
// valid. Links with chains::main.
int RunLocal(const Chain& chain, std::string_view request, std::vector<FakeChainlet> fakes = {});

// The same for C++: calls `method` of the chainlet T.
template <typename T, typename Request, typename Reply>
absl::StatusOr<Reply> RunLocal(const Chain& chain, Task<Reply> (T::*method)(Request),
                               Request request, LocalOptions options = {}) {
  absl::StatusOr<std::unique_ptr<RunningChain>> running =
      RunningChain::Start(chain, Placement::kTogether, std::move(options));
  if (!running.ok()) return running.status();
  return (*running)->Call(method, std::move(request));
}

}  // namespace chains
