// AsyncCalls: requests that are answered with an id at once and called later.
//
//   POST …/async_run_remote, …/async_METHOD     201 {"request_id": "req_…"}, once it is durable
//   GET /async_request/ID                       what has become of it
//   DELETE /async_request/ID                    cancels it, also while it runs
//
//   AsyncCalls calls(loop, std::move(settings), run);
//   calls.Start();
//   Response accepted = co_await calls.Accept(request, route, target, method, options);
//
// The key is checked when a request is accepted. What it calls is the environment that its path
// named, whatever that leads to when it runs, or the very deployment that its path named.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "absl/time/time.h"
#include "chains/core/loop.h"
#include "chains/core/task.h"
#include "chains/json/transcoder.h"
#include "gateway/async/async_queue.h"
#include "gateway/async/web_address.h"
#include "gateway/http/message.h"
#include "gateway/route/route.h"

namespace chains::gateway {

struct AsyncSettings {
  std::unique_ptr<JobStore> store;          // null: there is no queue
  std::unique_ptr<WebhookClient> webhooks;  // with it
  Reach reach = Reach::kPublic;             // of webhooks
  AsyncQueue::Options queue = {};
  uint64_t max_body_bytes = 16 << 20;       // of what is accepted
  absl::Duration timeout = absl::Hours(1);  // of an attempt, without a Chains-Timeout
};

// "run_remote" of "async_run_remote"; nullopt of another name.
std::optional<std::string_view> AsyncMethod(std::string_view name);
// "req_…" of "/async_request/req_…"; nullopt of another path.
std::optional<std::string_view> AsyncRequestOf(std::string_view target);

// For the loop's thread.
class AsyncCalls {
 public:
  // Calls what `request` names as if it had just come.
  using Run = std::function<Task<Response>(std::shared_ptr<Request> request)>;

  AsyncCalls(Loop& loop, AsyncSettings settings, Run run);

  void Start() { queue_.Start(); }
  Task<void> Drain(absl::Time deadline) { return queue_.Drain(deadline); }
  const AsyncQueue& queue() const { return queue_; }
  uint64_t max_body_bytes() const { return max_body_bytes_; }

  // `max_timeout` bounds what a Chains-Timeout asks for. The rest outlives it.
  Task<Response> Accept(const Request& request, const Route& route,
                        const json::Transcoder& transcoder, const json::Transcoder::Method& method,
                        absl::Duration max_timeout);
  // Whether who asks may know of requests to that chain.
  using MayAsk = std::function<absl::Status(std::string_view chain)>;
  // GET and DELETE of one that was accepted. Of others' there is none.
  Task<Response> Answer(const RequestHead& head, std::string id, MayAsk may);

 private:
  absl::StatusOr<NewJob> JobOf(const Request& request, const Route& route,
                               const json::Transcoder::Method& method,
                               absl::Duration max_timeout) const;
  Task<Attempt> RunJob(std::shared_ptr<const LeasedJob> job) const;

  Loop& loop_;
  const Run run_;
  const Reach reach_;
  const uint64_t max_body_bytes_;
  const absl::Duration timeout_;
  AsyncQueue queue_;
};

}  // namespace chains::gateway
