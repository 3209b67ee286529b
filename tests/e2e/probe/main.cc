#include <optional>
#include <string>

#include "absl/status/status.h"
#include "chains/chain/chain.h"
#include "probe.chains.h"

namespace probe {

class Worker final : public Step {
 public:
  chains::Task<StepResponse> RunRemote(StepRequest request) override {
    co_await chains::Sleep(absl::Milliseconds(request.hold_ms()));
    if (request.fail_with() != 0) {
      co_return absl::Status(static_cast<absl::StatusCode>(request.fail_with()), "as it was told");
    }
    co_return StepResponse();
  }
};

class Walker final : public Steps {
 public:
  explicit Walker(Step& step) : step_(step) {}

  chains::Task<StepsResponse> RunRemote(StepsRequest request) override {
    StepRequest step;
    step.set_hold_ms(request.hold_ms());
    step.set_fail_with(request.fail_with());
    StepsResponse response;
    for (int i = 0; i < request.steps(); ++i) {
      co_await step_.RunRemote(step);
      response.set_result(i + 1);
    }
    co_return response;
  }

  // Answers with its request, and with the header x-probe as it arrived here.
  chains::Task<CountDownResponse> CountDown(CountDownRequest request) override {
    const chains::Context context = co_await chains::CurrentContext();
    const std::optional<std::string_view> header = context.Header("x-probe");
    CountDownResponse response;
    response.set_from(request.from());
    if (header) response.set_header(std::string(*header));
    co_return response;
  }

 private:
  Step& step_;
};

}  // namespace probe

int main(int argc, char** argv) {
  chains::Chain chain("probe");
  chain.Add<probe::Worker>();
  chain.Add<probe::Walker>(chains::Needs<probe::Step>{}).Entrypoint();
  return chain.Main(argc, argv);
}
