// What a webhook is told, and how it can tell that it comes from this gateway. Pure.
//
//   WebhookMessage message = MessageFor(delivery, {"secret"}, now);
//
//   POST …
//   X-Chains-Delivery: req_8f3a…              the same however often it is told
//   X-Chains-Timestamp: 1800000000            seconds; of this try
//   X-Chains-Signature: v1=HEX[,v1=HEX]       HMAC-SHA256(secret, "TIMESTAMP.BODY") of each secret
//
//   {"request_id": …, "type": "async_request_completed", "status": "SUCCEEDED", "result": …}
#pragma once

#include <stop_token>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "gateway/async/job.h"
#include "gateway/async/job_rules.h"

namespace chains::gateway {

struct WebhookMessage {
  std::string url;
  std::vector<std::pair<std::string, std::string>> headers;
  std::string body;
};

// The body is the same bytes with every try. Without secrets it is not signed.
WebhookMessage MessageFor(const LeasedDelivery& delivery, const std::vector<std::string>& secrets,
                          absl::Time now);

// "v1=…" of one secret.
std::string SignatureOf(std::string_view secret, std::string_view timestamp, std::string_view body);

// A secret on each line, of at least 16 bytes: all of them sign, so that a receiver can change from
// one to the next. INVALID_ARGUMENT, NOT_FOUND name the file.
absl::StatusOr<std::vector<std::string>> LoadWebhookSecrets(const std::string& file);

// A job as GET /async_request/ID answers it.
std::string StatusJson(const JobView& job);

// Who tells webhooks. Any thread, several at a time; blocks, at most for a time of its own, and
// less when it is asked to stop.
class WebhookClient {
 public:
  virtual ~WebhookClient() = default;
  virtual Told Tell(const WebhookMessage& message, std::stop_token stop) = 0;
};

}  // namespace chains::gateway
