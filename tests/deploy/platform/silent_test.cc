// The controller and a replica that hangs: over a fleet that is made up, on a clock of the test's.
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "chains/core/root.h"
#include "chains/testing/fake_clock.h"
#include "deploy/platform/controller.h"
#include "deploy/platform/describe.h"
#include "deploy/state/sqlite_store.h"
#include "tests/deploy/platform/made_chains.h"
#include "tests/deploy/temp_folder.h"

namespace chains::deploy {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;

class RecordedFleet final : public Fleet {
 public:
  std::string kind() const override { return "recorded"; }
  void Start(ReplicaSpec spec) override { started.push_back(std::move(spec)); }
  void Stop(const std::string&, const std::string& name, absl::Duration patience) override {
    stopped.push_back(name);
    patiences.push_back(patience);
  }
  void Forget(const std::string&, const std::string& name) override { forgotten.push_back(name); }

  std::vector<ReplicaSpec> started;
  std::vector<std::string> stopped;
  std::vector<absl::Duration> patiences;
  std::vector<std::string> forgotten;
};

// One deployment, of one chainlet, with one replica.
class SilentTest : public ::testing::Test {
 protected:
  SilentTest() {
    state::DeploymentRecord record;
    record.set_id("shop1");
    record.set_chain("shop");
    record.set_bundle("digest");
    record.set_revision(1);
    auto made = std::make_unique<Deployment>(std::move(record));
    made->live = std::make_shared<const Revision>(MakeTestRevision({{.name = "shop.Total"}}));
    made->ScaleBy(*made->live, nullptr, clock_.Now(), 1);
    deployment_ = made.get();
    model_.deployments["shop1"] = std::move(made);
    running_.Start();
    clock_.Settle();
    BecomeReady(fleet_.started.at(0).name);
  }

  void BecomeReady(const std::string& name) {
    Replica& replica = deployment_->replicas.at(name);
    replica.state = Replica::State::kReady;
    replica.stream = 1;
    replica.ready_since = clock_.Now();
    replica.reported = clock_.Now();
    Look();
  }
  void Report(const std::string& name) { deployment_->replicas.at(name).reported = clock_.Now(); }
  void Look() {
    model_.Touch();
    clock_.Settle();
  }
  // Half a second at a time, as the controller looks by itself. Who `reports` does so each time.
  void Pass(absl::Duration duration, const std::string& reports = "") {
    for (const absl::Time end = clock_.Now() + duration; clock_.Now() < end;) {
      clock_.Advance(absl::Milliseconds(500));
      if (!reports.empty()) Report(reports);
      clock_.Settle();
    }
  }
  size_t Callable() const {
    return deployment_->Callable(deployment_->live->units[0].key, clock_.Now()).size();
  }

  TempFolder folder_;
  testing::FakeClock clock_;
  Model model_{{.cpus = 8, .memory_bytes = int64_t{1} << 40, .gpus = 0}};
  std::unique_ptr<Store> store_ = SqliteStore::Open(folder_ / "platform.db").value();
  Keeper keeper_{model_, *store_};
  RecordedFleet fleet_;
  Controller controller_{
      model_,
      keeper_,
      fleet_,
      Controller::Options(),
      {.folder_of = [](const std::string& bundle) { return "/" + bundle; }, .secret = nullptr}};
  Deployment* deployment_ = nullptr;
  chains::internal::Root<void> running_{clock_, Context(), controller_.Run(), [](const auto&) {}};
};

TEST_F(SilentTest, WhoReportsStays) {
  Pass(absl::Seconds(50), fleet_.started[0].name);  // later it would be scaled to zero
  EXPECT_THAT(fleet_.started, SizeIs(1));
  EXPECT_THAT(fleet_.stopped, IsEmpty());
}

TEST_F(SilentTest, WhoHangsIsTakenOutOfTheTablesReplacedAndEnded) {
  const std::string hung = fleet_.started[0].name;
  Pass(absl::Seconds(29));
  EXPECT_EQ(Callable(), 1);
  Pass(absl::Seconds(1));
  EXPECT_EQ(Callable(), 0);
  EXPECT_TRUE(deployment_->replicas.at(hung).draining);
  EXPECT_THAT(Describe(model_, *deployment_).chainlets(0).problem(),
              HasSubstr(hung + " did not answer for 30s"));

  Pass(absl::Seconds(1));  // after a pause, as for one that crashed
  ASSERT_THAT(fleet_.started, SizeIs(2));
  EXPECT_NE(fleet_.started[1].name, hung);
  BecomeReady(fleet_.started[1].name);
  EXPECT_EQ(Callable(), 1);

  // It cannot say that it knows of its leaving, which is not waited for long.
  Pass(absl::Seconds(5), fleet_.started[1].name);
  EXPECT_THAT(fleet_.stopped, ElementsAre(hung));
  EXPECT_THAT(fleet_.patiences, ElementsAre(absl::Seconds(35)));
}

TEST_F(SilentTest, ItsEndIsNoSecondCrash) {
  const std::string hung = fleet_.started[0].name;
  Pass(absl::Seconds(31));
  const int crashes = deployment_->crashes.begin()->second.in_a_row;
  ReplicaExit exit;
  exit.deployment = "shop1";
  exit.name = hung;
  exit.how = "killed by signal 9 (Killed)";
  controller_.Exited(exit, clock_.Now());
  EXPECT_EQ(deployment_->crashes.begin()->second.in_a_row, crashes);
  EXPECT_THAT(fleet_.forgotten, ElementsAre(hung));
}

}  // namespace
}  // namespace chains::deploy
