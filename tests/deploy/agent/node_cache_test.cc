#include "deploy/agent/node_cache.h"

#include <filesystem>
#include <fstream>
#include <sys/stat.h>
#include <thread>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "chains/core/text.h"
#include "chains/testing/status_matchers.h"
#include "deploy/bundle/digest.h"
#include "tests/deploy/bundle/bundles.h"
#include "tests/deploy/temp_folder.h"

namespace chains::deploy {
namespace {

namespace fs = std::filesystem;
using ::chains::testing::IsOk;
using ::chains::testing::StatusIs;
using ::testing::HasSubstr;

v1::BundleFile FileOf(const std::string& content) {
  v1::Bundle bundle;
  AddFile(bundle, "file", content);
  return bundle.files(0);
}

class NodeCacheTest : public ::testing::Test {
 protected:
  std::unique_ptr<BlobStore> Store(const std::string& pod) {
    return BlobStore::Open(folder_ / pod).value();
  }
  static void Put(BlobStore& store, const std::string& content) {
    BlobStore::Writer writer = store.Begin(Sha256Of(content), content.size()).value();
    ASSERT_THAT(writer.Append(content), IsOk());
    ASSERT_THAT(writer.Commit(), IsOk());
  }
  fs::path PathOf(const std::string& content) const {
    const std::string hex = Hex(Sha256Of(content));
    return folder_ / Text("cache/", hex.substr(0, 2), "/", hex.substr(2));
  }
  // As if it had been used so long ago.
  void Age(const std::string& content, std::chrono::minutes by) const {
    fs::last_write_time(PathOf(content), fs::file_time_type::clock::now() - by);
  }

  const TempFolder folder_{InMemory()};
  NodeCache cache_{folder_ / "cache", 100};
};

TEST_F(NodeCacheTest, WhatOnePodAddsAnotherTakes) {
  const auto one = Store("one"), two = Store("two");
  EXPECT_FALSE(cache_.CopyInto(*one, FileOf("content")));
  EXPECT_THAT(cache_.problem(), IsOk());
  Put(*one, "content");
  cache_.Add(*one, FileOf("content"));
  NodeCache another(folder_ / "cache", 100);
  EXPECT_TRUE(another.CopyInto(*two, FileOf("content")));
  EXPECT_TRUE(two->Has(Sha256Of("content")));
  EXPECT_THAT(another.problem(), IsOk());
}

TEST_F(NodeCacheTest, WhatIsDamagedIsNotTakenAndGoes) {
  const auto one = Store("one"), two = Store("two");
  Put(*one, "content");
  cache_.Add(*one, FileOf("content"));
  for (const char* const damaged : {"c0ntent", "conten", "content and more"}) {
    fs::permissions(PathOf("content"), fs::perms::owner_all);
    std::ofstream(PathOf("content")) << damaged;
    EXPECT_FALSE(cache_.CopyInto(*two, FileOf("content"))) << damaged;
    EXPECT_FALSE(two->Has(Sha256Of("content")));
    EXPECT_FALSE(fs::exists(PathOf("content")));
    EXPECT_THAT(cache_.problem(), StatusIs(absl::StatusCode::kDataLoss, HasSubstr("damaged")));
    cache_.Add(*one, FileOf("content"));
  }
  EXPECT_TRUE(cache_.CopyInto(*two, FileOf("content")));
}

TEST_F(NodeCacheTest, WhatWasUsedLongestAgoMakesRoom) {
  const auto one = Store("one"), two = Store("two");
  const std::string a(40, 'a'), b(40, 'b'), c(40, 'c'), large(101, 'x');
  for (const std::string& each : {a, b, c, large}) Put(*one, each);
  cache_.Add(*one, FileOf(a));
  cache_.Add(*one, FileOf(b));
  Age(a, std::chrono::minutes(2));
  Age(b, std::chrono::minutes(1));
  EXPECT_TRUE(cache_.CopyInto(*two, FileOf(a)));  // and has been used now
  cache_.Add(*one, FileOf(c));
  EXPECT_TRUE(fs::exists(PathOf(a)));
  EXPECT_FALSE(fs::exists(PathOf(b)));
  EXPECT_TRUE(fs::exists(PathOf(c)));
  cache_.Add(*one, FileOf(large));
  EXPECT_FALSE(fs::exists(PathOf(large)));
  EXPECT_TRUE(fs::exists(PathOf(c)));
}

TEST_F(NodeCacheTest, WhatAnAgentLeftHalfWrittenGoesInTime) {
  const auto one = Store("one");
  Put(*one, "content");
  fs::create_directories(folder_ / "cache/tmp");
  std::ofstream(folder_ / "cache/tmp/old") << "half";
  std::ofstream(folder_ / "cache/tmp/new") << "half";
  fs::last_write_time(folder_ / "cache/tmp/old",
                      fs::file_time_type::clock::now() - std::chrono::hours(7));
  cache_.Add(*one, FileOf("content"));
  EXPECT_FALSE(fs::exists(folder_ / "cache/tmp/old"));
  EXPECT_TRUE(fs::exists(folder_ / "cache/tmp/new"));
}

// Several agents add, take and sweep at once: what one gets is right, or nothing.
TEST_F(NodeCacheTest, ManyAgentsUseItAtOnce) {
  const int kAgents = 4;
  std::vector<std::string> contents;
  for (int i = 0; i < 20; ++i) contents.push_back(Text("content ", i, std::string(1000, 'x')));
  std::vector<std::thread> agents;
  for (int agent = 0; agent < kAgents; ++agent) {
    agents.emplace_back([&, agent] {
      const auto store = Store(Text("pod", agent));
      NodeCache cache(folder_ / "cache", 10'000);
      for (int round = 0; round < 3; ++round) {
        for (const std::string& content : contents) {
          if (!cache.CopyInto(*store, FileOf(content))) {
            Put(*store, content);
            cache.Add(*store, FileOf(content));
          }
          EXPECT_TRUE(store->Has(Sha256Of(content)));
        }
      }
      EXPECT_THAT(cache.problem(), IsOk());
    });
  }
  for (std::thread& each : agents) each.join();
}

}  // namespace
}  // namespace chains::deploy
