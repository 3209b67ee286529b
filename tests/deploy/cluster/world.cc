#include "tests/deploy/cluster/world.h"

#include <algorithm>
#include <utility>

#include "absl/strings/escaping.h"
#include "absl/strings/str_join.h"
#include "chains/core/text.h"
#include "tests/deploy/cluster/world_gateway.h"

namespace chains::deploy {
namespace {

constexpr size_t kTraced = 400;
// What is told may be so old: a watch that hangs is noticed after two and a half minutes.
constexpr absl::Duration kStale = absl::Minutes(4);

}  // namespace

World::World(uint64_t seed) : random_(seed), server_(seed) {
  blobs_ = BlobStore::Open(folder_ / "store").value();
  secrets_.emplace(SecretBox::Load(folder_ / "secret.key").value());
  logs_ = LogKeeper::Create({.folder = folder_ / "logs"}).value();
  BlobStore::Writer writer = blobs_->Begin(Sha256Of("program"), 7).value();
  writer.Append("program").IgnoreError();
  writer.Commit().IgnoreError();
  server_.With([](fake::ApiCore& core) { core.MakeNamespace("chains"); });
  link_.token_of = [this](const Json& pod) -> std::string {
    for (const Json& secret : cluster_->Objects("v1", "secrets")) {
      if (LabelOf(secret, "chains.dev/deployment") != LabelOf(pod, "chains.dev/deployment"))
        continue;
      std::string token;
      absl::Base64Unescape(StringAt(secret, "/data/token"), &token);
      return token;
    }
    return "";
  };
  link_.on_callable = [this](const std::string& name, const std::string& uid, bool callable) {
    Seen& seen = seen_[name];
    seen.was_callable |= callable;
    seen.gone_since = callable ? absl::InfiniteFuture() : clock_.Now();
    seen.pod_uid = uid;
  };
  link_.on_told = [this](const v1::ReplicaOrders& orders) {
    for (const v1::Endpoints& endpoints : orders.endpoints()) {
      for (const v1::Endpoint& each : endpoints.replicas()) CheckTold("a replica", each.replica());
    }
  };
  cluster_.emplace(clock_, server_, seed + 1, [this](const Json& pod) { return StartPod(pod); });
  cluster_->AddNode({.name = "node1", .cpus = 12});
  cluster_->AddNode({.name = "node2", .cpus = 12});
  StartPlatform();
}

World::~World() {
  KillPlatform();
  cluster_.reset();
  clock_.Settle();
}

void World::Note(std::string what) {
  trace_.push_back(
      Text(absl::FormatTime("%H:%M:%E3S", clock_.Now(), absl::UTCTimeZone()), " ", what));
  if (trace_.size() > kTraced) trace_.pop_front();
}

void World::Problem(std::string what) {
  Note("PROBLEM " + what);
  problems_.push_back(std::move(what));
}

std::string World::trace() const { return absl::StrJoin(trace_, "\n"); }

void World::StartPlatform() {
  AssembledPlatform::Left left{.clock = clock_,
                               .transport = server_,
                               .store = store_,
                               .blobs = *blobs_,
                               .secrets = *secrets_,
                               .logs = *logs_,
                               .bundles = folder_ / "bundles",
                               .settings = {},
                               .jitter = [this] { return Draw(); }};
  auto platform = std::make_unique<AssembledPlatform>(std::move(left));
  const absl::Status started = platform->Start();
  Note(Text("the platform starts: ", started.ToString()));
  if (!started.ok()) return;
  platform_ = std::move(platform);
  up_since_ = clock_.Now();
  link_.pods = &platform_->pods();
  link_.control = &platform_->control();
  gateway_ = std::make_unique<Gateway>(*this, platform_->control());
  clock_.Settle();
  CheckEnvironment();
}

void World::KillPlatform() {
  if (platform_ == nullptr) return;
  Note("the platform is killed");
  asked_.clear();
  gateway_.reset();
  link_.pods = nullptr;
  link_.control = nullptr;
  for (PodAgent* const agent : Agents()) agent->Detach();
  platform_.reset();
  clock_.Settle();
}

std::unique_ptr<fake::PodProgram> World::StartPod(const Json& pod) {
  return std::make_unique<PodAgent>(link_, pod);
}

std::vector<PodAgent*> World::Agents() {
  std::vector<PodAgent*> agents;
  for (const std::string& pod : cluster_->RunningPods()) {
    agents.push_back(dynamic_cast<PodAgent*>(cluster_->ProgramOf(pod)));
  }
  return agents;
}

bool World::StepCluster() {
  std::vector<Step> steps;
  for (PodAgent* const agent : Agents()) {
    for (Step& step : agent->Steps()) steps.push_back(std::move(step));
  }
  if (gateway_ != nullptr) gateway_->AddSteps(steps);
  // The cluster's controllers are one of those who draw.
  const size_t drawn = Draw(steps.size() + 2);
  const bool agents = drawn < steps.size();
  bool stepped = true;
  if (agents) {
    steps[drawn]();
  } else {
    stepped = cluster_->Step();
    if (!stepped && !steps.empty()) {
      steps[Draw(steps.size())]();
      stepped = true;
    }
  }
  clock_.Settle();
  return stepped;
}

void World::Pass(absl::Duration time) {
  clock_.Advance(time);
  clock_.Settle();
}

void World::Storm(int steps) {
  for (int i = 0; i < steps && problems_.empty(); ++i) {
    const double drawn = Draw();
    if (drawn < 0.70) {
      for (size_t burst = 1 + Draw(12); burst > 0; --burst) StepCluster();
    } else if (drawn < 0.88) {
      Pass(absl::Milliseconds(static_cast<int64_t>(Draw() * 1500)));
    } else if (drawn < 0.93) {
      if (platform_ != nullptr) Ask();
    } else if (drawn < 0.95) {
      platform_ == nullptr ? StartPlatform() : KillPlatform();
    } else if (drawn < 0.975) {
      Disaster();
    } else {
      ChangeFaults();
    }
    TakeAnswers();
  }
}

void World::Disaster() {
  const std::vector<std::string> pods = cluster_->RunningPods();
  switch (Draw(6)) {
    case 0:
      Note("node2 is lost");
      return cluster_->LoseNode("node2");
    case 1:
      Note("node2 is back");
      return cluster_->RestoreNode("node2");
    case 2:
      return cluster_->BreakRegistry(Draw() < 0.3);
    default:
      break;
  }
  if (pods.empty()) return;
  const std::string pod = OneOf(pods);
  switch (Draw(4)) {
    case 0:
      Note("somebody deletes pod " + pod);
      return cluster_->DeletePod(pod, false);
    case 1:
      Note("pod is gone: " + pod);
      return cluster_->DeletePod(pod, true);
    case 2:
      Note("the container is killed in pod " + pod);
      return cluster_->FailContainer(pod, "OOMKilled", 137);
    default:
      Note("the program crashes in pod " + pod);
      return dynamic_cast<PodAgent*>(cluster_->ProgramOf(pod))->Crash("exited with 1");
  }
}

void World::ChangeFaults() {
  fake::Faults faults;
  if (Draw() < 0.5) {
    faults = {.refused = Draw() * 0.1,
              .lost_answers = Draw() * 0.1,
              .too_many = Draw() * 0.1,
              .errors = Draw() * 0.1,
              .slow = Draw() * 0.3,
              .dropped_watches = Draw() * 0.05,
              .silent_watches = Draw() * 0.05,
              .gone_watches = Draw() * 0.05};
  }
  Note("faults of the API server change");
  server_.SetFaults(faults);
}

void World::CheckTold(const std::string& who, const std::string& replica) {
  const auto found = seen_.find(replica);
  if (found == seen_.end() || !found->second.was_callable) {
    return Problem(Text(who, " is told of ", replica, ", which never was ready"));
  }
  const Seen& seen = found->second;
  const absl::Time not_ready = cluster_->NotReadySince(seen.pod_uid);
  if (not_ready == absl::InfiniteFuture()) {
    return Problem(Text(who, " is told of ", replica, ", whose pod never was ready"));
  }
  const absl::Time since = std::min(
      seen.gone_since, not_ready == absl::InfinitePast() ? absl::InfiniteFuture() : not_ready);
  if (clock_.Now() > std::max(since, up_since_) + kStale) {
    Problem(Text(who, " is told of ", replica, ", which has not been ready for ",
                 absl::FormatDuration(clock_.Now() - since)));
  }
}

void World::CheckEnvironment() {
  const state::EnvironmentRecord* const record =
      platform_->model().Environment("shop", "production");
  const std::string now = record == nullptr ? "" : record->deployment();
  if (now == production_ || may_promote_.count(now) != 0) return;
  Problem(Text("production is '", now, "', and was acknowledged as '", production_, "'"));
}

}  // namespace chains::deploy
