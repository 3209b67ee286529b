#include "deploy/platform/tables.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "chains/core/text.h"
#include "tests/deploy/platform/made_chains.h"

namespace chains::deploy {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

const absl::Time kNow = absl::FromUnixSeconds(1'900'000'000);

class TablesTest : public ::testing::Test {
 protected:
  TablesTest() : deployment_(Add("d1")) {
    deployment_.live = std::make_shared<const Revision>(Shop("p1", 1));
  }

  static Revision Shop(const std::string& price, uint64_t number) {
    return MakeTestRevision(
        {{.name = "shop.Price", .code = price}, {.name = "shop.Total", .calls = {"shop.Price"}}},
        number);
  }
  Deployment& Add(const std::string& id) {
    state::DeploymentRecord record;
    record.set_id(id);
    record.set_chain("shop");
    model_.deployments[id] = std::make_unique<Deployment>(record);
    return *model_.deployments[id];
  }
  static Replica& Run(Deployment& deployment, const std::string& name, const Revision& revision,
                      const std::string& chainlet) {
    Replica& replica = deployment.replicas[name];
    replica.name = name;
    replica.unit = revision.UnitOf(chainlet)->key;
    replica.revision = revision.number;
    replica.chainlets = {chainlet};
    replica.state = Replica::State::kReady;
    replica.report.add_addresses(Text("unix:/", name));
    replica.report.set_connections(2);
    return replica;
  }
  std::vector<std::string> Told(const Replica& caller) const {
    std::vector<std::string> names;
    const v1::ReplicaOrders orders = OrdersFor(deployment_, caller, kNow);
    EXPECT_EQ(orders.endpoints_size(), 1);
    for (const auto& each : orders.endpoints(0).replicas()) names.push_back(each.replica());
    return names;
  }
  v1::DeploymentRoute Route() { return RoutesOf(model_, kNow, {}).deployments(0); }

  Model model_{Capacity{}};
  Deployment& deployment_;
};

TEST_F(TablesTest, ACallerIsToldOfThoseThatMayBeCalled) {
  const Revision& live = *deployment_.live;
  const Replica& caller = Run(deployment_, "Total-1", live, "shop.Total");
  Run(deployment_, "Price-1", live, "shop.Price");
  Run(deployment_, "Price-2", live, "shop.Price").state = Replica::State::kStarting;
  Run(deployment_, "Price-3", live, "shop.Price").draining = true;
  Run(deployment_, "Price-4", live, "shop.Price");
  EXPECT_THAT(Told(caller), ElementsAre("Price-1", "Price-4"));
  const v1::ReplicaOrders orders = OrdersFor(deployment_, caller, kNow);
  EXPECT_EQ(orders.endpoints(0).replicas(0).address(), "unix:/Price-1");
  EXPECT_EQ(orders.endpoints(0).replicas(0).connections(), 2u);
}

TEST_F(TablesTest, WhoIsUnhealthyIsLeftOutOnceTheFirstOfItsThresholdsHasPassed) {
  Revision patient = *deployment_.live;
  for (v1::Chainlet& chainlet : *patient.manifest.mutable_chainlets()) {
    chainlet.mutable_health()->set_stop_traffic_after_sec(chainlet.name() == "shop.Price" ? 5 : 30);
  }
  deployment_.live = std::make_shared<const Revision>(patient);
  const Replica& caller = Run(deployment_, "Total-1", patient, "shop.Total");
  Replica& price = Run(deployment_, "Price-1", patient, "shop.Price");
  price.state = Replica::State::kUnhealthy;
  price.unhealthy_since = kNow - absl::Seconds(4);
  EXPECT_THAT(Told(caller), ElementsAre("Price-1"));
  price.unhealthy_since = kNow - absl::Seconds(5);
  EXPECT_THAT(Told(caller), IsEmpty());
  // Of a process that serves both, whichever gives up first counts.
  price.chainlets = {"shop.Price", "shop.Total"};
  EXPECT_THAT(Told(caller), IsEmpty());
}

TEST_F(TablesTest, ANewCallerIsToldOfTheNewCalleesAndAnOldOneOfTheOld) {
  const Revision old = Shop("p0", 0);
  const Revision next =
      MakeTestRevision({{.name = "shop.Price", .code = "p2"},
                        {.name = "shop.Total", .calls = {"shop.Price"}, .code = "t2"}},
                       2);
  deployment_.pending = std::make_shared<const Revision>(next);
  deployment_.retired[0] = std::make_shared<const Revision>(old);
  Run(deployment_, "Price-0", old, "shop.Price");
  Run(deployment_, "Price-1", *deployment_.live, "shop.Price");
  Run(deployment_, "Price-2", next, "shop.Price");
  const Replica& live = Run(deployment_, "Total-1", *deployment_.live, "shop.Total");
  EXPECT_THAT(Told(live), ElementsAre("Price-1"));
  EXPECT_THAT(Told(Run(deployment_, "Total-2", next, "shop.Total")), ElementsAre("Price-2"));
  Replica& retired = Run(deployment_, "Total-0", old, "shop.Total");
  retired.unit = "its own";
  EXPECT_THAT(OrdersFor(deployment_, retired, kNow).endpoints_size(), 0);
}

TEST_F(TablesTest, AGatewayLearnsTheEntrypointsReplicas) {
  Run(deployment_, "Total-1", *deployment_.live, "shop.Total");
  Run(deployment_, "Price-1", *deployment_.live, "shop.Price");
  const v1::DeploymentRoute route = Route();
  EXPECT_TRUE(route.active());
  EXPECT_EQ(route.problem(), "");
  EXPECT_EQ(route.entrypoint(), "shop.Total");
  ASSERT_EQ(route.replicas_size(), 1);
  EXPECT_EQ(route.replicas(0).replica(), "Total-1");
  deployment_.held = true;
  EXPECT_EQ(Route().replicas_size(), 0);
  EXPECT_TRUE(Route().active());  // requests wait
}

TEST_F(TablesTest, ADeploymentThatDoesNotAnswerSaysWhy) {
  deployment_.record.set_deactivated(true);
  EXPECT_FALSE(Route().active());
  EXPECT_THAT(Route().problem(), HasSubstr("chains activate d1"));
  deployment_.record.clear_deactivated();
  deployment_.record.set_failure("it broke");
  EXPECT_THAT(Route().problem(), HasSubstr("never became live: it broke"));
  deployment_.record.clear_failure();
  deployment_.live = nullptr;
  EXPECT_THAT(Route().problem(), HasSubstr("not live yet"));
}

TEST_F(TablesTest, EnvironmentsAndKeysAreInTheTable) {
  Add("d2").record.set_development(true);
  model_.environments[{"shop", "empty"}].set_name("empty");
  state::EnvironmentRecord& production = model_.environments[{"shop", "production"}];
  production.set_chain("shop");
  production.set_name("production");
  production.set_deployment("d1");
  state::KeyRecord& key = model_.keys["cli"];
  key.set_sha256(std::string(32, 'k'));
  key.add_scopes(v1::KEY_SCOPE_INVOKE);
  const v1::RouteTable table = RoutesOf(model_, kNow, {});
  ASSERT_EQ(table.environments_size(), 2);
  EXPECT_EQ(table.environments(0).environment(), "production");
  EXPECT_EQ(table.environments(0).deployment(), "d1");
  EXPECT_EQ(table.environments(1).environment(), "development");
  EXPECT_EQ(table.environments(1).deployment(), "d2");
  ASSERT_EQ(table.keys_size(), 1);
  EXPECT_TRUE(table.keys(0).invoke());
  EXPECT_FALSE(table.keys(0).manage());
  EXPECT_FALSE(table.open());
}

// What gateways are told: descriptors where they do not have them.
class RoutesTest : public ::testing::Test {
 protected:
  RoutesTest() {
    state::DeploymentRecord record;
    record.set_id("dev1");
    record.set_chain("shop");
    record.set_development(true);
    model_.deployments["dev1"] = std::make_unique<Deployment>(record);
  }
  void GoLive(const std::string& contract) {
    Revision revision = MakeTestRevision({{.name = "shop.Price"}}, ++revision_);
    revision.contract = contract;
    revision.descriptors.add_file()->set_name(contract + ".proto");
    model_.Find("dev1")->live = std::make_shared<const Revision>(std::move(revision));
  }
  // The file of the descriptors in the next table of a stream; empty: none are told.
  std::string Described() {
    v1::RouteTable table = RoutesOf(model_, kNow, told_);
    v1::DeploymentRoute& route = *table.mutable_deployments(0);
    const std::string name =
        route.descriptors().file().empty() ? "" : route.descriptors().file(0).name();
    route.clear_descriptors();
    told_ = table;
    return name;
  }

  Model model_{Capacity{}};
  v1::RouteTable told_;
  uint64_t revision_ = 0;
};

TEST_F(RoutesTest, DescriptorsComeOnceWithEachContract) {
  EXPECT_EQ(Described(), "");
  GoLive("one");
  EXPECT_EQ(Described(), "one.proto");
  GoLive("one");
  EXPECT_EQ(Described(), "");
  GoLive("two");
  EXPECT_EQ(Described(), "two.proto");
}

TEST_F(RoutesTest, AContractThatComesBackIsDescribedAgain) {
  GoLive("one");
  EXPECT_EQ(Described(), "one.proto");
  GoLive("two");
  EXPECT_EQ(Described(), "two.proto");
  GoLive("one");
  EXPECT_EQ(Described(), "one.proto");
}

TEST_F(TablesTest, WhoMayCallIsWhoDependsOnItInWhatIsLiveAndInWhatIsToBe) {
  deployment_.pending = std::make_shared<const Revision>(
      MakeTestRevision({{.name = "shop.Price", .code = "p2"},
                        {.name = "shop.Audit", .calls = {"shop.Price"}},
                        {.name = "shop.Total", .calls = {"shop.Audit"}}},
                       2));
  v1::ReplicaOrders orders;
  AddCallers(deployment_, orders);
  ASSERT_EQ(orders.callers_size(), 3);
  EXPECT_EQ(orders.callers(0).chainlet(), "shop.Audit");
  EXPECT_THAT(orders.callers(0).callers(), ElementsAre("shop.Total"));
  EXPECT_EQ(orders.callers(1).chainlet(), "shop.Price");
  EXPECT_THAT(orders.callers(1).callers(), ElementsAre("shop.Audit", "shop.Total"));
  EXPECT_FALSE(orders.callers(1).gateway());
  EXPECT_EQ(orders.callers(2).chainlet(), "shop.Total");
  EXPECT_THAT(orders.callers(2).callers(), IsEmpty());
  EXPECT_TRUE(orders.callers(2).gateway());
}

}  // namespace
}  // namespace chains::deploy
