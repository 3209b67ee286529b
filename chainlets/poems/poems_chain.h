// The chainlets of poems.proto. PhiLlm, which needs a GPU, is a contract only.
#pragma once

#include "chains/chains.h"
#include "poems.chains.h"

namespace poems {

class Poet final : public PoemGenerator {
 public:
  explicit Poet(PhiLlm& phi_llm) : phi_llm_(phi_llm) {}

  chains::Task<PoemGeneratorResponse> RunRemote(PoemGeneratorRequest request) override;

 private:
  PhiLlm& phi_llm_;
};

}  // namespace poems
