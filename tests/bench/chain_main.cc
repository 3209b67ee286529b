// The bench's own chain: one chainlet that answers what it is given.
#include "chains/chain/chain.h"
#include "chains/core/timing.h"
#include "tests/bench/bench.chains.h"

namespace bench {
namespace {

class Parrot final : public Echo {
 public:
  chains::Task<EchoReply> RunRemote(EchoRequest request) override {
    if (request.sleep_ms() > 0) co_await chains::Sleep(absl::Milliseconds(request.sleep_ms()));
    EchoReply reply;
    reply.set_payload(std::move(*request.mutable_payload()));
    co_return reply;
  }
  chains::Stream<EchoReply> Repeat(RepeatRequest request) override {
    for (int i = 0; i < request.times(); ++i) {
      EchoReply item;
      item.set_payload(request.payload());
      co_yield std::move(item);
    }
  }
};

}  // namespace
}  // namespace bench

int main(int argc, char** argv) {
  chains::Chain chain("bench");
  chain.Add<bench::Parrot>().Entrypoint();
  return chain.Main(argc, argv);
}
