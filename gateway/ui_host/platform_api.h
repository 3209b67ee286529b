// PlatformApi: the platform's methods for the page: POST /ui/api/METHOD with JSON.
//
//   absl::StatusOr<const json::Transcoder::Method*> method = api.Find("List");
//   co_return co_await api.Call(request, **method, user.authorization);
//
// They are called as a chain's methods are (app/unary_call.h, app/stream_call.h), with the user's
// own key, so that the platform itself decides what it may, and writes down who did it. JSON is
// proto3's, with the names of platform.proto and defaults printed.
#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "absl/status/statusor.h"
#include "chains/contract/channel.h"
#include "chains/core/loop.h"
#include "chains/core/task.h"
#include "chains/json/transcoder.h"
#include "gateway/app/gateway_options.h"
#include "gateway/app/held_bytes.h"
#include "gateway/app/metrics.h"
#include "gateway/app/quotas.h"
#include "gateway/app/tally.h"
#include "gateway/app/target.h"
#include "gateway/http/message.h"

namespace chains::gateway {

// For the loop's thread.
class PlatformApi {
 public:
  struct Parts {
    Loop& loop;
    Metrics& metrics;
    HeldBytes& held;
    std::shared_ptr<Metrics::Series> nowhere;
  };
  // What `parts` refer to, and `platform`, outlive it. `options` are the gateway's.
  PlatformApi(Channel& platform, const GatewayOptions& options, Parts parts);
  PlatformApi(const PlatformApi&) = delete;

  // By its name in platform.proto, "ListTraces" or "list_traces". NOT_FOUND: there is none, or none
  // for pages.
  absl::StatusOr<const json::Transcoder::Method*> Find(std::string_view name) const;
  // `authorization` as the header has it; empty: nobody is asked for a key.
  Task<Response> Call(Request& request, const json::Transcoder::Method& method,
                      const std::string& authorization);

 private:
  Task<Response> Invoke(Request& request, const json::Transcoder::Method& method, Context context,
                        Tally& tally);

  const Parts parts_;
  const GatewayOptions options_;
  Quotas quotas_;  // of such calls, all together
  const std::unique_ptr<Target> target_;
};

}  // namespace chains::gateway
