#include "deploy/platform/leading.h"

#include <optional>
#include <utility>

#include "chains/core/root.h"
#include "chains/core/wait.h"

namespace chains::deploy {
namespace {

// Who does not answer by then is not told: the Lease ends by itself.
constexpr absl::Duration kGivingBack = absl::Seconds(3);

}  // namespace

Leading::Leading(ApiClient& api, Leadership::Options options, OnLost on_lost)
    : leadership_(api, std::move(options)),
      on_lost_(std::move(on_lost)),
      thread_([this] { Run(); }) {}

Leading::~Leading() {
  Stop();
  thread_.join();
}

absl::Status Leading::Await() { return leads_.get_future().get(); }

void Leading::Stop() {
  loop_.Post([this] { stopping_ = true; });
}

Task<void> Leading::Lead() {
  co_await leadership_.Acquire();
  led_ = true;
  leads_.set_value(absl::OkStatus());
  co_await leadership_.Hold();
}

void Leading::Run() {
  std::optional<absl::Status> ended;
  {
    chains::internal::Root<void> root(
        loop_, Context(), Lead(), [&ended](const absl::StatusOr<chains::internal::Unit>& outcome) {
          ended = outcome.status();
        });
    root.Start();
    loop_.RunUntil([&] { return ended || stopping_; });
  }
  loop_.RunUntil([this] { return loop_.blocking() == 0 && loop_.hosted() == 0; });
  if (!led_) {
    leads_.set_value(ended ? *ended : absl::CancelledError("the platform is ending"));
    return;
  }
  if (ended) return on_lost_(*ended);
  const Context context(loop_.Now() + kGivingBack, "", {});
  Wait(leadership_.Release(), loop_, context).status().IgnoreError();
}

}  // namespace chains::deploy
