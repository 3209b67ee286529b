// What gateways are told: descriptors where they do not have them.
#include "deploy/platform/tables.h"

#include <memory>
#include <string>

#include <gtest/gtest.h>

#include "tests/deploy/platform/made_chains.h"

namespace chains::deploy {
namespace {

constexpr absl::Time kNow = absl::UnixEpoch();

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

}  // namespace
}  // namespace chains::deploy
