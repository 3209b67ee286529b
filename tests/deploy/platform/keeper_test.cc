#include "deploy/platform/keeper.h"

#include <latch>

#include "tests/deploy/platform/platform_fixture.h"
#include "tests/deploy/state/faulty_disk.h"

namespace chains::deploy {
namespace {

using ::chains::testing::IsOk;
using ::chains::testing::Running;
using ::chains::testing::StatusIs;
using ::testing::HasSubstr;

class KeeperTest : public PlatformTest {
 protected:
  Task<void> KeepKey(std::string name, Keeper::Then then = nullptr) {
    const Permit changing = co_await keeper_.Begin();
    Store::Change change;
    change.put_keys.emplace_back().set_name(std::move(name));
    co_await keeper_.Keep(std::move(change), std::move(then));
  }
  bool IsOnDisk(const std::string& name) {
    const Store::Contents kept = store_->Load().value();
    return std::any_of(kept.keys.begin(), kept.keys.end(),
                       [&name](const state::KeyRecord& key) { return key.name() == name; });
  }
};

TEST_F(KeeperTest, AChangeIsOnTheDiskAndInTheModel) {
  const uint64_t before = model_.version();
  bool followed = false;
  EXPECT_THAT(Ask(KeepKey("a", [&] { followed = model_.keys.contains("a"); })).status(), IsOk());
  EXPECT_TRUE(followed);
  EXPECT_TRUE(IsOnDisk("a"));
  EXPECT_GT(model_.version(), before);
}

TEST_F(KeeperTest, WhoLeavesWhileItIsWrittenChangesTheModelToo) {
  bool followed = false;
  std::optional<Running<void>> leaving(std::in_place, clock_,
                                       KeepKey("a", [&followed] { followed = true; }));
  const absl::Time deadline = absl::Now() + absl::Seconds(30);
  while (!IsOnDisk("a")) ASSERT_LT(absl::Now(), deadline);
  leaving.reset();
  EXPECT_THAT(Ask(KeepKey("b", [this] { EXPECT_TRUE(model_.keys.contains("a")); })).status(),
              IsOk());
  EXPECT_TRUE(model_.keys.contains("a"));
  EXPECT_TRUE(followed);
}

TEST_F(KeeperTest, WhoLeavesBeforeItsTurnChangesNothing) {
  std::latch busy(1);
  ASSERT_TRUE(clock_.workers().Submit([&busy] { busy.wait(); }));
  Running<void> first(clock_, KeepKey("a"));
  std::optional<Running<void>> second(std::in_place, clock_, KeepKey("b"));
  second.reset();
  busy.count_down();
  Settle();
  EXPECT_TRUE(first.done());
  EXPECT_TRUE(model_.keys.contains("a"));
  EXPECT_FALSE(IsOnDisk("b"));
}

TEST_F(KeeperTest, NothingBeginsOnceItIsClosed) {
  std::latch busy(1);
  ASSERT_TRUE(clock_.workers().Submit([&busy] { busy.wait(); }));
  Running<void> writing(clock_, KeepKey("a"));
  Running<void> waiting(clock_, KeepKey("b"));
  keeper_.Close();
  busy.count_down();
  Settle();
  for (const auto& outcome : {writing.outcome(), waiting.outcome(), Ask(KeepKey("c"))}) {
    EXPECT_THAT(outcome.status(), StatusIs(absl::StatusCode::kUnavailable, HasSubstr("is ending")));
  }
  EXPECT_FALSE(IsOnDisk("b"));
}

class FullDiskTest : public ::testing::Test {
 protected:
  FaultyDisk disk_;  // before the platform opens anything
};

TEST_F(FullDiskTest, WhatCannotBeKeptIsToldAndTriedAgain) {
  class Platform final : public PlatformTest {
    void TestBody() override {}
  } platform;
  platform.Control();
  v1::DeployRequest request;
  *request.mutable_bundle() = PlatformTest::BundleOf({{.name = "shop.Total"}});
  Push push(platform, request);
  disk_.FillAfter(0);
  FakeReplica total(platform, platform.Last("shop.Total"));
  EXPECT_TRUE(disk_.failed());
  EXPECT_FALSE(push.done());
  EXPECT_THAT(push.last().deployment().problem(), HasSubstr("platform.db"));
  EXPECT_EQ(platform.model_.Environment("shop", "production"), nullptr);
  platform.Pass(absl::Seconds(5));
  EXPECT_FALSE(push.done());
  disk_.Recover();
  platform.Pass(absl::Seconds(1));
  EXPECT_TRUE(push.live()) << push.status();
  EXPECT_EQ(push.last().deployment().problem(), "");
}

}  // namespace
}  // namespace chains::deploy
