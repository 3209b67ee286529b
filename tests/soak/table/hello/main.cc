// The chain of chainlets/hello, whose SayHello waits as if it worked. Settings of a row
// (deep/settings.h): hedging (1: on), limit (calls at a time of SayHello), sleep_us. SLOW=N in its
// environment makes a SayHello wait N times as long.
#include <algorithm>
#include <cstdlib>
#include <utility>

#include "chains/chain/chain.h"
#include "chains/core/timing.h"
#include "deep/settings.h"
#include "hello_chain.h"

namespace {

class Waiting final : public hello::SayHello {
 public:
  Waiting() {
    const char* slow = std::getenv("SLOW");
    wait_ = absl::Microseconds(deep::Settings().Number("sleep_us", 0)) *
            (slow == nullptr ? 1 : std::max(1, std::atoi(slow)));
  }
  chains::Task<hello::SayHelloResponse> RunRemote(hello::SayHelloRequest request) override {
    co_await chains::Sleep(wait_);
    hello::SayHelloResponse response = co_await polite_.RunRemote(std::move(request));
    co_return response;
  }

 private:
  hello::Polite polite_;
  absl::Duration wait_;
};

}  // namespace

int main(int argc, char** argv) {
  const deep::Settings settings;
  chains::Limits limits;
  limits.concurrency_limit = settings.Number("limit", limits.concurrency_limit);
  chains::Needs<hello::SayHello> needs;
  needs.attempts = 3;
  needs.hedging.on = settings.Number("hedging", 0) == 1;
  chains::Chain chain("hello");
  chain.Add<Waiting>(chains::Resources{.memory = "128Mi"}, limits);
  chain.Add<hello::Greeter>(needs, chains::Resources{.memory = "128Mi"}).Entrypoint();
  return chain.Main(argc, argv);
}
