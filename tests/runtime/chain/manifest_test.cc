#include "chains/chain/manifest.h"

#include <fstream>
#include <sstream>

#include <google/protobuf/descriptor.h>
#include <google/protobuf/util/json_util.h>
#include <gtest/gtest.h>

#include "other_shop.chains.h"
#include "shop.chains.h"
#include "specs.h"

namespace chains::internal {
namespace {

using tests::shop::Clerk;
using tests::shop::Pricer;
using tests::shop::Till;

ChainSpec Shop() {
  ChainSpec chain = ChainOf(
      {ChainletAt<Till>(3, {On<Pricer>({.attempts = 3, .timeout = absl::Milliseconds(2500)})}),
       ChainletAt<Pricer>(4)});
  ChainletSpec& pricer = chain.chainlets[1];
  pricer.implementation = "";
  pricer.build = nullptr;
  pricer.resources = {.cpus = 0.5,
                      .memory = "16Gi",
                      .gpu = "L4",
                      .gpu_count = 2,
                      .gpu_module = "pricing_cuda",
                      .gpu_optional = true};
  pricer.autoscaling = {.min_replica = 1, .max_replica = 3};
  pricer.settings = {.display_name = "Prices",
                     .secrets = {"api-key"},
                     .variables = {{"B", "2"}, {"A", "1"}, {"C", "3"}},
                     .assets = {{.name = "weights", .source = "hf://org/model"}},
                     .base_image = "debian:12",
                     .system_packages = {"ffmpeg"}};
  return chain;
}

std::string Recorded() {
  std::ifstream file(MANIFEST_GOLDEN);
  std::stringstream text;
  text << file.rdbuf();
  return text.str();
}

TEST(ManifestTest, JsonIsAsRecorded) { EXPECT_EQ(ManifestJson(MakeManifest(Shop())), Recorded()); }

TEST(ManifestTest, JsonCanBeReadBack) {
  const v1::Manifest manifest = MakeManifest(Shop());
  v1::Manifest read;
  ASSERT_TRUE(google::protobuf::util::JsonStringToMessage(ManifestJson(manifest), &read).ok());
  EXPECT_EQ(read.DebugString(), manifest.DebugString());
}

TEST(ManifestTest, SaysOfLimitsWhatIsNotUsual) {
  ChainSpec shop = Shop();
  EXPECT_FALSE(MakeManifest(shop).chainlets(1).has_adaptive_limit());
  EXPECT_FALSE(MakeManifest(shop).chainlets(1).has_limits_dry_run());
  shop.chainlets[1].limits = {.adaptive = {.on = true, .min = 2, .dry_run = true}, .dry_run = true};
  const v1::Chainlet pricer = MakeManifest(shop).chainlets(1);
  EXPECT_EQ(pricer.adaptive_limit().min(), 2);
  EXPECT_EQ(pricer.adaptive_limit().max(), 256);
  EXPECT_TRUE(pricer.adaptive_limit().dry_run());
  EXPECT_TRUE(pricer.limits_dry_run());
}

TEST(ManifestTest, DescriptorsHoldEveryFileOnceAfterWhatItImports) {
  const ChainSpec chain = ChainOf(
      {ChainletAt<tests::other_shop::Pricer>(3), ChainletAt<Clerk>(4), ChainletAt<Till>(5)});
  std::vector<std::string> names;
  google::protobuf::DescriptorPool pool;
  const google::protobuf::FileDescriptorSet files = Descriptors(chain);
  for (const google::protobuf::FileDescriptorProto& file : files.file()) {
    names.push_back(file.name());
    EXPECT_NE(pool.BuildFile(file), nullptr) << file.name();
  }
  EXPECT_EQ(names, (std::vector<std::string>{"google/protobuf/timestamp.proto", "shop_types.proto",
                                             "other_shop.proto", "shop.proto"}));
  EXPECT_NE(pool.FindServiceByName("tests.shop.Till"), nullptr);
}

TEST(ManifestTest, DescriptorsHaveTheCommentsOfTheirFilesButNoLines) {
  google::protobuf::DescriptorPool pool;
  const google::protobuf::FileDescriptorSet files = Descriptors(ChainOf({ChainletAt<Till>(5)}));
  for (const google::protobuf::FileDescriptorProto& file : files.file()) {
    ASSERT_NE(pool.BuildFile(file), nullptr) << file.name();
  }
  google::protobuf::SourceLocation location;
  ASSERT_TRUE(pool.FindServiceByName("tests.shop.Till")->GetSourceLocation(&location));
  EXPECT_EQ(location.leading_comments, " May not be repeated.\n");
  EXPECT_EQ(location.start_line, 0);
}

}  // namespace
}  // namespace chains::internal
