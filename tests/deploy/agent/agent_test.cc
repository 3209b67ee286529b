#include "deploy/agent/agent.h"

#include <fstream>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "chains/core/text.h"
#include "chains/testing/fake_clock.h"
#include "chains/testing/running.h"
#include "chains/testing/status_matchers.h"
#include "tests/deploy/agent/fake_bundles.h"
#include "tests/deploy/agent/fake_pods.h"
#include "tests/deploy/temp_folder.h"

namespace chains::deploy {
namespace {

using ::chains::testing::IsOk;
using ::chains::testing::Running;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

class AgentTest : public ::testing::Test {
 protected:
  AgentTest() { Begin(); }
  ~AgentTest() override {
    run_.reset();
    agent_.reset();
    clock_.Settle();
  }

  void Begin() {
    run_.reset();
    agent_.reset();
    BundleFetcher::Options fetch;
    fetch.work = folder_ / "work";
    fetch.connect = [this] { return bundles_.Connect(); };
    fetcher_.reset();
    fetcher_ = BundleFetcher::Open(std::move(fetch)).value();
    Agent::Options options;
    options.deployment = "3f9a";
    options.pod = "hello-x7k2p";
    options.uid = "u-1";
    options.node = "node1";
    options.place = "hello-3f9a-all";
    options.connect = [this] { return pods_.Connect(); };
    options.mark = folder_ / "running";
    options.output_bytes = 1000;
    agent_ = std::make_unique<Agent>(std::move(options), *fetcher_, starter_);
    run_.emplace(clock_, agent_->Run());
    clock_.Settle();
  }

  v1::PodOrders Orders(const std::string& replica, const v1::Bundle& bundle) {
    v1::PodOrders orders = Nothing();
    v1::ReplicaOrder& run = *orders.mutable_run();
    run.set_replica(replica);
    run.set_unit(Text("unit of ", replica));
    run.set_revision(7);
    run.set_bundle(DigestOf(bundle));
    run.set_program("hello");
    return orders;
  }
  static v1::PodOrders Nothing() {
    v1::PodOrders orders;
    orders.set_patience_ms(10'000);
    orders.set_report_every_ms(5000);
    return orders;
  }
  void Order(const v1::PodOrders& orders) {
    pods_.Order(orders);
    clock_.Settle();
  }
  void Pass(absl::Duration duration) {
    const absl::Time end = clock_.Now() + duration;
    while (clock_.Now() < end) {
      clock_.Advance(std::min(absl::Milliseconds(10), end - clock_.Now()));
      clock_.Settle();
    }
  }
  void End(const std::string& how) {
    starter_.End(how);
    clock_.Settle();
  }
  const v1::PodReport& Last() const { return pods_.reports.back(); }
  std::string AllOutput() const {
    std::string all;
    for (const v1::PodReport& report : pods_.reports) {
      for (const v1::OutputPiece& piece : report.output()) {
        EXPECT_LE(piece.offset(), all.size());
        all.resize(piece.offset());
        all += piece.data();
      }
    }
    return all;
  }

  const TempFolder folder_{InMemory()};
  chains::testing::FakeClock clock_{{.threads = 1}};
  FakeBundles bundles_;
  const v1::Bundle one_ = bundles_.Make("one"), two_ = bundles_.Make("two");
  FakePods pods_;
  FakeStarter starter_;
  std::unique_ptr<BundleFetcher> fetcher_;
  std::unique_ptr<Agent> agent_;
  std::optional<Running<void>> run_;
};

TEST_F(AgentTest, ItSaysWhoItIsAndRunsWhatItIsTold) {
  ASSERT_EQ(pods_.reports.size(), 1u);
  EXPECT_EQ(Last().deployment(), "3f9a");
  EXPECT_EQ(Last().pod(), "hello-x7k2p");
  EXPECT_EQ(Last().uid(), "u-1");
  EXPECT_EQ(Last().node(), "node1");
  EXPECT_EQ(Last().place(), "hello-3f9a-all");
  EXPECT_EQ(Last().replica(), "");
  Order(Orders("SayHello-1", one_));
  ASSERT_EQ(starter_.all.size(), 1u);
  EXPECT_EQ(starter_.all[0]->folder, (folder_ / "work/bundles" / DigestOf(one_)).string());
  EXPECT_EQ(Last().replica(), "SayHello-1");
  EXPECT_EQ(Last().revision(), 7u);
  EXPECT_EQ(Last().unit(), "unit of SayHello-1");
  EXPECT_EQ(Last().pid(), 101);
}

TEST_F(AgentTest, ToHearItTwiceChangesNothing) {
  Order(Orders("SayHello-1", one_));
  Order(Orders("SayHello-1", one_));
  pods_.Break();
  Pass(absl::Seconds(2));
  EXPECT_EQ(pods_.streams, 2u);
  EXPECT_EQ(starter_.all.size(), 1u);
  EXPECT_THAT(starter_.all[0]->signals, IsEmpty());
}

TEST_F(AgentTest, WhatIsOnItsWaySaysHowFarItIs) {
  bundles_.held = true;
  Order(Orders("SayHello-1", one_));
  EXPECT_EQ(Last().replica(), "SayHello-1");
  EXPECT_EQ(Last().pid(), 0);
  Pass(absl::Seconds(5));
  EXPECT_EQ(Last().doing(), "fetching 0.0 of 0.0 MiB");
  bundles_.held = false;
  bundles_.released.Give();
  clock_.Settle();
  EXPECT_EQ(Last().pid(), 101);
  EXPECT_EQ(Last().doing(), "");
}

TEST_F(AgentTest, OneReplicaFollowsTheOtherWhoseFilesGo) {
  Order(Orders("SayHello-1", one_));
  Order(Orders("SayHello-2", two_));
  // The next one's files come while it finishes.
  EXPECT_EQ(bundles_.AskedFor("two"), 1u);
  EXPECT_THAT(starter_.all[0]->signals, ElementsAre(SIGTERM));
  EXPECT_EQ(starter_.all.size(), 1u);
  EXPECT_EQ(Last().replica(), "SayHello-1");
  End("exited with 0");
  ASSERT_EQ(starter_.all.size(), 2u);
  EXPECT_EQ(Last().replica(), "SayHello-2");
  ASSERT_EQ(Last().ended_size(), 1);
  EXPECT_EQ(Last().ended(0).replica(), "SayHello-1");
  EXPECT_TRUE(Last().ended(0).asked());
  EXPECT_EQ(Last().ended(0).how(), "exited with 0");
  EXPECT_FALSE(std::filesystem::exists(folder_ / "work/bundles" / DigestOf(one_)));
  EXPECT_TRUE(std::filesystem::exists(folder_ / "work/bundles" / DigestOf(two_)));
  EXPECT_THAT(starter_.forgotten, ElementsAre("SayHello-1"));
}

TEST_F(AgentTest, WhoDoesNotLeaveInTimeIsEndedByForce) {
  Order(Orders("SayHello-1", one_));
  Order(Nothing());
  Pass(absl::Seconds(9));
  EXPECT_THAT(starter_.all[0]->signals, ElementsAre(SIGTERM));
  Pass(absl::Seconds(1));
  EXPECT_THAT(starter_.all[0]->signals, ElementsAre(SIGTERM, SIGKILL));
}

TEST_F(AgentTest, LessPatienceCountsAndMoreDoesNot) {
  Order(Orders("SayHello-1", one_));
  Order(Nothing());
  v1::PodOrders more = Nothing();
  more.set_patience_ms(60'000);
  Order(more);
  v1::PodOrders none = Nothing();
  none.set_patience_ms(0);
  Order(none);
  Pass(absl::Milliseconds(10));
  EXPECT_THAT(starter_.all[0]->signals, ElementsAre(SIGTERM, SIGKILL));
}

TEST_F(AgentTest, ACrashIsReportedAndNotRepeated) {
  Order(Orders("SayHello-1", one_));
  starter_.all[0]->hooks.on_output("loading\nno such file: voices\n");
  End("exited with 1");
  ASSERT_EQ(Last().ended_size(), 1);
  EXPECT_FALSE(Last().ended(0).asked());
  EXPECT_EQ(Last().ended(0).how(), "exited with 1");
  EXPECT_THAT(Last().ended(0).last_lines(), ElementsAre("loading", "no such file: voices"));
  // Until orders come without it, it is said again, and not started.
  Order(Orders("SayHello-1", one_));
  Pass(absl::Seconds(5));
  EXPECT_EQ(Last().ended_size(), 1);
  EXPECT_EQ(starter_.all.size(), 1u);
  Order(Orders("SayHello-2", one_));
  EXPECT_EQ(Last().ended_size(), 0);
  EXPECT_EQ(starter_.all.size(), 2u);
}

TEST_F(AgentTest, AnEndThatNobodyHeardOfIsSaidOnTheNextStream) {
  Order(Orders("SayHello-1", one_));
  pods_.away = true;
  pods_.Break();
  Pass(absl::Seconds(1));
  End("killed by signal 11 (Segmentation fault)");
  pods_.away = false;
  pods_.reports.clear();
  pods_.orders = Nothing();
  Pass(absl::Seconds(2));
  ASSERT_FALSE(pods_.reports.empty());
  EXPECT_EQ(pods_.reports.front().ended(0).how(), "killed by signal 11 (Segmentation fault)");
}

TEST_F(AgentTest, APlatformThatComesBackFindsAllAsItWas) {
  Order(Orders("SayHello-1", one_));
  pods_.away = true;
  pods_.Break();
  Pass(absl::Minutes(10));
  EXPECT_THAT(starter_.all[0]->signals, IsEmpty());
  const uint64_t tries = pods_.streams;
  EXPECT_GT(tries, 500u);
  EXPECT_LT(tries, 700u);
  pods_.away = false;
  Pass(absl::Seconds(1));
  EXPECT_EQ(Last().replica(), "SayHello-1");
  EXPECT_EQ(Last().pid(), 101);
  EXPECT_EQ(starter_.all.size(), 1u);
}

TEST_F(AgentTest, WhatCannotBeFetchedOrStartedIsAnEndWithItsReason) {
  Order(Orders("SayHello-1", HelloBundle("nobody has it")));
  EXPECT_THAT(Last().ended(0).how(), HasSubstr("no such bundle"));
  EXPECT_EQ(Last().replica(), "");
  starter_.refuses = absl::FailedPreconditionError("cannot start hello: Exec format error");
  Order(Orders("SayHello-2", one_));
  ASSERT_EQ(Last().ended_size(), 1);
  EXPECT_EQ(Last().ended(0).replica(), "SayHello-2");
  EXPECT_THAT(Last().ended(0).how(), HasSubstr("Exec format error"));
}

TEST_F(AgentTest, WhatIsTakenBackBeforeItBeganHasEnded) {
  bundles_.held = true;
  Order(Orders("SayHello-1", one_));
  Order(Nothing());
  ASSERT_EQ(Last().ended_size(), 1);
  EXPECT_TRUE(Last().ended(0).asked());
  EXPECT_EQ(Last().replica(), "");
  bundles_.held = false;
  bundles_.released.Give();
  clock_.Settle();
  EXPECT_THAT(starter_.all, IsEmpty());
}

TEST_F(AgentTest, OutputIsSentOnceAndAgainFromWhereThePlatformHasIt) {
  Order(Orders("SayHello-1", one_));
  starter_.all[0]->hooks.on_output("first\n");
  starter_.all[0]->hooks.on_output("second\n");
  Pass(absl::Milliseconds(100));
  EXPECT_EQ(AllOutput(), "first\nsecond\n");
  const size_t reports = pods_.reports.size();
  v1::PodOrders orders = Orders("SayHello-1", one_);
  (*orders.mutable_output_kept())["SayHello-1"] = 6;
  Order(orders);
  Pass(absl::Seconds(1));
  EXPECT_EQ(pods_.reports.size(), reports);  // it is on its way
  pods_.Break();
  pods_.reports.clear();
  Pass(absl::Seconds(1));
  ASSERT_EQ(pods_.reports.front().output_size(), 1);
  EXPECT_EQ(pods_.reports.front().output(0).offset(), 6u);
  EXPECT_EQ(pods_.reports.front().output(0).data(), "second\n");
}

TEST_F(AgentTest, MuchOutputIsSentInBoundedPieces) {
  Order(Orders("SayHello-1", one_));
  pods_.away = true;
  pods_.Break();
  Pass(absl::Seconds(1));
  const std::string line(99, 'x');
  for (int i = 0; i < 50; ++i) starter_.all[0]->hooks.on_output(line + "\n");
  pods_.away = false;
  pods_.reports.clear();
  Pass(absl::Seconds(2));
  // Some was forgotten, and it is said how much.
  ASSERT_GT(pods_.reports.front().output_size(), 0);
  const v1::OutputPiece& first = pods_.reports.front().output(0);
  EXPECT_EQ(first.offset() + first.data().size(), 5000u);
  EXPECT_GE(first.data().size(), 1000u);
  EXPECT_LE(first.data().size(), 2000u);
}

TEST_F(AgentTest, WhenThePodEndsTheProgramFinishesFirst) {
  Order(Orders("SayHello-1", one_));
  agent_->Leave();
  clock_.Settle();
  EXPECT_TRUE(Last().leaving());
  EXPECT_THAT(starter_.all[0]->signals, ElementsAre(SIGTERM));
  Order(Orders("SayHello-2", two_));  // nothing more is started here
  EXPECT_FALSE(run_->done());
  End("exited with 0");
  ASSERT_TRUE(run_->done());
  EXPECT_THAT(run_->outcome().status(), IsOk());
  EXPECT_EQ(starter_.all.size(), 1u);
  EXPECT_TRUE(pods_.closed_by_agent);
  EXPECT_EQ(Last().ended(0).how(), "exited with 0");
}

TEST_F(AgentTest, WhoDoesNotFinishWhenThePodEndsIsEndedByForce) {
  Order(Orders("SayHello-1", one_));
  agent_->Leave();
  Pass(absl::Seconds(36));
  EXPECT_THAT(starter_.all[0]->signals, ElementsAre(SIGTERM, SIGKILL));
}

TEST_F(AgentTest, APlatformThatIsAwayDoesNotKeepAPodFromEnding) {
  Order(Orders("SayHello-1", one_));
  pods_.away = true;
  pods_.Break();
  Pass(absl::Seconds(1));
  agent_->Leave();
  End("exited with 0");
  Pass(absl::Seconds(3));
  EXPECT_TRUE(run_->done());
}

TEST_F(AgentTest, APodWithoutAProgramEndsAtOnce) {
  agent_->Leave();
  clock_.Settle();
  EXPECT_TRUE(run_->done());
  EXPECT_TRUE(pods_.closed_by_agent);
}

TEST_F(AgentTest, WhatItsContainerTookAlongIsReportedByTheNext) {
  Order(Orders("SayHello-1", one_));
  pods_.reports.clear();
  Begin();  // as after the container was killed
  ASSERT_FALSE(pods_.reports.empty());
  ASSERT_EQ(pods_.reports.front().ended_size(), 1);
  EXPECT_EQ(pods_.reports.front().ended(0).replica(), "SayHello-1");
  EXPECT_FALSE(pods_.reports.front().ended(0).asked());
  EXPECT_THAT(pods_.reports.front().ended(0).how(), HasSubstr("container"));
  EXPECT_EQ(starter_.all.size(), 1u);
}

TEST_F(AgentTest, SignalsForTheProgramReachIt) {
  agent_->Forward(SIGUSR1);
  Order(Orders("SayHello-1", one_));
  agent_->Forward(SIGUSR1);
  EXPECT_THAT(starter_.all[0]->signals, ElementsAre(SIGUSR1));
}

}  // namespace
}  // namespace chains::deploy
