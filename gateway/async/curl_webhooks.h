// CurlWebhooks: tells webhooks with libcurl.
//
//   auto client = CurlWebhooks::Create({.reach = Reach::kPublic});
//   Told told = (*client)->Tell(message, stop);
//
// Follows no redirect, uses no proxy, reads at most a little of the answer, and connects to private
// addresses only where it may: the address that a name led to is looked at, not the name.
#pragma once

#include <memory>

#include "absl/time/time.h"
#include "gateway/async/web_address.h"
#include "gateway/async/webhook.h"

namespace chains::gateway {

class CurlWebhooks final : public WebhookClient {
 public:
  struct Options {
    Reach reach = Reach::kPublic;
    absl::Duration connect_timeout = absl::Seconds(5);
    absl::Duration timeout = absl::Seconds(15);  // of all of it
  };
  explicit CurlWebhooks(Options options);

  Told Tell(const WebhookMessage& message, std::stop_token stop) override;

 private:
  const Options options_;
};

}  // namespace chains::gateway
