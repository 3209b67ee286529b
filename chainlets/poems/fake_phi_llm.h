// A PhiLlm for a desk without a GPU, and for tests.
#pragma once

#include <algorithm>
#include <string>

#include "absl/strings/str_cat.h"
#include "absl/time/time.h"
#include "chains/chains.h"
#include "poems.chains.h"

namespace poems {

// Knows one poem, on the prompt's last word, and counts how many prompts it has at a time.
class FakePhiLlm final : public PhiLlm {
 public:
  chains::Task<PhiLlmResponse> RunRemote(PhiLlmRequest request) override {
    most_in_flight_ = std::max(most_in_flight_, ++in_flight_);
    co_await chains::Sleep(absl::Milliseconds(20));  // it takes its time, as the model does
    --in_flight_;
    PhiLlmResponse response;
    response.set_result(Poem(request));
    co_return response;
  }

  chains::Stream<PhiLlmToken> Generate(PhiLlmRequest request) override {
    PhiLlmToken token;
    token.set_text(Poem(request));
    co_yield token;
  }

  int most_in_flight() const { return most_in_flight_; }

 private:
  static std::string Poem(const PhiLlmRequest& request) {
    const std::string& prompt = request.prompt();
    return absl::StrCat("Here's a poem about ", prompt.substr(prompt.rfind(' ') + 1));
  }

  int in_flight_ = 0;
  int most_in_flight_ = 0;
};

}  // namespace poems
