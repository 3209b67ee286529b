// bench-depth: a chain as deep as asked for. Depth<n> calls Depth<n-1>, and Depth1 answers what it
// is given, so a caller of Depth<n> sees n chainlets one behind another.
#include <utility>

#include "chains/chain/chain.h"
#include "tests/bench/depth.chains.h"

namespace bench {
namespace {

// All eight ask for one processor together, so every process has one reactor: what is measured is
// depth, not how reactors of a process meet.
const chains::Resources kShare{.cpus = 0.125};

class Bottom final : public Depth1 {
 public:
  chains::Task<EchoReply> RunRemote(EchoRequest request) override {
    EchoReply reply;
    reply.set_payload(std::move(*request.mutable_payload()));
    co_return reply;
  }
};

// Implements Mine by a call to Next.
template <typename Mine, typename Next>
class Step final : public Mine {
 public:
  explicit Step(Next& next) : next_(next) {}
  chains::Task<EchoReply> RunRemote(EchoRequest request) override {
    EchoReply reply = co_await next_.RunRemote(std::move(request));
    co_return reply;
  }

 private:
  Next& next_;
};

template <typename Mine, typename Next>
auto AddStep(chains::Chain& chain) {
  return chain.Add<Step<Mine, Next>>(chains::Needs<Next>{}, kShare);
}

int Main(int argc, char** argv) {
  chains::Chain chain("depth");
  chain.Add<Bottom>(kShare);
  AddStep<Depth2, Depth1>(chain);
  AddStep<Depth3, Depth2>(chain);
  AddStep<Depth4, Depth3>(chain);
  AddStep<Depth5, Depth4>(chain);
  AddStep<Depth6, Depth5>(chain);
  AddStep<Depth7, Depth6>(chain);
  AddStep<Depth8, Depth7>(chain).Entrypoint();
  return chain.Main(argc, argv);
}

}  // namespace
}  // namespace bench

int main(int argc, char** argv) { return bench::Main(argc, argv); }
