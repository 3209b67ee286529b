// Calls to a chainlet in the same process, and gathers, against what C++ itself takes for them.
#include <string>
#include <utility>
#include <vector>

#include "absl/time/clock.h"
#include "chains/core/all.h"
#include "chains/core/wait.h"
#include "chains/policy/counters.h"
#include "chains/policy/edges.h"
#include "tests/bench/bench.chains.h"
#include "tests/bench/inside/timing.h"

namespace bench {
namespace {

class Parrot final : public Echo {
 public:
  chains::Task<EchoReply> RunRemote(EchoRequest) override {
    EchoReply reply;
    co_return reply;
  }
  chains::Stream<EchoReply> Repeat(RepeatRequest) override { co_return; }
};

// The floor of a call: a virtual function that makes a coroutine frame, and a message each way.
chains::Task<void> CallOften(Echo& echo, int64_t times) {
  for (int64_t i = 0; i < times; ++i) {
    EchoRequest request;
    EchoReply reply = co_await echo.RunRemote(std::move(request));
    Keep(reply);
  }
}

chains::Task<int> One() { co_return 1; }

chains::Task<void> GatherOften(int64_t times) {
  for (int64_t i = 0; i < times; ++i) {
    std::vector<chains::Task<int>> three;
    three.reserve(3);
    for (int task = 0; task < 3; ++task) three.push_back(One());
    const std::vector<int> values = co_await chains::All(std::move(three));
    Keep(values);
  }
}

chains::Task<void> AwaitThreeOften(int64_t times) {
  for (int64_t i = 0; i < times; ++i) {
    int sum = 0;
    for (int task = 0; task < 3; ++task) {
      const int value = co_await One();
      sum += value;
    }
    Keep(sum);
  }
}

// As in a served request: with a deadline and a trace.
void Run(chains::Task<void> task) {
  const auto outcome = chains::Wait(
      std::move(task),
      chains::Context(absl::Now() + absl::Seconds(60), std::string(32, 'a'), chains::Headers()));
  Keep(outcome);
}

}  // namespace

std::vector<Timed> TimeCalls(int rounds) {
  Parrot parrot;
  chains::Counters counters;
  chains::CalleeEdge callee({.chainlet = "bench.Echo", .replica = "here"}, counters);
  const auto served = chains::Contract<Echo>::Guard(parrot, callee);
  chains::CallerEdge caller({.callee = "bench.Echo"});
  const auto called = chains::Contract<Echo>::Guard(*served, caller);
  std::vector<Timed> all;
  all.push_back(TimeBoth(
      "call in the same process, both edges", rounds,
      [&](int64_t n) { Run(CallOften(*called, n)); },
      [&](int64_t n) { Run(CallOften(parrot, n)); }));
  all.push_back(TimeBoth(
      "gather of 3", rounds, [](int64_t n) { Run(GatherOften(n)); },
      [](int64_t n) { Run(AwaitThreeOften(n)); }));
  return all;
}

}  // namespace bench
