#include "deploy/bundle/s3_store.h"

#include <fstream>
#include <map>
#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "chains/testing/status_matchers.h"
#include "deploy/bundle/s3_answer.h"
#include "tests/deploy/bundle/fake_s3.h"
#include "tests/deploy/bundle/temporary_folder.h"

namespace chains::deploy {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using testing::IsOk;
using testing::IsOkAndHolds;
using testing::StatusIs;

class S3StoreTest : public ::testing::Test {
 protected:
  void SetUp() override { Connect(s3_.options()); }

  void Connect(S3Store::Options options) {
    auto store = S3Store::Make(std::move(options));
    ASSERT_THAT(store, IsOk());
    store_ = *std::move(store);
  }
  absl::Status Put(const std::string& name, const std::string& content) {
    const std::string path = folder_ / "file";
    std::ofstream(path, std::ios::binary) << content;
    return store_->Put(name, path);
  }
  absl::StatusOr<std::string> Get(const std::string& name) {
    std::string content;
    absl::Status status = store_->Get(name, [&](std::string_view piece) {
      content += piece;
      return absl::OkStatus();
    });
    if (!status.ok()) return status;
    return content;
  }

  const TemporaryFolder folder_{TemporaryFolder::InMemory()};
  FakeS3 s3_;
  std::unique_ptr<S3Store> store_;
};

TEST_F(S3StoreTest, KeepsWhatIsPut) {
  const std::string large(3 << 20, 'x');
  EXPECT_THAT(Put("blobs/ab/cd", "hello"), IsOk());
  EXPECT_THAT(Put("large", large), IsOk());
  EXPECT_THAT(Put("empty", ""), IsOk());
  EXPECT_EQ(s3_.objects()["of/us/blobs/ab/cd"], "hello");
  EXPECT_THAT(Get("blobs/ab/cd"), IsOkAndHolds("hello"));
  EXPECT_THAT(Get("empty"), IsOkAndHolds(""));
  EXPECT_TRUE(*Get("large") == large);
  EXPECT_THAT(store_->Has("large"), IsOkAndHolds(true));
  EXPECT_THAT(store_->Has("small"), IsOkAndHolds(false));
  EXPECT_THAT(store_->Delete("large"), IsOk());
  EXPECT_THAT(store_->Delete("large"), IsOk());
  EXPECT_THAT(store_->Has("large"), IsOkAndHolds(false));
  EXPECT_THAT(Get("large"), StatusIs(absl::StatusCode::kNotFound, HasSubstr("NoSuchKey")));
}

TEST_F(S3StoreTest, ListsAllPages) {
  for (const std::string name : {"a/1", "a/2", "a/3", "a/4", "a/5", "b/1"}) {
    s3_.Set("of/us/" + name, name);
  }
  s3_.set_page(2);
  const auto found = store_->List("a/");
  ASSERT_THAT(found, IsOk());
  std::vector<std::string> names;
  for (const ObjectStore::Found& object : *found) names.push_back(object.name);
  EXPECT_THAT(names, ElementsAre("a/1", "a/2", "a/3", "a/4", "a/5"));
  EXPECT_EQ(found->front().size, 3u);
  EXPECT_EQ(absl::FormatTime(found->front().changed, absl::UTCTimeZone()),
            "2026-01-02T03:04:05.678+00:00");
}

TEST_F(S3StoreTest, TriesAgain) {
  for (const int status : {500, 503, 429}) s3_.Fail(status);
  EXPECT_THAT(Put("x", "hello"), IsOk());
  s3_.Fail(503);
  EXPECT_THAT(store_->Has("x"), IsOkAndHolds(true));
  for (int i = 0; i < 10; ++i) s3_.Fail(503);
  EXPECT_THAT(Get("x"), StatusIs(absl::StatusCode::kUnavailable, HasSubstr("after 5 attempts")));
}

TEST_F(S3StoreTest, GoesOnWhereItWasBrokenOff) {
  std::string content;
  for (int i = 0; i < 100'000; ++i) content += std::to_string(i);
  s3_.Set("of/us/x", content);
  s3_.CutAfter(1000);
  s3_.CutAfter(70'000);
  EXPECT_TRUE(*Get("x") == content);
  EXPECT_EQ(s3_.requests(), 3);
}

TEST_F(S3StoreTest, StopsWhenWhoTakesItFails) {
  s3_.Set("of/us/x", "content");
  EXPECT_THAT(store_->Get("x", [](std::string_view) { return absl::DataLossError("full"); }),
              StatusIs(absl::StatusCode::kDataLoss, "full"));
  EXPECT_EQ(s3_.requests(), 1);
}

TEST_F(S3StoreTest, SaysWhyItIsRefused) {
  S3Store::Options options = s3_.options();
  options.secret_key = "another";
  Connect(options);
  EXPECT_THAT(Put("x", "y"),
              StatusIs(absl::StatusCode::kPermissionDenied, HasSubstr("SignatureDoesNotMatch")));
  EXPECT_EQ(s3_.requests(), 1);
  options = s3_.options();
  options.bucket = "nobodys";
  Connect(options);
  EXPECT_THAT(Get("x"),
              StatusIs(absl::StatusCode::kFailedPrecondition, HasSubstr("make the bucket")));
  EXPECT_THAT(store_->Put("x", folder_ / "gone"), StatusIs(absl::StatusCode::kNotFound));
}

TEST_F(S3StoreTest, SignsItsSessionToken) {
  S3Store::Options options = s3_.options();
  options.session_token = "token==";
  Connect(options);
  EXPECT_THAT(Put("x", "y"), IsOk());
}

TEST_F(S3StoreTest, RefusesNamesAndOptionsThatCannotBe) {
  for (const std::string name : {"a b", "ü", "a?b", "/a", "a//b", "../a", "a/./b", "a%2f"}) {
    EXPECT_THAT(store_->Has(name), StatusIs(absl::StatusCode::kInvalidArgument)) << name;
  }
  S3Store::Options options = s3_.options();
  options.endpoint = "minio:9000";
  EXPECT_THAT(S3Store::Make(options), StatusIs(absl::StatusCode::kInvalidArgument));
  options = s3_.options();
  options.access_key = "";
  EXPECT_THAT(S3Store::Make(options), StatusIs(absl::StatusCode::kInvalidArgument));
}

TEST_F(S3StoreTest, FindsItsOptions) {
  std::map<std::string, std::string> variables = {
      {"AWS_ACCESS_KEY_ID", "a"}, {"AWS_SECRET_ACCESS_KEY", "b"}, {"AWS_REGION", "eu-central-1"}};
  const auto environment = [&](const std::string& name) -> std::optional<std::string> {
    const auto found = variables.find(name);
    if (found == variables.end()) return std::nullopt;
    return found->second;
  };
  const auto options = S3Store::OptionsOf("https://minio:9000/chains/of/us", environment);
  ASSERT_THAT(options, IsOk());
  EXPECT_EQ(options->endpoint, "https://minio:9000");
  EXPECT_EQ(options->bucket, "chains");
  EXPECT_EQ(options->prefix, "of/us");
  EXPECT_EQ(options->region, "eu-central-1");
  EXPECT_THAT(S3Store::OptionsOf("https://minio:9000", environment),
              StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("names no bucket")));

  const std::string path = folder_ / "credentials";
  std::ofstream(path) << "[other]\naws_access_key_id = no\n[default]\n aws_access_key_id = c\n"
                         "aws_secret_access_key=d=\n# x\n";
  variables = {{"AWS_SHARED_CREDENTIALS_FILE", path}};
  EXPECT_EQ(S3Store::OptionsOf("https://x/y", environment)->access_key, "c");
  EXPECT_EQ(S3Store::OptionsOf("https://x/y", environment)->secret_key, "d=");
  variables.clear();
  EXPECT_THAT(S3Store::OptionsOf("https://x/y", environment),
              StatusIs(absl::StatusCode::kFailedPrecondition, HasSubstr("AWS_ACCESS_KEY_ID")));
}

TEST(S3Answer, RefusesWhatIsNoList) {
  for (const std::string xml :
       {"", "<html>", "<ListBucketResult><Contents></Contents>",
        "<ListBucketResult><Contents><Key>a</Key><Size>-1</Size></Contents>",
        "<ListBucketResult><IsTruncated>true</IsTruncated></ListBucketResult>"}) {
    EXPECT_THAT(ParseS3Page(xml), StatusIs(absl::StatusCode::kInternal)) << xml;
  }
  EXPECT_TRUE(ParseS3Page("<ListBucketResult/>")->objects.empty());
  EXPECT_EQ(ParseS3Error("<Error><Code>A</Code><Message>b &amp; &lt;c</Message></Error>").message,
            "b & <c");
}

}  // namespace
}  // namespace chains::deploy
