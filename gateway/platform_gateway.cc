// The gateway that `chains up` runs beside its platform.
#include "chains/main/platform_gateway.h"

#include <memory>
#include <utility>

#include "gateway/app/open_queue.h"
#include "gateway/app/platform_server.h"
#include "gateway/ui_host/ui_assets.h"

namespace chains {
namespace {

// As chains-gateway's --connection-age.
constexpr absl::Duration kConnectionAge = absl::Minutes(10);

}  // namespace

std::unique_ptr<PlatformGateway> MakePlatformGateway(PlatformGateway::Options options) {
  const gateway::QueueFlags queue{.url = options.async_queue,
                                  .secret_file = options.webhook_secret_file,
                                  .allow_private = options.webhook_allow_private};
  gateway::HttpOptions http;
  http.connection_age = kConnectionAge;
  return std::make_unique<gateway::PlatformServer>(
      std::move(options), std::move(http),
      [queue]() -> absl::StatusOr<gateway::AsyncSettings> {
        if (!queue.secret_file.empty()) {
          absl::Status made = gateway::MakeWebhookSecret(queue.secret_file);
          if (!made.ok()) return made;
        }
        return gateway::OpenQueue(queue);
      },
      &gateway::EmbeddedUi());
}

}  // namespace chains
