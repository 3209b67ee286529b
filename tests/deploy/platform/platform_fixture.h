// PlatformTest: a platform without sockets, processes or time of its own: controller, services, a
// store and files in a temporary folder, and a fleet that starts nothing.
//
//   Push push(*this, bundle);                 // what `chains push` asks for
//   Settle();
//   FakeReplica price(*this, fleet_.started.at(0));   // it attaches, and says that it is ready
//   Settle();
//   EXPECT_TRUE(push.live());
#pragma once

#include <algorithm>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "chains/core/notice.h"
#include "chains/core/text.h"
#include "chains/testing/fake_clock.h"
#include "chains/testing/running.h"
#include "chains/testing/status_matchers.h"
#include "deploy/bundle/digest.h"
#include "deploy/platform/control_service.h"
#include "deploy/platform/controller.h"
#include "deploy/platform/platform_service.h"
#include "deploy/platform/tables.h"
#include "deploy/state/sqlite_store.h"
#include "tests/deploy/platform/made_chains.h"
#include "tests/deploy/temp_folder.h"

namespace chains::deploy {

// Writes down what it is told.
class FakeFleet final : public Fleet {
 public:
  // As a cluster's: it schedules, and tells who can be reached.
  explicit FakeFleet(bool of_cluster = false) : of_cluster_(of_cluster) {}

  struct Stopped {
    std::string name;
    absl::Duration patience;
  };

  std::string kind() const override { return "fake"; }
  void Start(ReplicaSpec spec) override { started.push_back(std::move(spec)); }
  void Stop(const std::string&, const std::string& name, absl::Duration patience) override {
    stopped.push_back({name, patience});
  }
  void Forget(const std::string&, const std::string& name) override { forgotten.push_back(name); }
  void Deploy(const FleetDeployment& deployment) override { deployed.push_back(deployment); }
  void Remove(const std::string& deployment) override { removed.push_back(deployment); }
  bool tells_reachable() const override { return of_cluster_; }
  bool schedules() const override { return of_cluster_; }
  ReplicaPlace PlaceOf(const std::string&, const std::string& name) const override {
    const auto found = places.find(name);
    return found == places.end() ? ReplicaPlace() : found->second;
  }

  bool HasStopped(const std::string& name) const {
    return std::any_of(stopped.begin(), stopped.end(),
                       [&name](const Stopped& each) { return each.name == name; });
  }

  std::vector<ReplicaSpec> started;
  std::vector<Stopped> stopped;
  std::vector<std::string> forgotten;
  std::vector<FleetDeployment> deployed;
  std::vector<std::string> removed;
  std::map<std::string, ReplicaPlace> places;  // by replica

 private:
  const bool of_cluster_;
};

class PlatformTest : public ::testing::Test {
 public:
  explicit PlatformTest(Capacity capacity = {.cpus = 4,
                                             .memory_bytes = int64_t{64} << 30,
                                             .gpus = 2},
                        bool of_cluster = false)
      : store_(SqliteStore::Open(folder_ / "platform.db").value()),
        secrets_(SecretBox::Load(folder_ / "secret.key").value()),
        logs_(LogKeeper::Create({.folder = folder_ / "logs"}).value()),
        model_(capacity),
        fleet_(of_cluster) {
    model_.open = true;
    model_.tracing = observatory_.Tracing();
    PutProgram();
  }
  ~PlatformTest() override {
    controlling_.reset();
    keeper_.Close();
    clock_.Settle();
  }

  void Control() { controlling_.emplace(clock_, controller_.Run()); }
  void Settle() { clock_.Settle(); }
  // Time passes in steps in which the controller looks again.
  void Pass(absl::Duration duration) {
    const absl::Time end = clock_.Now() + duration;
    while (clock_.Now() < end) {
      clock_.Advance(std::min(absl::Milliseconds(100), end - clock_.Now()));
      clock_.Settle();
    }
  }
  absl::Time Now() const { return clock_.Now(); }

  // A process of it ended.
  void End(const std::string& deployment, const std::string& name, const std::string& how,
           const std::vector<std::string>& lines = {}) {
    controller_.Exited({.deployment = deployment, .name = name, .how = how, .last_lines = lines},
                       clock_.Now());
    clock_.Settle();
  }
  void End(const ReplicaSpec& spec, const std::string& how = "exited with 0") {
    End(spec.deployment, spec.name, how);
  }
  const Replica* Find(const ReplicaSpec& spec) {
    Deployment* const deployment = model_.Find(spec.deployment);
    if (deployment == nullptr) return nullptr;
    const auto found = deployment->replicas.find(spec.name);
    return found == deployment->replicas.end() ? nullptr : &found->second;
  }
  // The last replica that was started of a chainlet; there is one.
  ReplicaSpec Last(const std::string& chainlet) const {
    for (auto spec = fleet_.started.rbegin(); spec != fleet_.started.rend(); ++spec) {
      if (spec->chainlets.front() == chainlet) return *spec;
    }
    ADD_FAILURE() << "nothing was started of " << chainlet;
    return {};
  }
  template <typename T>
  absl::StatusOr<chains::internal::Stored<T>> Ask(Task<T> task, Context context = {}) {
    chains::testing::Running<T> asking(clock_, std::move(task), std::move(context));
    Settle();
    if (!asking.done()) return absl::DeadlineExceededError("it has not answered");
    return asking.outcome();
  }

  // For all tests: to make one takes a second.
  static BlobStore& Blobs() {
    static const TempFolder folder;
    static const std::unique_ptr<BlobStore> blobs = BlobStore::Open(folder / "store").value();
    return *blobs;
  }
  // Of which every bundle consists.
  void PutProgram() {
    BlobStore::Writer writer = blobs_.Begin(Sha256Of("program"), 7).value();
    ASSERT_TRUE(writer.Append("program").ok());
    ASSERT_TRUE(writer.Commit().ok());
  }
  static v1::Bundle BundleOf(const std::vector<MadeChainlet>& chainlets) {
    v1::Bundle bundle = MakeBundle(chainlets);
    bundle.mutable_files(0)->set_sha256(Sha256Of("program"));
    bundle.mutable_files(0)->set_size(7);
    for (v1::ChainletCode& code : *bundle.mutable_code()) code.set_sha256(Sha256Of(code.sha256()));
    return bundle;
  }

  const TempFolder folder_;
  chains::testing::FakeClock clock_{{.threads = 1}};
  const std::unique_ptr<Store> store_;
  BlobStore& blobs_ = Blobs();
  SecretBox secrets_;
  const std::unique_ptr<LogKeeper> logs_;
  Model model_;
  Keeper keeper_{model_, *store_};
  FakeFleet fleet_;
  Controller controller_{
      model_,
      keeper_,
      fleet_,
      {.replicas_attach_at = "unix:/p", .liveness_timeout = absl::InfiniteDuration()},
      {.folder_of = [](const std::string& bundle) { return Text("/bundles/", bundle); },
       .secret = [this](const std::string& name) -> absl::StatusOr<std::string> {
         const auto found = model_.secrets.find(name);
         if (found == model_.secrets.end()) return absl::NotFoundError("no secret " + name);
         return secrets_.Open(name, found->second.sealed());
       }}};
  Observatory observatory_{{.changed = [this] {
    model_.tracing = observatory_.Tracing();
    model_.Touch();
  }}};
  ControlService control_{model_, "gateway token", nullptr, &observatory_};
  Assets assets_{blobs_};
  PlatformService service_{{.model = model_,
                            .keeper = keeper_,
                            .blobs = blobs_,
                            .assets = assets_,
                            .secrets = secrets_,
                            .logs = *logs_,
                            .bundles = folder_ / "bundles",
                            .about = {},
                            .audit = nullptr,
                            .observatory = &observatory_}};
  std::optional<chains::testing::Running<void>> controlling_;
};

// A push that goes on while the test does.
class Push {
 public:
  Push(PlatformTest& test, v1::DeployRequest request)
      : running_(test.clock_, Follow(test, std::move(request))) {
    test.Settle();
  }
  Push(const Push&) = delete;

  bool done() const { return running_.done(); }
  bool live() const { return done() && running_.outcome().ok() && last_.live(); }
  absl::Status status() const { return done() ? running_.outcome().status() : absl::OkStatus(); }
  const v1::DeployEvent& last() const { return last_; }
  const std::string& id() const { return last_.deployment().id(); }

 private:
  Task<void> Follow(PlatformTest& test, v1::DeployRequest request) {
    Stream<v1::DeployEvent> events = test.service_.Deploy(std::move(request));
    while (std::optional<v1::DeployEvent> event = co_await events.Next()) {
      last_ = *std::move(event);
    }
  }

  v1::DeployEvent last_;
  chains::testing::Running<void> running_;
};

// What a replica says, and is told; a Notice per report.
class FakeReplica {
 public:
  // Follows its orders at once, unless told not to.
  FakeReplica(PlatformTest& test, const ReplicaSpec& spec, bool follows = true,
              v1::ReplicaState state = v1::REPLICA_READY)
      : control_(test.control_),
        follows_(follows),
        running_(std::in_place, test.clock_, Follow(),
                 Context(absl::InfiniteFuture(), "", {{"chains-token", spec.token}})) {
    report_.set_deployment(spec.deployment);
    report_.set_replica(spec.name);
    report_.add_addresses(Text("unix:/", spec.name));
    Say(state);
    test.Settle();
  }
  FakeReplica(const FakeReplica&) = delete;

  void Say(v1::ReplicaState state) {
    report_.set_state(state);
    Say();
  }
  void Say() {
    news_ = true;
    noticed_.Give();
  }
  void Follows() {
    follows_ = true;
    report_.set_orders_seen(orders_.version());
    Say();
  }
  // Its process ends, or its stream breaks.
  void Leave() { running_.reset(); }

  v1::ReplicaReport& report() { return report_; }
  const v1::ReplicaOrders& orders() const { return orders_; }
  absl::Status status() const {
    return running_ && running_->done() ? running_->outcome().status() : absl::OkStatus();
  }
  // Where it is told that a chainlet is.
  std::vector<std::string> Told(const std::string& chainlet) const {
    std::vector<std::string> names;
    for (const v1::Endpoints& endpoints : orders_.endpoints()) {
      if (endpoints.chainlet() != chainlet) continue;
      for (const v1::Endpoint& each : endpoints.replicas()) names.push_back(each.replica());
    }
    return names;
  }

 private:
  Stream<v1::ReplicaReport> Reports() {
    while (true) {
      while (!news_) co_await noticed_.Wait();
      news_ = false;
      v1::ReplicaReport report = report_;
      co_yield std::move(report);
    }
  }
  Task<void> Follow() {
    Stream<v1::ReplicaOrders> orders = control_.Attach(Reports());
    while (std::optional<v1::ReplicaOrders> next = co_await orders.Next()) {
      orders_ = *std::move(next);
      if (follows_) Follows();
    }
  }

  ControlService& control_;
  bool follows_;
  bool news_ = false;
  Notice noticed_;
  v1::ReplicaReport report_;
  v1::ReplicaOrders orders_;
  std::optional<chains::testing::Running<void>> running_;
};

}  // namespace chains::deploy
