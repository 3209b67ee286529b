#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "poems_chain.h"

namespace poems {
namespace {

// Drawn, since the likeliest words are those that were written before; from one seed, so that a
// word has its poem.
PhiLlmRequest PoemAbout(const std::string& word) {
  PhiLlmRequest request;
  request.set_prompt(absl::StrCat("Generate a poem about: ", word));
  request.set_temperature(0.5F);
  request.set_top_p(0.9F);
  request.set_repetition_penalty(1.1F);
  request.set_seed(3);
  return request;
}

}  // namespace

chains::Task<PoemGeneratorResponse> Poet::RunRemote(PoemGeneratorRequest request) {
  std::vector<chains::Task<PhiLlmResponse>> writing;
  for (const std::string& word : request.words()) {
    writing.push_back(phi_llm_.RunRemote(PoemAbout(word)));
  }
  const std::vector<PhiLlmResponse> poems = co_await chains::All(std::move(writing));

  PoemGeneratorResponse response;
  for (const PhiLlmResponse& poem : poems) response.add_result(poem.result());
  co_return response;
}

chains::Stream<PoemToken> Poet::WritePoem(PoemRequest request) {
  chains::Stream<PhiLlmToken> tokens = phi_llm_.Generate(PoemAbout(request.word()));
  while (std::optional<PhiLlmToken> token = co_await tokens.Next()) {
    PoemToken said;
    said.set_text(std::move(*token->mutable_text()));
    co_yield std::move(said);
  }
}

}  // namespace poems
