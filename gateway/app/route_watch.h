// RouteWatch: asks a platform what there is to route to, for as long as the gateway lives.
//
//   RouteWatch watch(reactor, platform_channel, connect, {.token = token}, *gateway);
//   watch.Start();
//   …
//   watch.Stop();
//
// Each table becomes the Routes of the gateway; the platform is told when they are in force, how
// many requests wait for a deployment's first replica, and of spans and measurements of the
// gateway. Without the platform the last routes stay.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/time/time.h"
#include "chains/core/context.h"
#include "chains/core/loop.h"
#include "chains/core/notice.h"
#include "chains/core/root.h"
#include "chains/core/stream.h"
#include "chains/json/transcoder.h"
#include "chains/policy/elastic_channel.h"
#include "chains/v1/control.chains.h"
#include "gateway/app/deployment.h"
#include "gateway/app/gateway.h"

namespace chains::gateway {

// For the loop's thread, or while that does not run.
class RouteWatch final : private Deployment::Starter {
 public:
  struct Options {
    std::string gateway = "gateway";  // its name, for the platform's messages
    std::string token;                // the platform's, for metadata `chains-token`
    absl::Duration first_pause = absl::Milliseconds(50);  // before it asks again; doubled each time
    absl::Duration max_pause = absl::Seconds(1);
    // Of telling how busy it is, and of its spans unless there are many.
    absl::Duration load_period = absl::Milliseconds(500);
    Deployment::Options deployment = {};
    // How to reach the entrypoint of a chain, in place of `connect`: over TLS who must be there
    // depends on that. May be null.
    std::function<ElasticChannel::Connect(const std::string& chain, const std::string& entrypoint)>
        connect_to = nullptr;
  };

  // `platform` reaches chains.v1.Control, `connect` the replicas. `loop`, `platform` and `gateway`
  // outlive it.
  RouteWatch(Loop& loop, Channel& platform, ElasticChannel::Connect connect, Options options,
             Gateway& gateway);
  RouteWatch(const RouteWatch&) = delete;
  RouteWatch& operator=(const RouteWatch&) = delete;
  ~RouteWatch() override;

  void Start();
  // Asks no more; the gateway keeps its routes, and nobody wakes deployments up.
  void Stop();

  // The version of the table that is in force; 0 before the first.
  uint64_t version() const { return version_; }
  // How asking ended the last time; OK while the platform answers.
  const absl::Status& problem() const { return problem_; }

 private:
  // A deployment as it was told last. Its contract's descriptors come once.
  struct Known {
    std::string contract;
    std::string entrypoint;
    std::shared_ptr<const json::Transcoder> transcoder;  // null: `problem` says why
    absl::Status problem;
    std::shared_ptr<Deployment> deployment;
    Deployment::Answers told = {};  // of the deployment, to the platform
  };
  using KnownById = std::map<std::string, Known>;

  Task<void> WatchForever();
  Task<void> WatchOnce();
  Stream<v1::RoutesSeen> Seen();
  v1::RoutesSeen SeenNow();
  bool AnyBusy() const;
  // Whether it is time to say what was measured.
  bool MeasuresAreDue() const;

  absl::Status Take(const v1::RouteTable& table);
  // `next`: those of the same table that are known by now.
  Known Learn(const v1::DeploymentRoute& route, const KnownById& next);
  bool IsFor(const Known& known, const v1::DeploymentRoute& route) const;
  void LearnContract(const v1::DeploymentRoute& route, const KnownById& next, Known& known);
  std::shared_ptr<const json::Transcoder> TranscoderOf(const std::string& contract,
                                                       const std::string& entrypoint,
                                                       const KnownById& next) const;
  void LeaveOthers(const KnownById& before);
  static absl::StatusOr<std::shared_ptr<const Routes>> RoutesFrom(const v1::RouteTable& table,
                                                                  const KnownById& known);

  Task<void> WakeUp(std::string deployment) override;
  void WaitingBegan() override;
  void TellSoon();

  Loop& loop_;
  const ElasticChannel::Connect connect_;
  const Options options_;
  Gateway& gateway_;
  Telling& telling_;       // the gateway's
  const Context context_;  // of its calls: with the token
  const std::unique_ptr<v1::Control> control_;
  KnownById known_;
  uint64_t version_ = 0;
  absl::Duration measure_every_;  // as the last table says; 0: never
  absl::Time measured_ = absl::InfinitePast();
  bool connected_ = false;  // this stream has brought a table
  uint64_t to_tell_ = 0;    // grows with what the platform is to be told at once
  Notice told_sooner_;
  absl::Status problem_;
  std::optional<internal::Root<void>> watching_;
};

}  // namespace chains::gateway
