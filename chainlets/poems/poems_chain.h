// Poet: writes poems with a PhiLlm, whichever that is.
#pragma once

#include "chains/chains.h"
#include "poems.chains.h"

namespace poems {

class Poet final : public PoemGenerator {
 public:
  explicit Poet(PhiLlm& phi_llm) : phi_llm_(phi_llm) {}

  chains::Task<PoemGeneratorResponse> RunRemote(PoemGeneratorRequest request) override;
  chains::Stream<PoemToken> WritePoem(PoemRequest request) override;

 private:
  PhiLlm& phi_llm_;
};

}  // namespace poems
