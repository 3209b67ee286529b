// The chain of deep.proto. Settings of a row: ledger (a file), attempts, hedging, circuit, adaptive
// (1: on), limit (calls at a time of a leaf), replicas (of each). SLOW=N in its environment makes a
// leaf wait N times as long.
#include <algorithm>
#include <chrono>
#include <cstdlib>
#include <poll.h>
#include <string>
#include <utility>

#include "chains/chain/chain.h"
#include "chains/core/blocking.h"
#include "chains/core/timing.h"
#include "deep.chains.h"
#include "ledger.h"
#include "settings.h"

namespace deep {
namespace {

int SlowBy() {
  const char* slow = std::getenv("SLOW");
  return slow == nullptr ? 1 : std::max(1, std::atoi(slow));
}

class Worker final : public Leaf {
 public:
  chains::Task<Done> RunRemote(Work work) override {
    Ledger::Stay stay(ledger_, work.id());
    const std::string held(size_t{work.hold_mib()} << 20, 'x');
    if (work.blocks()) {
      const int wait_ms = static_cast<int>(work.sleep_us() / 1000);
      co_await chains::Blocking([&] { ::poll(nullptr, 0, wait_ms); });
    } else {
      co_await chains::Sleep(slow_ * absl::Microseconds(work.sleep_us()));
    }
    const auto until = std::chrono::steady_clock::now() + std::chrono::microseconds(work.spin_us());
    while (std::chrono::steady_clock::now() < until) {
    }
    Done done;
    done.set_id(work.id());
    stay.Finish();
    co_return done;
  }
  chains::Task<Done> Once(Work work) override {
    Done done = co_await RunRemote(std::move(work));
    co_return done;
  }

 private:
  const Ledger ledger_{Settings().Text("ledger"), 1};
  const int slow_ = SlowBy();
};

// Implements Mine, at a depth, by a call to Next.
template <typename Mine, typename Next, uint16_t kDepth>
class Step final : public Mine {
 public:
  explicit Step(Next& next) : next_(next) {}
  chains::Task<Done> RunRemote(Work work) override {
    Ledger::Stay stay(ledger_, work.id());
    Done done = co_await next_.RunRemote(std::move(work));
    stay.Finish();
    co_return done;
  }
  chains::Task<Done> Once(Work work) override {
    Ledger::Stay stay(ledger_, work.id());
    Done done = co_await next_.Once(std::move(work));
    stay.Finish();
    co_return done;
  }

 private:
  Next& next_;
  const Ledger ledger_{Settings().Text("ledger"), kDepth};
};

const chains::Resources kSmall{.cpus = 0.1, .memory = "128Mi"};

template <typename T>
chains::Needs<T> NeedsAs(const Settings& settings) {
  chains::Needs<T> needs;
  needs.attempts = settings.Number("attempts", 3);
  needs.hedging.on = settings.Number("hedging", 0) == 1;
  needs.circuit.on = settings.Number("circuit", 0) == 1;
  return needs;
}

chains::Autoscaling ReplicasAs(const Settings& settings) {
  const int replicas = settings.Number("replicas", 1);
  return {.min_replica = replicas, .max_replica = replicas};
}

template <typename Mine, typename Next, uint16_t kDepth>
auto AddStep(chains::Chain& chain, const Settings& settings) {
  return chain.Add<Step<Mine, Next, kDepth>>(NeedsAs<Next>(settings), kSmall, ReplicasAs(settings));
}

}  // namespace
}  // namespace deep

int main(int argc, char** argv) {
  const deep::Settings settings;
  chains::Chain chain("deep");
  chains::Limits limits;
  limits.concurrency_limit = settings.Number("limit", limits.concurrency_limit);
  limits.max_queued = settings.Number("max_queued", limits.max_queued);
  limits.adaptive.on = settings.Number("adaptive", 0) == 1;
  chain.Add<deep::Worker>(deep::kSmall, limits, deep::ReplicasAs(settings));
  deep::AddStep<deep::Lower, deep::Leaf, 2>(chain, settings);
  deep::AddStep<deep::Upper, deep::Lower, 3>(chain, settings);
  deep::AddStep<deep::Top, deep::Upper, 4>(chain, settings).Entrypoint();
  return chain.Main(argc, argv);
}
