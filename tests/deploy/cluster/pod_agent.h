// PodAgent: what runs in a pod of a cluster that is made up: an agent, and the program that it was
// told to run, in process. Each step of theirs is taken when somebody draws it.
//
//   PodAgent agent(link, pod);
//   std::vector<PodAgent::Step> steps = agent.Steps();     // what it could do next
//   steps[3]();
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "chains/core/notice.h"
#include "chains/testing/fake_clock.h"
#include "chains/testing/running.h"
#include "chains/v1/control.chains.h"
#include "chains/v1/pods.chains.h"
#include "tests/support/kubernetes/cluster.h"

namespace chains::deploy {

// What all pods share: the platform, as long as there is one, and what is noticed of it.
struct PodsLink {
  chains::testing::FakeClock& clock;
  v1::Pods* pods = nullptr;  // null: there is no platform
  v1::Control* control = nullptr;
  std::function<std::string(const Json& pod)> token_of = nullptr;
  // A program is ready and attached, or is not any more.
  std::function<void(const std::string& replica, const std::string& pod_uid, bool callable)>
      on_callable = nullptr;
  // A program was told where others are.
  std::function<void(const v1::ReplicaOrders& orders)> on_told = nullptr;
};

// A replica's process, as far as its platform sees it.
class PodReplica {
 public:
  PodReplica(PodsLink& link, std::string deployment, std::string name, std::string token,
             std::string pod_uid, const std::string& address);
  ~PodReplica();
  PodReplica(const PodReplica&) = delete;

  using Step = std::function<void()>;
  void AddSteps(std::vector<Step>& steps);
  bool ready() const { return report_.state() == v1::REPLICA_READY; }
  // No new calls; it ends a step later.
  void Drain();
  bool ended() const { return ended_; }
  void Detach();

 private:
  void Attach();
  void Say();
  void NoteCallable();
  Stream<v1::ReplicaReport> Reports();
  Task<void> Follow(v1::Control* control);

  PodsLink& link_;
  const std::string token_, pod_uid_;
  v1::ReplicaReport report_;
  v1::ReplicaOrders orders_;
  bool news_ = false, ended_ = false, was_callable_ = false;
  absl::Time next_attach_ = absl::InfinitePast();
  Notice noticed_;
  std::optional<chains::testing::Running<void>> running_;
};

class PodAgent final : public fake::PodProgram {
 public:
  using Step = std::function<void()>;
  PodAgent(PodsLink& link, const Json& pod);
  ~PodAgent() override;

  bool ready() const override { return replica_ != nullptr && replica_->ready() && !leaving(); }
  void Terminate() override;
  bool ended() const override { return leaving() && replica_ == nullptr; }

  std::vector<Step> Steps();
  // Its program ends by itself.
  void Crash(const std::string& how);
  bool runs_something() const { return replica_ != nullptr; }
  // Its platform is gone: what runs goes on.
  void Detach();

 private:
  bool leaving() const { return report_.leaving(); }
  bool attached() const { return running_ && !running_->done(); }
  void Attach();
  void Say();
  void End(bool asked, const std::string& how);
  // Does what the orders say, one thing at a time; false: there is nothing to do.
  bool Obey(bool really);
  Stream<v1::PodReport> Reports();
  Task<void> Follow(v1::Pods* pods);

  PodsLink& link_;
  const Json pod_;
  v1::PodReport report_;
  v1::PodOrders orders_;
  bool ordered_ = false;  // by the platform that it is attached to
  absl::Time next_attach_ = absl::InfinitePast();
  bool news_ = false;
  Notice noticed_;
  std::unique_ptr<PodReplica> replica_;
  std::optional<chains::testing::Running<void>> running_;
};

}  // namespace chains::deploy
