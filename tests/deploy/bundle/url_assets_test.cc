#include "deploy/bundle/url_assets.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "chains/core/text.h"
#include "deploy/bundle/bundle.h"
#include "tests/deploy/bundle/bundles.h"

namespace chains::deploy {
namespace {

using ::testing::HasSubstr;
using ::testing::IsEmpty;

constexpr char kUrl[] = "https://example.com/weights.bin";

class UrlAssetsTest : public ::testing::Test {
 protected:
  void Declare(const std::string& name, const std::string& source, const std::string& sha256,
               int chainlet = 0) {
    v1::Chainlet& in = *bundle_.mutable_manifest()->mutable_chainlets(chainlet);
    in.set_declared_at("main.cc:7");
    v1::Asset& asset = *in.add_assets();
    asset.set_name(name);
    asset.set_source(source);
    asset.set_sha256(sha256);
  }
  std::string Refusal() const {
    const absl::Status status = UrlAssetsOf(bundle_).status();
    EXPECT_TRUE(absl::IsInvalidArgument(status)) << status;
    return std::string(MessageOf(status));
  }

  const std::string content_ = "weights";
  const std::string digest_ = Hex(Sha256Of(content_));
  v1::Bundle bundle_ = HelloBundle("program");
};

TEST_F(UrlAssetsTest, NamesEachOnceAndLeavesPathsAlone) {
  Declare("weights", kUrl, digest_);
  Declare("words", "words.txt", "");
  Declare("weights", kUrl, digest_, 1);
  const std::vector<UrlAsset> assets = UrlAssetsOf(bundle_).value();
  ASSERT_EQ(assets.size(), 1);
  EXPECT_EQ(assets[0].name, "weights");
  EXPECT_EQ(assets[0].url, kUrl);
  EXPECT_EQ(assets[0].sha256, Sha256Of(content_));
}

TEST_F(UrlAssetsTest, WhatTheBundleHasIsNotNeeded) {
  Declare("weights", kUrl, digest_);
  AddAsset(UrlAssetsOf(bundle_).value()[0], content_.size(), bundle_);
  EXPECT_THAT(UrlAssetsOf(bundle_).value(), IsEmpty());
  EXPECT_EQ(bundle_.files(0).path(), "assets/weights");
  EXPECT_EQ(bundle_.files(0).size(), content_.size());
  EXPECT_TRUE(ValidateBundle(bundle_).ok());
}

TEST_F(UrlAssetsTest, AUrlNeedsADigestAndTheRefusalSaysHowToGetIt) {
  Declare("weights", kUrl, "");
  EXPECT_EQ(Refusal(),
            "the asset 'weights' of hello.HelloAll (main.cc:7): a URL needs a sha256, because what "
            "is there may be another file tomorrow; it is the first word of: curl -L "
            "https://example.com/weights.bin | sha256sum");
}

TEST_F(UrlAssetsTest, WhatIsNoDigestIsRefused) {
  Declare("weights", kUrl, "abc");
  EXPECT_THAT(Refusal(), HasSubstr("'abc' is no SHA-256 digest"));
}

TEST_F(UrlAssetsTest, OtherSchemesAreRefused) {
  Declare("weights", "hf://org/model", digest_);
  EXPECT_THAT(Refusal(), HasSubstr("hf://org/model cannot be fetched"));
}

TEST_F(UrlAssetsTest, NamesStayInTheirFolder) {
  Declare("..", kUrl, digest_);
  EXPECT_THAT(Refusal(), HasSubstr("'..'"));
  bundle_ = HelloBundle("program");
  Declare("a/b", kUrl, digest_);
  EXPECT_THAT(Refusal(), HasSubstr("'/'"));
}

TEST_F(UrlAssetsTest, TwoOfOneNameAreRefused) {
  Declare("weights", kUrl, digest_);
  Declare("weights", kUrl, Hex(Sha256Of("others")), 1);
  EXPECT_THAT(Refusal(), HasSubstr("another asset of this name"));
  bundle_ = HelloBundle("program");
  Declare("weights", kUrl, digest_);
  AddFile(bundle_, "assets/weights", "others");
  EXPECT_THAT(Refusal(), HasSubstr("another asset of this name"));
  bundle_ = HelloBundle("program");
  Declare("weights", kUrl, digest_);
  AddFile(bundle_, "assets/weights/of/a/folder", content_);
  EXPECT_THAT(Refusal(), HasSubstr("another asset of this name"));
}

}  // namespace
}  // namespace chains::deploy
