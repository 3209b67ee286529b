// A chainlet that asks for a GPU, on a machine without one.
#include "deploy/platform/describe.h"
#include "tests/deploy/platform/platform_fixture.h"

namespace chains::deploy {
namespace {

using ::chains::testing::StatusIs;
using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;

class GpuFallbackTest : public PlatformTest {
 protected:
  GpuFallbackTest() : PlatformTest({.cpus = 4, .memory_bytes = int64_t{64} << 30, .gpus = 0}) {
    Control();
  }
};

TEST_F(GpuFallbackTest, RunsOnCpusWhereItsChainSaysSoAndStatusTells) {
  v1::DeployRequest request;
  *request.mutable_bundle() =
      BundleOf({{.name = "shop.Draw", .gpu = "T4", .gpu_optional = true}, {.name = "shop.Sell"}});
  request.set_name("shop");
  Push push(*this, request);
  ASSERT_THAT(fleet_.started, SizeIs(2));
  EXPECT_THAT(Last("shop.Draw").gpus, IsEmpty());
  FakeReplica draw(*this, Last("shop.Draw"));
  FakeReplica sell(*this, Last("shop.Sell"));
  ASSERT_TRUE(push.live()) << push.status();
  const v1::Deployment described = Describe(model_, *model_.Find(push.id()));
  EXPECT_EQ(described.chainlets(0).state(), "ready");
  EXPECT_EQ(described.chainlets(0).note(),
            "runs on CPUs: it asks for 1 × T4, and this machine has 0 GPUs");
  EXPECT_EQ(described.chainlets(1).note(), "");
}

TEST_F(GpuFallbackTest, IsRefusedWithTheSumWhereItsChainDoesNotSaySo) {
  v1::DeployRequest request;
  *request.mutable_bundle() = BundleOf({{.name = "shop.Draw", .gpu = "T4"}});
  request.set_name("shop");
  Push push(*this, request);
  EXPECT_THAT(push.status(), StatusIs(absl::StatusCode::kFailedPrecondition,
                                      AllOf(HasSubstr("1 × T4 = 1 GPUs, and this machine has 0"),
                                            HasSubstr("Resources{.gpu_optional = true}"))));
  EXPECT_THAT(fleet_.started, IsEmpty());
}

}  // namespace
}  // namespace chains::deploy
