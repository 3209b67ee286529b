#include "chains/chain/chain.h"
#include "poems_chain.h"

int main(int argc, char** argv) {
  chains::Chain chain("poems");
  chain.Declare<poems::PhiLlm>(chains::Resources{.cpus = 4, .memory = "16Gi", .gpu = "A10G"});
  chain.Add<poems::Poet>(chains::Needs<poems::PhiLlm>{}).Entrypoint();
  return chain.Main(argc, argv);
}
