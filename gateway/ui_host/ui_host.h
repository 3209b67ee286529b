// UiHost: the page that people look at, served by the gateway: its files, who signs in, and the
// platform's methods for it.
//
//   if (host.Takes(head)) co_return co_await host.Handle(std::move(request));
//
// | GET /                               | leads browsers to /ui/ |
// | GET /ui/…                           | the page's files |
// | POST /ui/login, /ui/logout          | key to cookie, and cookie away (sign_in.h) |
// | GET /ui/session                     | who it is |
// | POST /ui/api/METHOD                 | chains.v1.Platform, with the user's key (platform_api.h)
// |
//
// All but the files is for the gateway's own page alone (page_request.h), whoever asks.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "chains/core/task.h"
#include "gateway/app/routes.h"
#include "gateway/http/handler.h"
#include "gateway/ui_host/platform_api.h"
#include "gateway/ui_host/sign_in.h"
#include "gateway/ui_host/ui_settings.h"

namespace chains::gateway {

// For the loop's thread.
class UiHost {
 public:
  // What they refer to outlives it.
  UiHost(UiSettings settings, const RoutesInForce& routes, const GatewayOptions& options,
         PlatformApi::Parts parts);
  UiHost(const UiHost&) = delete;

  // Whether it is a request for this. Most are not, as two comparisons show.
  static bool Takes(const RequestHead& head) {
    const std::string_view target = head.target;
    return (target.starts_with("/ui") || target.size() < 2 || target[1] == '?') && IsFor(head);
  }

  // As Handler says.
  Admission Admit(const RequestHead& head) const;
  Task<Response> Handle(Request request);

 private:
  static bool IsFor(const RequestHead& head);
  // Why it is refused by its head alone.
  absl::Status Problem(const RequestHead& head) const;
  Task<Response> Answer(Request& request);
  Task<Response> Api(Request& request, std::string name);
  Task<Response> File(const RequestHead& head, std::string path);
  bool IsOpen() const;

  const UiSettings settings_;
  const RoutesInForce& routes_;
  SignIn sign_in_;
  std::unique_ptr<PlatformApi> api_;  // null: there is no platform
};

}  // namespace chains::gateway
