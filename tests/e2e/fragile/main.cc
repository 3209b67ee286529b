// Voice answers its secret, and crashes at its start where that is "crash", or takes more memory
// than there can be where it is "greed". Mute declares none, and answers what it can see of it:
// nothing.
#include <cstddef>
#include <cstdio>
#include <cstdlib>
#include <memory>
#include <string>
#include <vector>

#include "chains/chain/chain.h"
#include "fragile.chains.h"

namespace fragile {

constexpr size_t kPiece = 1 << 20;
constexpr size_t kPieces = 1 << 13;  // 8 GiB: more than it may have

void TakeAllMemory() {
  std::vector<std::unique_ptr<char[]>> pieces;
  while (pieces.size() < kPieces) pieces.push_back(std::make_unique<char[]>(kPiece));
}

class Low final : public Voice {
 public:
  Low(Mute& mute, const chains::DeploymentContext& context)
      : mute_(mute), secret_(context.Secret("voice").value_or("nothing")) {
    if (secret_ == "greed") TakeAllMemory();
    if (secret_ != "crash") return;
    std::fputs("the voice broke\n", stderr);
    std::abort();
  }
  chains::Task<SpeakReply> RunRemote(SpeakRequest) override {
    const ListenReply heard = co_await mute_.RunRemote(ListenRequest());
    SpeakReply reply;
    reply.set_result(heard.result().empty() ? secret_ : "Mute knows " + heard.result());
    co_return reply;
  }

 private:
  Mute& mute_;
  const std::string secret_;
};

class Deaf final : public Mute {
 public:
  explicit Deaf(const chains::DeploymentContext& context)
      : secret_(context.Secret("voice").value_or("")) {}
  chains::Task<ListenReply> RunRemote(ListenRequest) override {
    ListenReply reply;
    reply.set_result(secret_);
    co_return reply;
  }

 private:
  const std::string secret_;
};

}  // namespace fragile

int main(int argc, char** argv) {
  chains::Chain chain("fragile");
  chain.Add<fragile::Deaf>();
  chain
      .Add<fragile::Low>(chains::Needs<fragile::Mute>{}, chains::Settings{.secrets = {"voice"}},
                         chains::Resources{.memory = "64Mi"})
      .Entrypoint();
  return chain.Main(argc, argv);
}
