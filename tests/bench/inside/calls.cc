// Calls to a chainlet in the same process, and gathers, against what C++ itself takes for them.
#include <string>
#include <utility>
#include <vector>

#include "absl/time/clock.h"
#include "chains/core/all.h"
#include "chains/core/wait.h"
#include "chains/policy/callee_edge.h"
#include "chains/policy/caller_edge.h"
#include "chains/policy/counters.h"
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

class NextNumber final : public Successor {
 public:
  chains::Task<Number> RunRemote(Number number) override {
    number.set_value(number.value() + 1);
    co_return number;
  }
};

// The floor of a call: a virtual function that makes a coroutine frame, and a message each way.
template <typename Request, typename T>
chains::Task<void> CallOften(T& callee, int64_t times) {
  for (int64_t i = 0; i < times; ++i) {
    Request request;
    auto reply = co_await callee.RunRemote(std::move(request));
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

// Through both ends of an edge, as a chain's calls in one process go, against the bare call.
template <typename T, typename Request, typename Implementation>
Timed TimeCall(const std::string& name, int rounds) {
  Implementation implementation;
  chains::Counters counters;
  const std::string chainlet(chains::Contract<T>::kName);
  chains::CalleeEdge callee({.chainlet = chainlet, .replica = "here"}, counters);
  const auto served = chains::Contract<T>::Guard(implementation, callee);
  chains::CallerEdge caller({.callee = chainlet});
  const auto called = chains::Contract<T>::Guard(*served, caller);
  return TimeBoth(
      name, rounds, [&](int64_t n) { Run(CallOften<Request>(*called, n)); },
      [&](int64_t n) { Run(CallOften<Request>(static_cast<T&>(implementation), n)); });
}

}  // namespace

std::vector<Timed> TimeCalls(int rounds) {
  std::vector<Timed> all;
  all.push_back(TimeCall<Successor, Number, NextNumber>(
      "call in the same process, both edges, a number each way", rounds));
  all.push_back(TimeCall<Echo, EchoRequest, Parrot>(
      "call in the same process, both edges, a string each way", rounds));
  all.push_back(TimeBoth(
      "gather of 3", rounds, [](int64_t n) { Run(GatherOften(n)); },
      [](int64_t n) { Run(AwaitThreeOften(n)); }));
  return all;
}

}  // namespace bench
