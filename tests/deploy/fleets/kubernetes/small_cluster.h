// SmallCluster: what a cluster does with objects, one look at a time, above the API server in
// memory: pods for Deployments, their phases, endpoints of Services; and the agents of pods, which
// do as they are told. Its time is the test's.
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/time/time.h"
#include "chains/testing/fake_clock.h"
#include "chains/testing/running.h"
#include "chains/v1/pods.chains.h"
#include "deploy/apiserver/api_client.h"
#include "tests/support/kubernetes/api_server.h"

namespace chains::deploy {

// The agent of a pod, with a program that starts, and ends when it is asked to, at once.
class FakeAgent {
 public:
  FakeAgent(chains::testing::FakeClock& clock, v1::PodReport first, std::string token)
      : clock_(clock), report_(std::move(first)), token_(std::move(token)) {}
  FakeAgent(const FakeAgent&) = delete;

  void Attach(v1::Pods& pods);
  void Detach() { running_.reset(); }
  bool attached() const { return running_ && !running_->done(); }
  absl::Status status() const {
    return running_ && running_->done() ? running_->outcome().status() : absl::OkStatus();
  }
  // What runs there; empty: nothing.
  const std::string& runs() const { return report_.replica(); }
  // The program ends by itself.
  void Crash(const std::string& how);
  // As after its container was started anew: it knows of nothing.
  void Forget();
  // SIGTERM.
  void Leave();
  void Say();
  void Obey();

  v1::PodReport& report() { return report_; }
  const v1::PodOrders& orders() const { return orders_; }
  // Programs that it has started.
  std::vector<std::string> started;
  bool obeys = true;
  bool starts = true;  // else it fetches for good

 private:
  Stream<v1::PodReport> Reports();
  Task<void> Follow(v1::Pods* pods);
  void End(bool asked, const std::string& how);

  chains::testing::FakeClock& clock_;
  v1::PodReport report_;
  const std::string token_;
  v1::PodOrders orders_;
  bool news_ = false;
  Notice noticed_;
  std::optional<chains::testing::Running<void>> running_;
};

class SmallCluster {
 public:
  explicit SmallCluster(chains::testing::FakeClock& clock);

  // One look; whether anything changed.
  bool Step(v1::Pods* platform, const std::map<std::string, std::string>& tokens);

  std::vector<Json> Objects(ObjectKind kind);
  // Null where there is none.
  Json Object(ObjectKind kind, const std::string& name);
  // The only pod that runs a replica; or the first of a place.
  std::string PodOf(const std::string& replica);
  FakeAgent& Agent(const std::string& pod) { return *agents_.at(pod); }
  bool HasAgent(const std::string& pod) const { return agents_.contains(pod); }
  void SetStatus(const std::string& pod, Json patch);
  // Its container was ended and started again.
  void RestartContainer(const std::string& pod, const std::string& reason, int code);
  // As kubectl delete --grace-period=0 --force.
  void Vanish(const std::string& pod);
  void Delete(ObjectKind kind, const std::string& name);

  template <typename T>
  absl::StatusOr<chains::internal::Stored<T>> Ask(Task<T> task) {
    chains::testing::Running<T> asking(clock_, std::move(task));
    clock_.Settle();
    return asking.done() ? asking.outcome() : absl::DeadlineExceededError("no answer");
  }

  fake::ApiServer server;
  ApiClient api{server, {.field_manager = "cluster"}};
  bool makes_pods = true;   // Deployments become pods
  bool runs_pods = true;    // pods get a node, and agents
  bool tells_ready = true;  // at once; else pods stay as they are

 private:
  bool Follow(const Json& deployment);
  bool Run(const Json& pod, v1::Pods* platform, const std::map<std::string, std::string>& tokens);
  bool FollowEndpoints(const Json& service);
  void MakePod(const Json& deployment);
  void Bind(const std::string& pod);

  chains::testing::FakeClock& clock_;
  std::map<std::string, std::unique_ptr<FakeAgent>> agents_;  // by pod
  int made_ = 0;
};

}  // namespace chains::deploy
