#include "chains/chain/chain.h"
#include "hello_chain.h"

int main(int argc, char** argv) {
  chains::Chain chain("hello");
  chain.Add<hello::Polite>(chains::Resources{.memory = "128Mi"},
                           chains::Autoscaling{.min_replica = 2, .max_replica = 3});
  chain
      .Add<hello::Greeter>(chains::Needs<hello::SayHello>{.attempts = 3},
                           chains::Resources{.memory = "128Mi"})
      .Entrypoint();
  return chain.Main(argc, argv);
}
