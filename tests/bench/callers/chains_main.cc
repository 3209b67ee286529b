// bench-caller-chains: the same calls, through the runtime's stub and reactor.
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "chains/contract/contract.h"
#include "chains/core/all.h"
#include "chains/core/worker_pool.h"
#include "chains/grpc/client_channel.h"
#include "chains/grpc/process.h"
#include "chains/grpc/reactor.h"
#include "chains/grpc/run_on.h"
#include "hello.chains.h"
#include "tests/bench/bench.chains.h"
#include "tests/bench/callers/closed_loop.h"
#include "tests/bench/callers/requests.h"

namespace bench {
namespace {

template <typename T, typename Calls>
chains::Task<void> CallAgain(T& chainlet, ClosedLoop& loop, const Calls& calls) {
  while (loop.Next()) {
    auto outcome = co_await chains::Outcome(chainlet.RunRemote(calls.Make()));
    loop.Done(outcome.ok(), std::string(outcome.status().message()));
  }
}

chains::Task<int> CountItems(chains::Stream<EchoReply> items) {
  int count = 0;
  while (std::optional<EchoReply> item = co_await items.Next()) ++count;
  co_return count;
}

chains::Task<void> ReadAgain(Echo& chainlet, ClosedLoop& loop, const RepeatCalls& calls) {
  while (loop.Next()) {
    const auto count = co_await chains::Outcome(CountItems(chainlet.Repeat(calls.Make())));
    loop.Done(count.ok() && *count == calls.items,
              count.ok() ? "items are missing" : std::string(count.status().message()));
  }
}

// `again(chainlet, loop, calls)` makes calls as long as the loop wants; alone, where the options say
// so, else as chainlets call each other.
template <typename T, typename Calls, typename Again>
int Run(const CallerOptions& options, Again again) {
  const Calls calls(options);
  ClosedLoop loop(options);
  chains::WorkerPool workers;
  chains::Reactor reactor(workers);
  chains::GrpcChannel channel(options.address, reactor, {.carries = !options.alone});
  const std::unique_ptr<T> chainlet = chains::Contract<T>::Connect(channel);
  reactor.Start();
  const auto start = [&] {
    std::vector<chains::Task<void>> callers;
    for (int i = 0; i < options.in_flight; ++i) callers.push_back(again(*chainlet, loop, calls));
    return chains::All(std::move(callers));
  };
  const chains::Context context(absl::Now() + absl::Minutes(10), "", {});
  const absl::Status run = chains::RunOn(reactor, start, context).status();
  reactor.Stop();
  if (!run.ok()) loop.Done(false, std::string(run.message()));
  return loop.Report();
}

int Main(int argc, char** argv) {
  chains::PrepareProcess();
  const CallerOptions options = ParseCaller(argc, argv);
  if (options.kind == "echo") {
    return Run<Echo, EchoCalls>(options, CallAgain<Echo, EchoCalls>);
  }
  if (options.kind == "repeat") return Run<Echo, RepeatCalls>(options, ReadAgain);
  return Run<hello::HelloAll, HelloAllCalls>(options, CallAgain<hello::HelloAll, HelloAllCalls>);
}

}  // namespace
}  // namespace bench

int main(int argc, char** argv) { return bench::Main(argc, argv); }
