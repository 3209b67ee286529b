// RunningChain: a whole chain that runs in this process, in any placement.
//
//   auto running = chains::RunningChain::Start(chain, chains::Placement::kLoopback);
//   absl::StatusOr<HelloAllResponse> reply = (*running)->Call(&HelloAll::RunRemote, request);
//
// The same chain gives the same answers in every placement; the test kit runs a test in all.
#pragma once

#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"
#include "chains/chain/assembly.h"
#include "chains/chain/chain.h"
#include "chains/chain/placement.h"
#include "chains/chain/problem.h"
#include "chains/contract/spans.h"
#include "chains/core/context.h"
#include "chains/grpc/reactor.h"
#include "chains/grpc/run_on.h"
#include "chains/http/transport.h"

namespace chains {

// `Fake<PhiLlm>(object)`: object, which implements PhiLlm, stands for that chainlet of a chain. It
// outlives the chain's run, and is used on one thread at a time.
class FakeChainlet {
 public:
  FakeChainlet(const internal::ContractOps* contract, void* chainlet)
      : contract_(contract), chainlet_(chainlet) {}
  const internal::ContractOps* contract() const { return contract_; }
  void* chainlet() const { return chainlet_; }

 private:
  const internal::ContractOps* contract_;
  void* chainlet_;
};

template <typename T, typename F>
FakeChainlet Fake(F& fake) {
  static_assert(ChainletContract<T>,
                "chains: Fake<T> names the chainlet that the fake stands for: a class which "
                "protoc-gen-chains wrote");
  static_assert(std::is_base_of_v<T, F>,
                "chains: this fake does not stand for that chainlet: it must derive from the class "
                "that Fake<…> names");
  if constexpr (ChainletContract<T> && std::is_base_of_v<T, F>) {
    return FakeChainlet(&internal::OpsOf<T>(), static_cast<T*>(&fake));
  } else {
    return FakeChainlet(nullptr, nullptr);
  }
}

// What a local run has beside the chain.
struct LocalOptions {
  std::vector<FakeChainlet> fakes = {};
  DeploymentContext::Contents context = {};
  Faults faults = {};         // of calls between chainlets, and of those by channel()
  size_t worker_threads = 0;  // for Blocking; 0: as many as processors
  // By contract, "weather.Forecast" or "Forecast": a service that somebody else deployed, instead
  // of what Needs<T> says.
  std::map<std::string, std::string> urls = {};
  http::MakeTransport http_client = nullptr;  // for urls of JSON over HTTP; see http/transport.h
  // Where spans of traced calls go, in a placement with several processes' worth of servers;
  // outlives the RunningChain. May be null.
  SpanQueue* spans = nullptr;
};

namespace internal {
// The chain, with a declaration of each chainlet that only a fake stands for.
ChainSpec WithFakes(const ChainSpec& chain, const std::vector<FakeChainlet>& fakes);
// What validation is told of these options.
Given GivenBy(const LocalOptions& options);
}  // namespace internal

// Thread-safe. Destroying it ends what still runs.
class RunningChain {
 public:
  // INVALID_ARGUMENT, with every problem on a line of its own, when the chain is not valid. A fake
  // may stand for a chainlet that the chain lacks.
  static absl::StatusOr<std::unique_ptr<RunningChain>> Start(const Chain& chain,
                                                             Placement placement,
                                                             LocalOptions options = {});
  ~RunningChain();
  RunningChain(const RunningChain&) = delete;

  // Calls a unary method from outside and waits for the answer; the context's deadline is enforced.
  template <typename T, typename Request, typename Reply>
  absl::StatusOr<Reply> Call(Task<Reply> (T::*method)(Request), Request request,
                             Context context = {}) {
    return Run<T>(
        [method, &request](T& chainlet) { return (chainlet.*method)(std::move(request)); },
        std::move(context));
  }

  // Runs the task that `make` answers for the chainlet T, and waits for it. `make` and the task run
  // on the chain's loop.
  template <typename T, typename F>
  auto Run(F make, Context context = {})
      -> absl::StatusOr<internal::Stored<typename std::invoke_result_t<F&, T&>::value_type>> {
    void* chainlet = Find(internal::OpsOf<T>());
    if (chainlet == nullptr) return NotInChain(Contract<T>::kName);
    return RunOn(
        reactor(), [&make, chainlet] { return make(*static_cast<T*>(chainlet)); },
        std::move(context));
  }

  // Any method of the chain by its wire format, from outside.
  Channel& channel();
  Reactor& reactor();

  // What every chainlet did, by chainlet and method.
  std::vector<Counters::Row> counters() const;

 private:
  class Impl;
  explicit RunningChain(std::unique_ptr<Impl> impl);
  void* Find(const internal::ContractOps& contract);
  static absl::Status NotInChain(std::string_view contract);

  std::unique_ptr<Impl> impl_;
};

}  // namespace chains
