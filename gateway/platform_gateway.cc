// The gateway that `chains up` runs beside its platform.
#include "chains/main/platform_gateway.h"

#include <memory>
#include <utility>

#include "gateway/app/platform_server.h"

namespace chains {

std::unique_ptr<PlatformGateway> MakePlatformGateway(PlatformGateway::Options options) {
  return std::make_unique<gateway::PlatformServer>(std::move(options), gateway::HttpOptions());
}

}  // namespace chains
