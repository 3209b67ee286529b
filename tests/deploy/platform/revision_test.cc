#include "deploy/platform/revision.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "chains/testing/status_matchers.h"
#include "tests/deploy/platform/made_chains.h"

namespace chains::deploy {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

const std::vector<MadeChainlet>& Shop() {
  static const auto* const shop =
      new std::vector<MadeChainlet>{{.name = "shop.Price"},
                                    {.name = "shop.Tax"},
                                    {.name = "shop.Total", .calls = {"shop.Price", "shop.Tax"}}};
  return *shop;
}

TEST(RevisionTest, GivesEveryChainletAProcessOfItsOwn) {
  const Revision revision = MakeTestRevision(Shop());
  ASSERT_EQ(revision.units.size(), 3u);
  EXPECT_THAT(revision.UnitOf("shop.Tax")->chainlets, ElementsAre("shop.Tax"));
  EXPECT_THAT(revision.DependenciesOf(*revision.UnitOf("shop.Total")),
              ElementsAre("shop.Price", "shop.Tax"));
}

TEST(RevisionTest, PutsAllTogetherOrInGroups) {
  const Revision together =
      MakeTestRevision(Shop(), 1, {.mode = v1::PLACEMENT_TOGETHER, .groups = {}});
  ASSERT_EQ(together.units.size(), 1u);
  EXPECT_EQ(together.units[0].resources.memory_bytes(), int64_t{3} << 30);

  v1::PlacementGroup group;
  group.add_chainlets("Price");
  group.add_chainlets("shop.Total");
  const Revision groups =
      MakeTestRevision(Shop(), 1, {.mode = v1::PLACEMENT_GROUPS, .groups = {group}});
  ASSERT_EQ(groups.units.size(), 2u);
  EXPECT_THAT(groups.UnitOf("shop.Total")->chainlets, ElementsAre("shop.Price", "shop.Total"));
  EXPECT_THAT(groups.DependenciesOf(*groups.UnitOf("shop.Total")), ElementsAre("shop.Tax"));
}

TEST(RevisionTest, RefusesGroupsThatMakeNoSense) {
  v1::PlacementGroup unknown, twice;
  unknown.add_chainlets("Nobody");
  twice.add_chainlets("Tax");
  twice.add_chainlets("shop.Tax");
  for (const auto& [group, says] :
       {std::pair(unknown, "no chainlet 'Nobody'"), std::pair(twice, "two groups")}) {
    const auto revision =
        MakeRevision(MakeBundle(Shop()), "d", 1, {.mode = v1::PLACEMENT_GROUPS, .groups = {group}});
    EXPECT_THAT(std::string(revision.status().message()), HasSubstr(says));
  }
}

TEST(RevisionTest, KeepsTheKeyOfWhatDidNotChange) {
  const Revision before = MakeTestRevision(Shop());
  std::vector<MadeChainlet> edited = Shop();
  edited[0].code = "other code";
  const Revision after = MakeTestRevision(edited, 2);
  EXPECT_NE(after.UnitOf("shop.Price")->key, before.UnitOf("shop.Price")->key);
  EXPECT_EQ(after.UnitOf("shop.Tax")->key, before.UnitOf("shop.Tax")->key);
  EXPECT_EQ(after.UnitOf("shop.Total")->key, before.UnitOf("shop.Total")->key);
}

TEST(RevisionTest, ScalingAndLinesOfCodeAreNoReasonForANewProcess) {
  v1::Bundle bundle = MakeBundle(Shop());
  const Revision before = MakeRevision(bundle, "d", 1, {}).value();
  bundle.mutable_manifest()->mutable_chainlets(0)->set_declared_at("main.cc:99");
  bundle.mutable_manifest()->mutable_chainlets(0)->mutable_autoscaling()->set_max_replica(9);
  const Revision moved = MakeRevision(bundle, "d", 2, {}).value();
  EXPECT_EQ(moved.units[0].key, before.units[0].key);
  bundle.mutable_manifest()->mutable_chainlets(0)->mutable_resources()->set_cpus(2);
  const Revision larger = MakeRevision(bundle, "d", 3, {}).value();
  EXPECT_NE(larger.units[0].key, before.units[0].key);
}

TEST(RevisionTest, AnAssetsContentBelongsToWhoDeclaresIt) {
  v1::Bundle bundle = MakeBundle(Shop());
  v1::Asset& asset = *bundle.mutable_manifest()->mutable_chainlets(1)->add_assets();
  asset.set_name("rates");
  v1::BundleFile& file = *bundle.add_files();
  file.set_path("assets/rates/2026.csv");
  file.set_sha256(std::string(32, '1'));
  const Revision before = MakeRevision(bundle, "d", 1, {}).value();
  bundle.mutable_files(1)->set_sha256(std::string(32, '2'));
  const Revision after = MakeRevision(bundle, "d", 2, {}).value();
  EXPECT_NE(after.UnitOf("shop.Tax")->key, before.UnitOf("shop.Tax")->key);
  EXPECT_EQ(after.UnitOf("shop.Price")->key, before.UnitOf("shop.Price")->key);
}

TEST(RevisionTest, AGpuModulesContentBelongsToWhoDeclaresIt) {
  v1::Bundle bundle = MakeBundle(Shop());
  bundle.mutable_manifest()->mutable_chainlets(1)->mutable_resources()->set_gpu_module("shop_cuda");
  v1::BundleFile& file = *bundle.add_files();
  file.set_path("shop_cuda.so");
  file.set_sha256(std::string(32, '1'));
  const Revision before = MakeRevision(bundle, "d", 1, {}).value();
  bundle.mutable_files(1)->set_sha256(std::string(32, '2'));
  const Revision after = MakeRevision(bundle, "d", 2, {}).value();
  EXPECT_NE(after.UnitOf("shop.Tax")->key, before.UnitOf("shop.Tax")->key);
  EXPECT_EQ(after.UnitOf("shop.Price")->key, before.UnitOf("shop.Price")->key);
}

TEST(RevisionTest, AProcessCanDoWithoutAGpuWhenAllInItCan) {
  std::vector<MadeChainlet> shop = Shop();
  shop[0].gpu = shop[1].gpu = "T4";
  shop[0].gpu_optional = true;
  const PlacementRequest together = {.mode = v1::PLACEMENT_TOGETHER, .groups = {}};
  const auto optional_in = [&together](const std::vector<MadeChainlet>& chainlets) {
    const Revision revision = MakeTestRevision(chainlets, 1, together);
    EXPECT_EQ(revision.units[0].resources.gpu_count(), 2);
    return revision.units[0].resources.gpu_optional();
  };
  EXPECT_FALSE(optional_in(shop));
  shop[1].gpu_optional = true;
  EXPECT_TRUE(optional_in(shop));
  shop[0].gpu_optional = false;
  EXPECT_FALSE(optional_in(shop));
}

TEST(RevisionTest, RefusesAChainletThatNothingImplements) {
  v1::Bundle bundle = MakeBundle(Shop());
  bundle.mutable_manifest()->mutable_chainlets(1)->clear_implementation();
  const auto revision = MakeRevision(bundle, "d", 1, {});
  EXPECT_THAT(std::string(revision.status().message()), HasSubstr("shop.Tax is declared"));
}

TEST(RevisionTest, LeavesOutWhatIsServedElsewhereOrCanBeDoneWithout) {
  v1::Bundle bundle = MakeBundle({{.name = "shop.Tax"}, {.name = "shop.Total"}});
  bundle.mutable_manifest()->mutable_chainlets(0)->clear_implementation();
  v1::Dependency& on_tax = *bundle.mutable_manifest()->mutable_chainlets(1)->add_dependencies();
  on_tax.set_chainlet("shop.Tax");
  EXPECT_FALSE(MakeRevision(bundle, "d", 1, {}).ok());
  on_tax.set_url("grpc://tax.example");
  const auto elsewhere = MakeRevision(bundle, "d", 1, {});
  ASSERT_TRUE(elsewhere.ok()) << elsewhere.status();
  EXPECT_EQ(elsewhere->units.size(), 1u);
  EXPECT_EQ(elsewhere->Chainlet("shop.Tax"), nullptr);
  EXPECT_TRUE(elsewhere->DependenciesOf(elsewhere->units[0]).empty());
  on_tax.clear_url();
  on_tax.set_soft(true);
  EXPECT_TRUE(MakeRevision(bundle, "d", 1, {}).ok());
}

TEST(RevisionTest, RefusesTwoTypesOfGpusInOneProcess) {
  std::vector<MadeChainlet> mixed = Shop();
  mixed[0].gpu = "T4";
  mixed[1].gpu = "H100";
  EXPECT_TRUE(MakeRevision(MakeBundle(mixed), "d", 1, {}).ok());
  const auto together =
      MakeRevision(MakeBundle(mixed), "d", 1, {.mode = v1::PLACEMENT_TOGETHER, .groups = {}});
  EXPECT_THAT(std::string(together.status().message()), HasSubstr("H100"));
}

}  // namespace
}  // namespace chains::deploy
