// Any target of a request, and any header that the gateway reads.
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#include "chains/core/text.h"
#include "chains/grpc/limits.h"
#include "gateway/app/api_keys.h"
#include "gateway/app/call_headers.h"
#include "gateway/route/router.h"

namespace chains::gateway {
namespace {

const Router& TheRouter() {
  static const auto* const router = new Router(
      *Router::Create({{.chain = "a", .kind = Route::Kind::kEnvironment, .name = "production"},
                       {.chain = "b", .kind = Route::Kind::kDeployment, .name = "1"}}));
  return *router;
}

const ApiKeys& TheKeys() {
  static const auto* const keys = new ApiKeys(*ApiKeys::Parse(std::string(64, '0')));
  return *keys;
}

void Try(std::string_view text) {
  (void)TheRouter().Find(text);
  (void)ParseRouteFlag(text);
  if (TheKeys().Check(text, absl::Now()).ok()) std::abort();
  const std::string value(text);
  const RequestHead head{.method = "POST",
                         .target = "/",
                         .headers = {{"chains-timeout", value},
                                     {"chains-priority", value},
                                     {"traceparent", value},
                                     {"x-request-id", value},
                                     {"connection", value},
                                     {value, value}}};
  const auto timeout = TimeoutOf(head, absl::Seconds(1), absl::Hours(1));
  if (timeout.ok() && (*timeout <= absl::ZeroDuration() || *timeout > absl::Hours(1))) std::abort();
  (void)ApiKeys::Parse(std::string(64, '0') + " " + value);
  const absl::StatusOr<std::optional<int>> priority = PriorityOf(head);
  if (priority.ok() && *priority && (**priority < 0 || **priority > 7)) std::abort();
  if (TraceOf(head).trace.empty()) std::abort();
  size_t bytes = 0;
  for (const auto& [name, forwarded] : ForwardedOf(head, RequestIdOf(head))) {
    bytes += name.size() + forwarded.size();
  }
  if (bytes > kMaxHeaderBytes) std::abort();
}

}  // namespace
}  // namespace chains::gateway

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  chains::gateway::Try({reinterpret_cast<const char*>(data), size});
  return 0;
}
