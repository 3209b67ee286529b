// The gateway inside an entrypoint's process: `serve --http ADDRESS`.
#include "chains/main/frontend.h"

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/match.h"
#include "chains/chain/manifest.h"
#include "chains/core/text.h"
#include "gateway/app/gateway_server.h"

namespace chains {
namespace {

using gateway::GatewayServer;
using gateway::Route;
using gateway::Target;

constexpr uint32_t kMaxAsked = 10;  // requests a second, as platforms allow

// It asks for no key, so only this machine may reach it.
bool IsLocal(const std::string& address) {
  for (const char* local : {"127.", "localhost:", "[::1]:", "unix:"}) {
    if (absl::StartsWith(address, local)) return true;
  }
  return false;
}

class GatewayFrontend final : public Frontend {
 public:
  absl::StatusOr<std::string> Listen(const std::string& address, Reactor& reactor,
                                     Channel& entrypoint, const internal::ChainSpec& chain,
                                     SpanQueue* spans) override {
    if (!IsLocal(address)) {
      return absl::InvalidArgumentError(
          Text("--http ", address,
               ": only an address of this machine, because nobody is asked for a key; ",
               "chains-gateway --api-keys answers others"));
    }
    const Target::Contract contract{.descriptors = internal::Descriptors(chain),
                                    .entrypoint = std::string(chain.Entrypoint()->name())};
    const Route route{.chain = chain.name, .kind = Route::Kind::kEnvironment, .name = "production"};
    absl::StatusOr<std::unique_ptr<Target>> target = Target::Create(route, entrypoint, contract);
    if (!target.ok()) return target.status();
    std::vector<std::unique_ptr<Target>> targets;
    targets.push_back(*std::move(target));
    server_ = std::make_unique<GatewayServer>(reactor);
    if (absl::Status open = server_->Open(std::move(targets), {}); !open.ok()) return open;
    if (spans != nullptr) TellOfThoseThatAsk(*spans);
    absl::StatusOr<std::string> bound = server_->Listen(address);
    if (bound.ok()) return bound;
    return absl::Status(bound.status().code(), Text("--http: ", MessageOf(bound.status())));
  }

  void Drain(absl::Time deadline) override {
    if (server_ != nullptr) server_->Drain(deadline);
  }

 private:
  // There is no platform that draws lots; what is below is told of in the same queue.
  void TellOfThoseThatAsk(SpanQueue& spans) {
    v1::Tracing tracing;
    tracing.set_max_asked_per_second(kMaxAsked);
    server_->gateway().telling().Begin(spans);
    server_->gateway().telling().sampling().Update(tracing);
  }

  std::unique_ptr<GatewayServer> server_;
};

}  // namespace

std::unique_ptr<Frontend> MakeFrontend() { return std::make_unique<GatewayFrontend>(); }

}  // namespace chains
