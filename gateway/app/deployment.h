// Deployment: the way to a deployment's entrypoint, as the platform tells it: over its replicas,
// or, while there are none, how to wait for the first one.
//
//   co_await AwaitReplica(deployment, context, moved);   // or leaves with why there will be none
//   Bytes reply = co_await deployment->channel().Unary(method, std::move(request));
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <memory>
#include <optional>
#include <string>

#include "absl/functional/function_ref.h"
#include "absl/status/status.h"
#include "absl/time/time.h"
#include "chains/core/call_measures.h"
#include "chains/core/context.h"
#include "chains/core/loop.h"
#include "chains/core/notice.h"
#include "chains/core/root.h"
#include "chains/core/task.h"
#include "chains/policy/elastic_channel.h"
#include "chains/policy/retry_budget.h"
#include "chains/v1/control.pb.h"

namespace chains::gateway {

// For the loop's thread, or while that does not run. Requests share it: it lives as long as one of
// them, whatever routes there are by then.
class Deployment {
 public:
  // Who starts replicas: the platform.
  class Starter {
   public:
    virtual ~Starter() = default;
    // Answers at once; the replicas come with Update().
    virtual Task<void> WakeUp(std::string deployment) = 0;
    // A request waits for a replica of `deployment`, and none did before.
    virtual void WaitingBegan() = 0;
  };
  struct Options {
    size_t max_waiting = 1000;                       // requests; more are refused
    absl::Duration wake_again = absl::Seconds(5);    // while requests wait and nothing came
    absl::Duration wake_timeout = absl::Seconds(5);  // of asking the platform
    // Of requests to its replicas; hedging of methods that may be repeated.
    Balancing balancing = {};
    Hedging hedging = {};
    Circuit circuit = {};
    std::string zone = "";  // of the gateway; its requests prefer replicas there
  };

  // `loop` outlives it; `starter` until it is Left().
  Deployment(Loop& loop, std::string chain, std::string id, ElasticChannel::Connect connect,
             Starter& starter, Options options);
  Deployment(const Deployment&) = delete;
  Deployment& operator=(const Deployment&) = delete;

  const std::string& id() const { return id_; }
  const std::string& chain() const { return chain_; }

  // What the platform says now. Who waits goes on, or is refused where it is active no more.
  void Update(const v1::DeploymentRoute& route);
  // It is in no route any more: who waits is refused with `why`; nobody is asked for replicas.
  // Requests that have it still reach those that it has.
  void Leave(absl::Status why);

  // To its replicas, once there is one.
  Channel& channel() { return *channel_; }
  bool awake() const { return !ways_->none(); }
  // Why requests that find no replica are refused: UNAVAILABLE; OK where they wait.
  const absl::Status& refusal() const { return refusal_; }
  // Requests in AwaitReplica(), and those that its replicas have.
  size_t waiting() const { return waiting_; }
  size_t in_flight() const { return ways_->in_flight(); }

  // What its replicas answered.
  struct Answers {
    uint64_t all = 0;
    uint64_t failed = 0;  // for no fault of the caller's
  };
  // One of `method` that began then, after so many attempts.
  void Answered(const Method& method, const absl::Status& status, absl::Time began,
                int attempts = 1);
  const Answers& answers() const { return answers_; }
  // Adds what became of calls, by method, as their caller sees them.
  void AddEdges(v1::Measurements& measurements) const;
  // What these policies did. Any thread may read.
  const EdgeCounters& counters() const { return counters_; }

  // Asks the platform for replicas, on behalf of a caller.
  Task<void> WakeUp();

 private:
  class Stay;
  friend Task<void> AwaitReplica(std::shared_ptr<Deployment> deployment, Context context,
                                 absl::FunctionRef<bool()> moved);
  static Task<void> UntilAwake(std::shared_ptr<Deployment> deployment,
                               absl::FunctionRef<bool()> moved);

  void BeginToWake();
  Task<void> KeepWaking();
  CallMeasures& MeasuresOf(const Method& method);
  absl::Status Full() const;
  absl::Status TimedOut(absl::Duration waited) const;
  std::string Name() const;

  Loop& loop_;
  const std::string chain_;
  const std::string id_;
  const Options options_;
  Starter* starter_;  // null once it left
  EdgeCounters counters_;
  AttemptBudget budget_{RetryBudget()};
  std::unique_ptr<Channel> channel_;  // ways_, and the policies around it
  ElasticChannel* ways_ = nullptr;
  absl::Status refusal_;
  size_t waiting_ = 0;
  Answers answers_;
  // Calls of a method, in the order in which they were first made: of one contract, so few.
  struct Edge {
    std::string callee;
    std::string method;
    CallMeasures measures{CallMeasures::Times::kAll};
  };
  std::deque<Edge> edges_;
  Notice changed_;
  absl::Time woken_ = absl::InfinitePast();  // in this sleep
  absl::Status not_woken_;                   // how asking ended the last time
  std::optional<internal::Root<void>> waking_;
};

// Ends when `deployment` has a replica, or when `moved`, which outlives the wait and is asked with
// every change of routes, says that what the request named leads elsewhere. Asks the platform for a
// replica if nobody did. UNAVAILABLE: it is not active, or had none by the deadline of `context`;
// says so. RESOURCE_EXHAUSTED: too many wait.
Task<void> AwaitReplica(std::shared_ptr<Deployment> deployment, Context context,
                        absl::FunctionRef<bool()> moved);

}  // namespace chains::gateway
