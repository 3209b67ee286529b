#include "chains/chain/run_local.h"
#include "fake_phi_llm.h"
#include "poems_chain.h"

int main() {
  chains::Chain chain("poems");
  chain.Add<poems::Poet>(chains::Needs<poems::PhiLlm>{}).Entrypoint();
  poems::FakePhiLlm phi;
  const int exit_code = chains::RunLocal(chain, R"({"words": ["bird", "plane", "superman"]})",
                                         {chains::Fake<poems::PhiLlm>(phi)});
  return phi.most_in_flight() == 3 ? exit_code : 1;
}
