// Target: what is behind a route: the way to an entrypoint, and its contract.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <unordered_map>

#include <google/protobuf/descriptor.pb.h>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "chains/contract/channel.h"
#include "chains/core/loop.h"
#include "chains/core/root.h"
#include "chains/json/transcoder.h"
#include "gateway/app/deployment.h"
#include "gateway/app/metrics.h"
#include "gateway/app/retries.h"
#include "gateway/route/route.h"

namespace chains::gateway {

// For the loop's thread, or while that does not run.
class Target {
 public:
  // Where the entrypoint's contract comes from. With `descriptors` there is no need to ask;
  // without, the replica is asked for them, again and again until it answers.
  struct Contract {
    std::optional<google::protobuf::FileDescriptorSet> descriptors = std::nullopt;
    std::string entrypoint = "";  // "hello.HelloAll"; empty: what the replica's manifest says
    json::Dialect dialect = json::Dialect::kChains;
  };
  struct Backoff {
    absl::Duration first = absl::Milliseconds(100);
    absl::Duration max = absl::Seconds(5);
    absl::Duration timeout = absl::Seconds(5);  // of one asking
  };

  // `channel` outlives the target, or is owned by it. INVALID_ARGUMENT, NOT_FOUND: descriptors that
  // do not hold the entrypoint.
  static absl::StatusOr<std::unique_ptr<Target>> Create(Route route, Channel& channel,
                                                        const Contract& contract);
  static absl::StatusOr<std::unique_ptr<Target>> Create(Route route,
                                                        std::unique_ptr<Channel> channel,
                                                        const Contract& contract);
  // A deployment of the platform. Without `transcoder`, `problem` says why.
  static std::shared_ptr<Target> Of(Route route, std::shared_ptr<Deployment> deployment,
                                    std::shared_ptr<const json::Transcoder> transcoder,
                                    absl::Status problem);
  Target(const Target&) = delete;
  Target& operator=(const Target&) = delete;

  // Asks a replica for the contract where it is not known; never the platform's, which says it by
  // itself. Stop() before the loop ends.
  void Start(Loop& loop) { Start(loop, Backoff()); }
  void Start(Loop& loop, Backoff backoff);
  void Stop() { asking_.reset(); }

  // A share of its requests goes to `canary`. Before anybody picks.
  void Divide(std::shared_ptr<Target> canary, double share) {
    canary_ = std::move(canary);
    share_ = share;
  }
  // Where a request goes: here, or to the canary. `random` is in [0, 1).
  Target& Pick(double random) { return canary_ != nullptr && random < share_ ? *canary_ : *this; }
  bool divided() const { return canary_ != nullptr; }
  // Whether requests may go to `deployment`.
  bool LeadsTo(const Deployment& deployment) const {
    return deployment_.get() == &deployment ||
           (canary_ != nullptr && canary_->deployment_.get() == &deployment);
  }

  const Route& route() const { return route_; }
  Channel& channel() const { return channel_; }
  // Of what its replicas answer.
  Retries& retries() { return retries_; }
  // Null where it is no platform's.
  const std::shared_ptr<Deployment>& deployment() const { return deployment_; }
  // Null until it is known. Once there it stays.
  const json::Transcoder* transcoder() const { return transcoder_.get(); }
  const std::shared_ptr<const json::Transcoder>& contract() const { return transcoder_; }
  // Why requests are refused: UNAVAILABLE; never OK without a transcoder.
  const absl::Status& problem() const {
    const bool refuses = problem_.ok() && deployment_ != nullptr && !deployment_->awake();
    return refuses ? deployment_->refusal() : problem_;
  }
  // Whether it is known, or has been asked for in vain.
  bool asked() const { return asked_ || transcoder_ != nullptr || deployment_ != nullptr; }

  // What is counted of one of its methods, in `metrics`, always the same.
  const std::shared_ptr<Metrics::Series>& SeriesOf(const json::Transcoder::Method& method,
                                                   Metrics& metrics);
  Metrics::Labels LabelsOf(const json::Transcoder::Method& method) const;

 private:
  Target(Route route, Channel& channel, std::unique_ptr<Channel> owned,
         std::shared_ptr<Deployment> deployment, absl::Status problem);
  static absl::StatusOr<std::unique_ptr<Target>> Create(Route route, Channel& channel,
                                                        std::unique_ptr<Channel> owned,
                                                        const Contract& contract);
  absl::Status Learn(const google::protobuf::FileDescriptorSet& descriptors,
                     const std::string& entrypoint, json::Dialect dialect);
  Task<void> AskUntilAnswered(Backoff backoff);
  Task<void> Ask(absl::Duration timeout);

  const Route route_;
  const std::unique_ptr<Channel> owned_;
  const std::shared_ptr<Deployment> deployment_;
  Channel& channel_;
  std::string entrypoint_;
  std::shared_ptr<const json::Transcoder> transcoder_;
  std::unordered_map<const json::Transcoder::Method*, std::shared_ptr<Metrics::Series>> series_;
  std::shared_ptr<Target> canary_;  // null: none
  double share_ = 0;
  Retries retries_;
  absl::Status problem_;
  bool asked_ = false;
  std::unique_ptr<internal::Root<void>> asking_;
};

}  // namespace chains::gateway
