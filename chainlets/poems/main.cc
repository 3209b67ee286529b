#include <cstdlib>
#include <string>

#include "chains/chain/chain.h"
#include "phi_llm.h"
#include "poems_chain.h"

int main(int argc, char** argv) {
  // Who pushes the chain may name another model than the tiny one that is beside this file.
  const char* const given = std::getenv("PHI_MODEL");
  const std::string model = given == nullptr ? POEMS_MODEL_DIR : given;
  const std::string memory = given == nullptr ? "1Gi" : "16Gi";

  chains::Chain chain("poems");
  chain.Add<poems::PhiLlmOnEngine>(
      chains::Shared<poems::phi::LanguageModel>(poems::OpenModel),
      chains::Resources{.cpus = 4,
                        .memory = memory,
                        .gpu = "A10G",
                        .gpu_module = poems::kGpuModule,
                        .gpu_optional = true},
      chains::Autoscaling{.concurrency_target = 32},  // one replica writes many texts at once
      chains::Settings{.variables = {{poems::kCacheVariable, "4Gi"}},
                       .assets = {{.name = poems::kModelAsset, .source = model}}});
  chain.Add<poems::Poet>(chains::Needs<poems::PhiLlm>{}).Entrypoint();
  return chain.Main(argc, argv);
}
