// Gateway's requests before they begin: whether their keys may, and within which limits.
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "chains/policy/key_limits.h"
#include "gateway/app/call_headers.h"
#include "gateway/app/errors.h"
#include "gateway/app/gateway.h"
#include "gateway/app/web_socket_call.h"
#include "gateway/ui_host/page_request.h"

namespace chains::gateway {
namespace {

// The key of a request, by whichever header a client may show it.
struct ShownKey {
  ShownKey(const RequestHead& head, bool by_cookie) : authorization(head.Header("authorization")) {
    if (authorization) return;
    elsewhere = KeyAmongSubprotocols(head);
    if (!elsewhere && by_cookie) elsewhere = CookieKey(head);
    if (elsewhere) authorization = *elsewhere;
  }
  ShownKey(const ShownKey&) = delete;

  std::optional<std::string> elsewhere;
  std::optional<std::string_view> authorization;
};

// Worth refusing before it has come, although its connection then ends. Others are refused when
// they begin: a client that asks too often should not have to connect anew each time.
bool HasLargeBody(const RequestHead& head) {
  constexpr uint64_t kLarge = 64 << 10;
  return head.content_length.value_or(head.method == "POST" ? kLarge : 0) >= kLarge;
}

}  // namespace

std::optional<Response> Gateway::Refuse(const RequestHead& head) {
  const std::shared_ptr<const Routes>& routes = routes_.routes();
  if (routes == nullptr) return ErrorResponse(routes_.Now().status());
  if (routes->keys()) {
    const ShownKey key(head, ui_ != nullptr);
    const absl::Status allowed = CheckKey(*routes, head.target, key.authorization);
    if (!allowed.ok()) {
      Response response = ErrorResponse(allowed);
      if (response.status != 401) return response;
      response.headers.emplace_back("WWW-Authenticate", "Api-Key, Bearer");
      return response;
    }
  }
  if (!HasLargeBody(head)) return std::nullopt;
  const Quotas::Owner owner = OwnerOf(head);
  const absl::Status fits = quotas_.Foresee(owner, loop_.Now());
  if (fits.ok()) return std::nullopt;
  Response response = ErrorResponse(fits);
  quotas_.AddHeaders(owner, loop_.Now(), response.headers);
  return response;
}

// Null for all but keys with limits: most gateways have none, and look no further.
Quotas::Owner Gateway::OwnerOf(const RequestHead& head) const {
  const std::shared_ptr<const Routes>& routes = routes_.routes();
  if (routes == nullptr || !routes->keys() || !routes->keys()->any_limits()) return nullptr;
  return routes->keys()->OwnerOf(ShownKey(head, ui_ != nullptr).authorization, loop_.Now());
}

absl::StatusOr<int> Gateway::Begin(const RequestHead& head, const Quotas::Owner& owner,
                                   Tally& tally) {
  const absl::StatusOr<std::optional<int>> asked = PriorityOf(head);
  if (!asked.ok()) return asked.status();
  absl::StatusOr<Quotas::Stay> stay = quotas_.Enter(owner, loop_.Now());
  if (!stay.ok()) return stay.status();
  tally.Holds(*std::move(stay));
  if (owner != nullptr) return PriorityUnder(owner->limits, *asked);
  if (!*asked) return Context::kUsualPriority;
  const std::shared_ptr<const Routes>& routes = routes_.routes();
  const bool is_open = routes != nullptr && !routes->keys();
  return is_open ? **asked : PriorityUnder(v1::KeyLimits(), *asked);
}

// Where it leads nowhere it is refused later, and is told why.
absl::Status Gateway::CheckKey(const Routes& routes, std::string_view target,
                               std::optional<std::string_view> authorization) const {
  const ApiKeys& keys = *routes.keys();
  absl::Status allowed = keys.Check(authorization, loop_.Now());
  if (!allowed.ok() || !keys.any_restricted()) return allowed;
  const absl::StatusOr<Router::Match> match = routes.router().Find(target);
  if (!match.ok()) return absl::OkStatus();
  return keys.CheckFor(routes.router().routes()[match->route].chain, authorization, loop_.Now());
}

absl::Status Gateway::MayAsk(const RequestHead& head, std::string_view chain) const {
  const std::shared_ptr<const Routes>& routes = routes_.routes();
  if (routes == nullptr || !routes->keys() || !routes->keys()->any_restricted()) {
    return absl::OkStatus();
  }
  const ShownKey key(head, ui_ != nullptr);
  return routes->keys()->CheckFor(chain, key.authorization, loop_.Now());
}

void Gateway::Host(UiSettings settings) {
  PlatformApi::Parts parts{.loop = loop_, .metrics = metrics_, .held = held_, .nowhere = nowhere_};
  ui_ = std::make_unique<UiHost>(std::move(settings), routes_, options_, std::move(parts));
}

}  // namespace chains::gateway
