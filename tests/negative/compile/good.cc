// All rules are kept.
#include "chains/chain/client.h"
#include "chains/chain/run_local.h"
#include "shop.h"

namespace {

struct Book {};

class FullTill final : public shop::AnyTill {
 public:
  FullTill(shop::Pricer&, Book&, const chains::DeploymentContext&) {}
  absl::Status Healthy() { return absl::OkStatus(); }
};

class FakePricer : public shop::Pricer {
 public:
  chains::Task<shop::Price> RunRemote(shop::Item) override { co_return shop::Price(); }
};

}  // namespace

void Declare(chains::Chain& chain) {
  chain
      .Add<FullTill>(chains::Resources{.cpus = 2}, chains::Needs<shop::Pricer>{.attempts = 3},
                     chains::Settings{.secrets = {"key"}}, chains::Shared<Book>(), chains::Limits{},
                     chains::Autoscaling{})
      .Entrypoint();
  chain.Declare<shop::Pricer>(chains::Resources{.gpu = "L4"});
  FakePricer fake;
  chains::RunLocal(chain, "{}", {chains::Fake<shop::Pricer>(fake)});
}

absl::StatusOr<shop::Price> Call() {
  chains::Client<shop::Pricer> client("127.0.0.1:9001");
  return client.Call(&shop::Pricer::RunRemote, shop::Item());
}
