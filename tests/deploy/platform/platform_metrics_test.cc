// What a platform tells Prometheus of its deployments.
#include "deploy/platform/platform_metrics.h"

#include "tests/deploy/platform/platform_fixture.h"

namespace chains::deploy {
namespace {

using ::testing::ElementsAre;
using ::testing::Pair;
using ::testing::SizeIs;

class PlatformMetricsTest : public PlatformTest {
 protected:
  PlatformMetricsTest() { Control(); }

  static v1::DeployRequest Shop() {
    v1::DeployRequest request;
    *request.mutable_bundle() =
        BundleOf({{.name = "shop.Price", .code = "p1"},
                  {.name = "shop.Total", .calls = {"shop.Price"}, .code = "t1"}});
    return request;
  }
  PlatformSnapshot Snapshot() {
    return TakeSnapshot({.model = model_,
                         .controller = controller_,
                         .observatory = observatory_,
                         .exporter = nullptr},
                        Now());
  }
  static const PlatformFigures::Chainlet& Of(const PlatformSnapshot& snapshot,
                                             const std::string& chainlet) {
    for (const PlatformFigures::Chainlet& each : snapshot.figures.chainlets) {
      if (each.chainlet == chainlet) return each;
    }
    static const auto* const kNone = new PlatformFigures::Chainlet();
    ADD_FAILURE() << "nothing is told of " << chainlet;
    return *kNone;
  }
};

TEST_F(PlatformMetricsTest, ReplicasAreThoseThatAreReadyAndThoseThatShouldBe) {
  Push push(*this, Shop());
  PlatformSnapshot snapshot = Snapshot();
  EXPECT_THAT(snapshot.figures.deployments, ElementsAre(Pair(Pair("shop", "deploying"), 1)));
  EXPECT_EQ(Of(snapshot, "shop.Price").ready, 0);
  EXPECT_EQ(Of(snapshot, "shop.Price").wanted, 1);
  FakeReplica price(*this, Last("shop.Price"));
  FakeReplica total(*this, Last("shop.Total"));
  ASSERT_TRUE(push.live());
  snapshot = Snapshot();
  EXPECT_THAT(snapshot.figures.deployments, ElementsAre(Pair(Pair("shop", "active"), 1)));
  const PlatformFigures::Chainlet& of = Of(snapshot, "shop.Price");
  EXPECT_EQ(of.chain, "shop");
  EXPECT_EQ(of.deployment, push.id());
  EXPECT_EQ(of.ready, 1);
  EXPECT_EQ(of.wanted, 1);
  EXPECT_EQ(of.restarts, 0u);
}

TEST_F(PlatformMetricsTest, AReplicaThatEndsUnaskedIsCounted) {
  Push push(*this, Shop());
  auto price = std::make_unique<FakeReplica>(*this, Last("shop.Price"));
  FakeReplica total(*this, Last("shop.Total"));
  ASSERT_TRUE(push.live());
  const ReplicaSpec first = Last("shop.Price");
  price.reset();
  End(first, "killed by signal 9");
  const PlatformSnapshot snapshot = Snapshot();
  EXPECT_EQ(Of(snapshot, "shop.Price").restarts, 1u);
  EXPECT_EQ(Of(snapshot, "shop.Price").ready, 0);
  EXPECT_EQ(Of(snapshot, "shop.Total").restarts, 0u);
}

TEST_F(PlatformMetricsTest, SumsAreOfADeploymentAndWhatAProcessSaysIsItsOwn) {
  Push push(*this, Shop());
  FakeReplica price(*this, Last("shop.Price"));
  FakeReplica total(*this, Last("shop.Total"));
  ASSERT_TRUE(push.live());
  observatory_.Tick(Now(), {}, {push.id()});
  for (const char* const name : {"Price-1", "Price-2"}) {
    v1::Telemetry told;
    v1::Measurements& measured = *told.mutable_measurements();
    measured.set_started_unix_ms(absl::ToUnixMillis(Now()));
    v1::EdgeMeasurement& edge = *measured.add_edges();
    edge.set_caller("shop.Total");
    edge.set_callee("shop.Price");
    v1::CodeCount& code = *edge.add_codes();
    code.set_calls(3);
    measured.mutable_process()->set_open_descriptors(7);
    observatory_.TakeFromReplica({.chain = "shop", .deployment = push.id(), .name = name}, told,
                                 Now());
  }
  const PlatformSnapshot snapshot = Snapshot();
  ASSERT_THAT(snapshot.measured, SizeIs(3));
  EXPECT_EQ(snapshot.measured[0].replica, "");
  EXPECT_EQ(snapshot.measured[0].measurements.edges(0).codes(0).calls(), 6u);
  EXPECT_EQ(snapshot.measured[1].replica, "Price-1");
  EXPECT_EQ(snapshot.measured[2].measurements.process().open_descriptors(), 7u);
}

}  // namespace
}  // namespace chains::deploy
