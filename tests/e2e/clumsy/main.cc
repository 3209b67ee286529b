#include "absl/status/status.h"
#include "absl/time/clock.h"
#include "chains/chain/chain.h"
#include "clumsy.chains.h"

namespace clumsy {

class Carrier final : public Carry {
 public:
  chains::Task<CarryReply> RunRemote(CarryRequest request) override {
    co_await chains::Sleep(absl::Milliseconds(request.hold_ms()));
    // What no chainlet should do.
    const absl::Time until = absl::Now() + absl::Milliseconds(request.block_ms());
    while (absl::Now() < until) continue;
    if (request.fail_with() != 0) {
      co_return absl::Status(static_cast<absl::StatusCode>(request.fail_with()), "it was dropped");
    }
    co_return CarryReply();
  }
};

class Sender final : public Send {
 public:
  explicit Sender(Carry& carry) : carry_(carry) {}
  chains::Task<SendReply> RunRemote(SendRequest request) override {
    CarryRequest carried;
    carried.set_hold_ms(request.hold_ms());
    carried.set_block_ms(request.block_ms());
    carried.set_fail_with(request.fail_with());
    co_await carry_.RunRemote(carried);
    SendReply reply;
    reply.set_result("carried");
    co_return reply;
  }

 private:
  Carry& carry_;
};

}  // namespace clumsy

int main(int argc, char** argv) {
  chains::Chain chain("clumsy");
  chain.Add<clumsy::Carrier>(chains::Resources{.memory = "64Mi"},
                             chains::Autoscaling{.min_replica = 2, .max_replica = 2},
                             chains::Limits{.concurrency_limit = 1, .max_queued = 1});
  chain
      .Add<clumsy::Sender>(chains::Needs<clumsy::Carry>{.circuit = {.on = true}},
                           chains::Resources{.memory = "64Mi"},
                           chains::Autoscaling{.min_replica = 1, .max_replica = 1})
      .Entrypoint();
  return chain.Main(argc, argv);
}
