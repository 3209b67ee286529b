#include "deploy/agent/bundle_fetcher.h"

#include <filesystem>
#include <fstream>
#include <sys/stat.h>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "chains/core/text.h"
#include "chains/core/wait.h"
#include "chains/testing/fake_clock.h"
#include "chains/testing/running.h"
#include "chains/testing/status_matchers.h"
#include "tests/deploy/agent/fake_bundles.h"
#include "tests/deploy/temp_folder.h"

namespace chains::deploy {
namespace {

namespace fs = std::filesystem;
using ::chains::testing::IsOk;
using ::chains::testing::Running;
using ::chains::testing::StatusIs;
using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::UnorderedElementsAre;

std::string ContentOf(const fs::path& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
}

class BundleFetcherTest : public ::testing::Test {
 protected:
  BundleFetcherTest() { Open(); }

  void Open(const std::function<void(BundleFetcher::Options&)>& change = nullptr) {
    fetcher_.reset();
    BundleFetcher::Options options;
    options.work = folder_ / "work";
    options.connect = [this] { return platform_.Connect(); };
    if (change) change(options);
    fetcher_ = BundleFetcher::Open(std::move(options)).value();
  }
  absl::StatusOr<BundleFetcher::Fetched> Fetch(const v1::Bundle& bundle,
                                               absl::Duration most = absl::Minutes(10)) {
    progress_ = {};
    return chains::Wait(WithTimeout(fetcher_->Fetch(DigestOf(bundle), {}, &progress_), most),
                        clock_);
  }
  void KeepOnly(const v1::Bundle& bundle) {
    EXPECT_THAT(chains::Wait(fetcher_->KeepOnly({DigestOf(bundle)}), clock_).status(), IsOk());
  }
  std::string BlobOf(const std::string& content) const {
    const std::string hex = Hex(Sha256Of(content));
    return folder_ / Text("work/store/blobs/", hex.substr(0, 2), "/", hex.substr(2));
  }
  std::vector<std::string> Folders() const {
    std::vector<std::string> names;
    for (const auto& each : fs::directory_iterator(folder_ / "work/bundles")) {
      names.push_back(each.path().filename());
    }
    return names;
  }
  std::vector<uint64_t> OffsetsOf(const std::string& content) const {
    std::vector<uint64_t> offsets;
    for (const FakeBundles::Asked& each : platform_.asked) {
      if (each.sha256 == Sha256Of(content)) offsets.push_back(each.offset);
    }
    return offsets;
  }

  const TempFolder folder_{InMemory()};
  chains::testing::FakeClock clock_{{.threads = 2}};
  FakeBundles platform_;
  BundleProgress progress_;
  std::unique_ptr<BundleFetcher> fetcher_;
};

TEST_F(BundleFetcherTest, ABundleComesAsAFolderOfItsFiles) {
  const v1::Bundle bundle = platform_.Make("the program", {{"lib/libfoo.so.1", "a library"}});
  const auto fetched = Fetch(bundle);
  ASSERT_THAT(fetched.status(), IsOk());
  EXPECT_EQ(fetched->digest, DigestOf(bundle));
  EXPECT_EQ(fetched->index.program(), "hello");
  EXPECT_EQ(ContentOf(fs::path(fetched->folder) / "hello"), "the program");
  EXPECT_EQ(ContentOf(fs::path(fetched->folder) / "lib/libfoo.so.1"), "a library");
  struct stat info {};
  ASSERT_EQ(stat((fs::path(fetched->folder) / "hello").c_str(), &info), 0);
  EXPECT_EQ(info.st_mode & 0777u, 0555u);
  EXPECT_EQ(progress_.bytes, progress_.total);
  EXPECT_EQ(progress_.total, 20u);
}

TEST_F(BundleFetcherTest, WhatIsHereIsNotFetchedAgain) {
  const v1::Bundle one = platform_.Make("one", {{"lib/shared", "shared by both"}});
  const v1::Bundle two = platform_.Make("two", {{"lib/shared", "shared by both"}});
  ASSERT_THAT(Fetch(one).status(), IsOk());
  ASSERT_THAT(Fetch(two).status(), IsOk());
  EXPECT_EQ(platform_.AskedFor("shared by both"), 1u);
  // Nor by another process, later; it asks nobody.
  const int finds = platform_.finds;
  Open();
  ASSERT_THAT(Fetch(two).status(), IsOk());
  EXPECT_EQ(platform_.finds, finds);
  EXPECT_EQ(platform_.asked.size(), 3u);
}

TEST_F(BundleFetcherTest, AFileThatWasCutOffGoesOnWhereItWas) {
  const v1::Bundle bundle = platform_.Make("0123456789abcdef");
  platform_.cut_after = 8;
  const auto fetched = Fetch(bundle);
  ASSERT_THAT(fetched.status(), IsOk());
  EXPECT_EQ(ContentOf(fs::path(fetched->folder) / "hello"), "0123456789abcdef");
  EXPECT_THAT(OffsetsOf("0123456789abcdef"), ElementsAre(0, 8));
  EXPECT_EQ(progress_.bytes, 16u);
  EXPECT_EQ(platform_.connections, 2);
}

TEST_F(BundleFetcherTest, TheNextProcessGoesOnWhereTheLastWasCutOff) {
  const v1::Bundle bundle = platform_.Make("0123456789abcdef", {{"lib/whole", "whole"}});
  platform_.cut_after = 4;
  // Each try of the program ends after four bytes; this process has time for two.
  Open([](BundleFetcher::Options& options) { options.files_at_once = 2; });
  EXPECT_THAT(Fetch(bundle, absl::Milliseconds(60)).status(),
              StatusIs(absl::StatusCode::kDeadlineExceeded));
  const size_t before = platform_.asked.size();
  const size_t of_whole = platform_.AskedFor("whole");
  Open();
  platform_.cut_after = 100;
  const auto fetched = Fetch(bundle);
  ASSERT_THAT(fetched.status(), IsOk());
  EXPECT_EQ(ContentOf(fs::path(fetched->folder) / "hello"), "0123456789abcdef");
  ASSERT_EQ(platform_.asked.size(), before + 1);
  EXPECT_EQ(platform_.asked.back().offset, 8u);
  EXPECT_EQ(platform_.AskedFor("whole"), of_whole);
}

TEST_F(BundleFetcherTest, AFileThatIsAnotherIsFetchedAnewAFewTimes) {
  const v1::Bundle bundle = platform_.Make("the program");
  platform_.wrong = 2;
  ASSERT_THAT(Fetch(bundle).status(), IsOk());
  EXPECT_THAT(OffsetsOf("the program"), ElementsAre(0, 0, 0));
}

TEST_F(BundleFetcherTest, AFileThatStaysAnotherIsNamedWithItsDigest) {
  const v1::Bundle bundle = platform_.Make("the program");
  platform_.wrong = 100;
  EXPECT_THAT(Fetch(bundle).status(),
              StatusIs(absl::StatusCode::kDataLoss,
                       AllOf(HasSubstr("hello"), HasSubstr(Hex(Sha256Of("the program"))))));
  EXPECT_EQ(platform_.asked.size(), 3u);
  EXPECT_THAT(Folders(), IsEmpty());
}

TEST_F(BundleFetcherTest, AFileThatIsTooShortIsNotTaken) {
  const v1::Bundle bundle = platform_.Make("the program");
  platform_.contents[Sha256Of("the program")] = "the pro";
  EXPECT_THAT(Fetch(bundle).status(), StatusIs(absl::StatusCode::kDataLoss, HasSubstr("7 of 11")));
}

TEST_F(BundleFetcherTest, APlatformThatIsAwayIsAskedAgain) {
  const v1::Bundle bundle = platform_.Make("the program");
  platform_.away = 20;
  ASSERT_THAT(Fetch(bundle).status(), IsOk());
  EXPECT_EQ(platform_.finds, 21);
}

TEST_F(BundleFetcherTest, WhatWaitsSaysWhy) {
  const v1::Bundle bundle = platform_.Make("the program");
  platform_.away = 1'000'000;
  EXPECT_THAT(Fetch(bundle, absl::Seconds(3)).status(),
              StatusIs(absl::StatusCode::kDeadlineExceeded));
  EXPECT_THAT(progress_.Text(), HasSubstr("nobody listens"));
}

TEST_F(BundleFetcherTest, WhatThereIsNotFailsAtOnce) {
  EXPECT_THAT(Fetch(HelloBundle("nobody has it")).status(), StatusIs(absl::StatusCode::kNotFound));
  EXPECT_EQ(platform_.finds, 1);
}

TEST_F(BundleFetcherTest, AnotherBundleThanWasAskedForIsRefused) {
  const v1::Bundle asked = HelloBundle("asked for");
  platform_.indexes[DigestOf(asked)] = HelloBundle("another");
  EXPECT_THAT(Fetch(asked).status(), StatusIs(absl::StatusCode::kDataLoss));
  v1::Bundle evil = HelloBundle("asked for");
  evil.mutable_files(0)->set_path("../../hello");
  platform_.indexes[DigestOf(asked)] = evil;
  EXPECT_THAT(Fetch(asked).status(), StatusIs(absl::StatusCode::kInvalidArgument));
}

TEST_F(BundleFetcherTest, SeveralFilesComeAtOnceButNotAll) {
  std::map<std::string, std::string> files;
  for (int i = 10; i < 22; ++i) files[Text("lib/", i)] = Text("content ", i);
  const v1::Bundle bundle = platform_.Make("the program", files);
  platform_.held = true;
  Running<BundleFetcher::Fetched> fetching(clock_,
                                           fetcher_->Fetch(DigestOf(bundle), {}, &progress_));
  clock_.Settle();
  EXPECT_EQ(platform_.open, 4);
  platform_.held = false;
  platform_.released.Give();
  clock_.Settle();
  ASSERT_TRUE(fetching.done());
  EXPECT_THAT(fetching.outcome().status(), IsOk());
  EXPECT_EQ(platform_.most_open, 4);
  EXPECT_EQ(platform_.connections, 1);
  EXPECT_EQ(platform_.asked.size(), 13u);
}

TEST_F(BundleFetcherTest, AFileThatWasDamagedHereIsFetchedAgain) {
  const v1::Bundle bundle = platform_.Make("the program");
  ASSERT_THAT(Fetch(bundle).status(), IsOk());
  Open();
  ASSERT_EQ(chmod(BlobOf("the program").c_str(), 0644), 0);
  std::ofstream(BlobOf("the program")) << "the pr0gram";
  const auto fetched = Fetch(bundle);
  ASSERT_THAT(fetched.status(), IsOk());
  EXPECT_EQ(ContentOf(fs::path(fetched->folder) / "hello"), "the program");
  EXPECT_EQ(platform_.AskedFor("the program"), 2u);
}

TEST_F(BundleFetcherTest, WhatDoesNotFitIsSaidWithTheSettingThatGivesMore) {
  Open([](BundleFetcher::Options& options) { options.max_bytes = uint64_t{20} << 20; });
  const v1::Bundle bundle = platform_.Make("small", {{"assets/big", std::string(8 << 20, 'x')}});
  EXPECT_THAT(Fetch(bundle).status(),
              StatusIs(absl::StatusCode::kResourceExhausted,
                       AllOf(HasSubstr("8.0 MiB more"), HasSubstr("of 20.0 MiB"),
                             HasSubstr("bundleSpace"), HasSubstr("24.0 MiB"))));
  EXPECT_THAT(platform_.asked, IsEmpty());
}

TEST_F(BundleFetcherTest, WhatIsNotInUseMakesRoom) {
  platform_.piece = 1 << 20;
  Open([](BundleFetcher::Options& options) { options.max_bytes = uint64_t{27} << 20; });
  const v1::Bundle one = platform_.Make(
      "one", {{"assets/big", std::string(8 << 20, '1')}, {"lib/shared", "shared by both"}});
  const v1::Bundle two = platform_.Make(
      "two", {{"assets/big", std::string(8 << 20, '2')}, {"lib/shared", "shared by both"}});
  ASSERT_THAT(Fetch(one).status(), IsOk());
  // As long as it runs it stays.
  EXPECT_THAT(
      chains::Wait(fetcher_->Fetch(DigestOf(two), {DigestOf(one)}, &progress_), clock_).status(),
      StatusIs(absl::StatusCode::kResourceExhausted));
  EXPECT_THAT(Folders(), ElementsAre(DigestOf(one)));
  ASSERT_THAT(Fetch(two).status(), IsOk());
  EXPECT_THAT(Folders(), ElementsAre(DigestOf(two)));
  EXPECT_EQ(platform_.AskedFor("shared by both"), 1u);
}

TEST_F(BundleFetcherTest, OldBundlesGoAndSharedFilesStay) {
  const v1::Bundle one = platform_.Make("one", {{"lib/shared", "shared by both"}});
  const v1::Bundle two = platform_.Make("two", {{"lib/shared", "shared by both"}});
  ASSERT_THAT(Fetch(one).status(), IsOk());
  ASSERT_THAT(Fetch(two).status(), IsOk());
  EXPECT_THAT(Folders(), UnorderedElementsAre(DigestOf(one), DigestOf(two)));
  KeepOnly(two);
  EXPECT_THAT(Folders(), ElementsAre(DigestOf(two)));
  EXPECT_FALSE(fs::exists(BlobOf("one")));
  EXPECT_TRUE(fs::exists(BlobOf("two")));
  EXPECT_TRUE(fs::exists(BlobOf("shared by both")));
}

TEST_F(BundleFetcherTest, ANodesCacheSparesTheOthersTheDownload) {
  const v1::Bundle bundle = platform_.Make("the program", {{"lib/libfoo.so", "a library"}});
  const auto with_cache = [this](BundleFetcher::Options& options) {
    options.cache = folder_ / "cache";
    options.max_cache_bytes = 1000;
  };
  Open(with_cache);
  ASSERT_THAT(Fetch(bundle).status(), IsOk());
  EXPECT_EQ(platform_.asked.size(), 2u);
  Open([&](BundleFetcher::Options& options) {
    with_cache(options);
    options.work = folder_ / "another pod";
  });
  const auto fetched = Fetch(bundle);
  ASSERT_THAT(fetched.status(), IsOk());
  EXPECT_EQ(ContentOf(fs::path(fetched->folder) / "hello"), "the program");
  EXPECT_EQ(platform_.asked.size(), 2u);
  EXPECT_THAT(fetcher_->cache_problem(), IsOk());
  // A cache that cannot be used is no reason to fail.
  Open([&](BundleFetcher::Options& options) {
    options.cache = "/proc/nowhere";
    options.work = folder_ / "a third";
  });
  ASSERT_THAT(Fetch(bundle).status(), IsOk());
  EXPECT_EQ(platform_.asked.size(), 4u);
  EXPECT_THAT(fetcher_->cache_problem(), ::testing::Not(IsOk()));
}

TEST_F(BundleFetcherTest, WhatTheImageHasIsNotDownloaded) {
  const v1::Bundle bundle = platform_.Make("the program", {{"lib/libfoo.so", "a library"}});
  Open([&](BundleFetcher::Options& options) { options.seed = folder_ / "work/store/blobs"; });
  ASSERT_THAT(Fetch(bundle).status(), IsOk());  // it is not in the image
  EXPECT_EQ(platform_.asked.size(), 2u);
  Open([&](BundleFetcher::Options& options) {
    options.seed = folder_ / "work/store/blobs";
    options.work = folder_ / "a pod of an image with it";
  });
  const auto fetched = Fetch(bundle);
  ASSERT_THAT(fetched.status(), IsOk());
  EXPECT_EQ(ContentOf(fs::path(fetched->folder) / "hello"), "the program");
  EXPECT_EQ(platform_.asked.size(), 2u);
}

}  // namespace
}  // namespace chains::deploy
