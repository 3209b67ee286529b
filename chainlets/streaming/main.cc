#include "chains/chain/chain.h"
#include "streaming_chain.h"

int main(int argc, char** argv) {
  chains::Chain chain("streaming");
  chain.Add<streaming::Maker>(chains::Resources{.memory = "128Mi"});
  chain
      .Add<streaming::Reader>(chains::Needs<streaming::Generator>{},
                              chains::Resources{.memory = "128Mi"})
      .Entrypoint();
  return chain.Main(argc, argv);
}
