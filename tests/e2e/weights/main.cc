// Read answers what is in its asset, and the process of Still, which has none. Where the asset
// comes from, the environment of who pushes it says: WEIGHTS_URL and WEIGHTS_SHA256.
#include <cstdlib>
#include <fstream>
#include <sstream>
#include <string>
#include <unistd.h>

#include "chains/chain/chain.h"
#include "weights.chains.h"

namespace weights {

struct Standing final : Still {
  chains::Task<StillReply> RunRemote(StillRequest) override {
    StillReply reply;
    reply.set_pid(getpid());
    co_return reply;
  }
};

class Reader final : public Read {
 public:
  Reader(Still& still, const chains::DeploymentContext& context)
      : still_(still), path_(context.Asset("weights").value_or("")) {}
  chains::Task<ReadReply> RunRemote(ReadRequest) override {
    const StillReply still = co_await still_.RunRemote(StillRequest());
    std::ostringstream text;
    text << std::ifstream(path_).rdbuf();
    ReadReply reply;
    reply.set_text(text.str());
    reply.set_still(still.pid());
    co_return reply;
  }

 private:
  Still& still_;
  const std::string path_;
};

std::string Variable(const char* name, const char* otherwise) {
  const char* const value = std::getenv(name);
  return value == nullptr ? otherwise : value;
}

}  // namespace weights

int main(int argc, char** argv) {
  chains::Chain chain("weights");
  chain.Add<weights::Standing>(chains::Resources{.memory = "64Mi"});
  chain
      .Add<weights::Reader>(
          chains::Needs<weights::Still>{}, chains::Resources{.memory = "64Mi"},
          chains::Settings{
              .assets = {{.name = "weights",
                          .source = weights::Variable("WEIGHTS_URL", "file:///nowhere"),
                          .sha256 = weights::Variable("WEIGHTS_SHA256", "")}}})
      .Entrypoint();
  return chain.Main(argc, argv);
}
