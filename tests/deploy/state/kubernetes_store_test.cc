// KubernetesStore: what was acknowledged is there, what was refused is not, and there is no half of
// anything: wherever a writer dies, whatever is lost on the way, whoever takes over in between.
#include "deploy/state/kubernetes_store.h"

#include <algorithm>
#include <functional>
#include <memory>
#include <optional>
#include <random>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "chains/core/text.h"
#include "chains/testing/fake_clock.h"
#include "chains/testing/status_matchers.h"
#include "tests/deploy/state/fake_objects.h"
#include "tests/deploy/state/numbered_changes.h"

namespace chains::deploy {
namespace {

using ::chains::testing::IsOk;
using ::chains::testing::StatusIs;
using ::testing::AllOf;
using ::testing::AnyOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

constexpr size_t kKept = 10;  // records after the third numbered change, and the head

class KubernetesStoreTest : public ::testing::Test {
 protected:
  std::unique_ptr<KubernetesStore> Open() {
    KubernetesStore::Options options;
    options.make_loop = [] { return std::make_unique<chains::testing::FakeClock>(); };
    return std::make_unique<KubernetesStore>(api_, std::move(options));
  }
  std::unique_ptr<KubernetesStore> Leader() {
    std::unique_ptr<KubernetesStore> store = Open();
    EXPECT_THAT(store->Load(), IsOk());
    return store;
  }
  // What another platform would find, which then leads.
  int Found() {
    const absl::StatusOr<Store::Contents> contents = Open()->Load();
    EXPECT_THAT(contents, IsOk());
    return contents.ok() ? LastChangeIn(*contents) : -1;
  }

  FakeObjects server_;
  ApiClient api_{server_, {.attempts = 2}};
};

TEST_F(KubernetesStoreTest, WhatWasPutIsThereAgainAndNothingElse) {
  const auto store = Open();
  EXPECT_EQ(LastChangeIn(*store->Load()), 0);
  for (int number = 1; number <= 5; ++number) {
    ASSERT_THAT(store->Apply(NumberedChange(number)), IsOk());
  }
  EXPECT_EQ(server_.size(), kKept + 1);  // 3 × 3, the environment, the head
  EXPECT_EQ(Found(), 5);
  EXPECT_EQ(server_.size(), kKept + 1);
}

// It would take over from whoever leads.
TEST_F(KubernetesStoreTest, AStoreThatNobodyLoadedChangesNothing) {
  const auto leader = Leader();
  EXPECT_THAT(Open()->Apply(NumberedChange(1)), StatusIs(absl::StatusCode::kFailedPrecondition));
  EXPECT_THAT(leader->Apply(NumberedChange(1)), IsOk());
}

TEST_F(KubernetesStoreTest, KeysThatLookAlikeInNamesAreKeptApart) {
  const auto store = Leader();
  const std::vector<std::string> names = {
      "A", "a", "a_", "a.", std::string(300, 'x'), std::string(301, 'x'), "é", "-", "", "a/b"};
  Store::Change change;
  for (const std::string& name : names) change.put_keys.emplace_back().set_name(name);
  for (const auto& [chain, name] :
       std::vector<std::pair<std::string, std::string>>{{"a", "b/c"}, {"a/b", "c"}, {"a-b", "c"}}) {
    state::EnvironmentRecord& environment = change.put_environments.emplace_back();
    environment.set_chain(chain);
    environment.set_name(name);
  }
  ASSERT_THAT(store->Apply(change), IsOk());
  const Store::Contents contents = Open()->Load().value();
  EXPECT_EQ(contents.keys.size(), names.size());
  EXPECT_EQ(contents.environments.size(), 3u);
  Store::Change deletion;
  deletion.delete_keys = {"a"};
  deletion.delete_environments = {{"a/b", "c"}, {"missing", "missing"}};
  const auto next = Leader();
  ASSERT_THAT(next->Apply(deletion), IsOk());
  EXPECT_EQ(next->Load()->keys.size(), names.size() - 1);
  EXPECT_EQ(next->Load()->environments.size(), 2u);
}

TEST_F(KubernetesStoreTest, OneChangeMayDeleteARecordAndPutAnotherByItsName) {
  const auto store = Leader();
  Store::Change change;
  change.put_keys.emplace_back().set_name("laptop");
  ASSERT_THAT(store->Apply(change), IsOk());
  change.put_keys[0].set_prefix("ck_new");
  change.delete_keys = {"laptop"};
  ASSERT_THAT(store->Apply(change), IsOk());
  EXPECT_EQ(Open()->Load()->keys.at(0).prefix(), "ck_new");
}

TEST_F(KubernetesStoreTest, WhatNoObjectHoldsIsRefusedByItsName) {
  const auto store = Leader();
  ASSERT_THAT(store->Apply(NumberedChange(1)), IsOk());
  const size_t objects = server_.size();
  Store::Change change = NumberedChange(2);
  change.put_secrets.emplace_back().set_name("large");
  change.put_secrets.back().set_sealed(std::string(1 << 20, 'x'));
  EXPECT_THAT(store->Apply(change),
              StatusIs(absl::StatusCode::kInvalidArgument,
                       AllOf(HasSubstr("secret large has 10485"), HasSubstr("at most 1048576"))));
  change.put_secrets.back().set_sealed("small");
  change.put_deployments.emplace_back().set_failure("\xff");
  EXPECT_THAT(store->Apply(change),
              StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("not UTF-8")));
  Store::Change many;
  for (int i = 0; i < 12'000; ++i) {
    many.put_keys.emplace_back().set_name(Text(i, std::string(80, 'k')));
  }
  EXPECT_THAT(store->Apply(many), StatusIs(absl::StatusCode::kInvalidArgument,
                                           AllOf(HasSubstr("12"), HasSubstr("chains delete"))));
  EXPECT_EQ(server_.size(), objects);
  EXPECT_EQ(Found(), 1);
}

TEST_F(KubernetesStoreTest, ARecordThatIsMissingOrDamagedIsNamed) {
  ASSERT_THAT(Leader()->Apply(NumberedChange(1)), IsOk());
  for (const auto& [name, object] : server_.objects()) {
    if (name == "chains-state-head") continue;
    server_.Remove(name);
    EXPECT_THAT(Open()->Load(), StatusIs(absl::StatusCode::kDataLoss, HasSubstr("is missing")));
    Json damaged = object;
    damaged["data"]["record"] = "/w==";
    server_.Put(name, damaged);
    EXPECT_THAT(Open()->Load(), StatusIs(absl::StatusCode::kDataLoss, HasSubstr(name)));
    server_.Put(name, object);
  }
  EXPECT_EQ(Found(), 1);
}

// To begin anew would remove all that is deployed.
TEST_F(KubernetesStoreTest, RecordsWithoutAHeadAreNotTakenForNothing) {
  ASSERT_THAT(Leader()->Apply(NumberedChange(1)), IsOk());
  const size_t objects = server_.size();
  server_.Remove("chains-state-head");
  EXPECT_THAT(Open()->Load(), StatusIs(absl::StatusCode::kDataLoss,
                                       HasSubstr("chains/chains-state-head is missing")));
  EXPECT_EQ(server_.size(), objects - 1);
}

// Loads, and makes `count` changes; says how many requests it took.
int RequestsFor(const std::function<std::unique_ptr<KubernetesStore>()>& open, FakeObjects& server,
                int count) {
  server.Then(nullptr);
  const auto store = open();
  EXPECT_THAT(store->Load(), IsOk());
  for (int number = 1; number <= count; ++number) {
    EXPECT_THAT(store->Apply(NumberedChange(number)), IsOk());
  }
  return server.requests();
}

constexpr int kChanges = 4;

// A writer dies at each request, before or after it was done.
TEST_F(KubernetesStoreTest, WhereverAWriterDiesTheNextFindsWhatWasAcknowledged) {
  FakeObjects counted;
  ApiClient api(counted, {.attempts = 2});
  const int requests = RequestsFor(
      [&api] { return std::make_unique<KubernetesStore>(api, KubernetesStore::Options()); },
      counted, kChanges);
  EXPECT_GT(requests, 30);
  for (int last = 1; last <= 2 * requests; ++last) {
    FakeObjects server;
    ApiClient to_server(server, {.attempts = 1});
    server.Then([last](int number) {
      if (number > (last + 1) / 2) return Trouble::kRequestLost;
      if (number < (last + 1) / 2) return Trouble::kNone;
      return last % 2 == 0 ? Trouble::kAnswerLost : Trouble::kRequestLost;
    });
    int acknowledged = 0;
    {
      KubernetesStore store(to_server, {});
      const bool loaded = store.Load().ok();
      for (int number = 1; loaded && number <= kChanges && acknowledged == number - 1; ++number) {
        if (store.Apply(NumberedChange(number)).ok()) acknowledged = number;
      }
    }
    server.Then(nullptr);
    KubernetesStore next(to_server, {});
    const absl::StatusOr<Store::Contents> contents = next.Load();
    ASSERT_THAT(contents, IsOk());
    const int found = LastChangeIn(*contents);
    EXPECT_THAT(found, AnyOf(acknowledged, acknowledged + 1)) << last;
    // Nobody's objects are left behind.
    EXPECT_EQ(server.size(), 1 + (found == 0 ? 0 : 1 + 3 * std::min(found, 3))) << last;
    ASSERT_THAT(next.Apply(NumberedChange(found + 1)), IsOk());
    EXPECT_EQ(LastChangeIn(*KubernetesStore(to_server, {}).Load()), found + 1);
  }
}

// At each request, before or after it was done, another takes over and makes a change.
TEST_F(KubernetesStoreTest, WhoeverIsTakenOverFromDecidesNothingAnyMore) {
  FakeObjects counted;
  ApiClient api(counted, {.attempts = 2});
  const int requests = RequestsFor(
      [&api] { return std::make_unique<KubernetesStore>(api, KubernetesStore::Options()); },
      counted, kChanges);
  for (int when = 2; when <= 2 * requests + 1; ++when) {
    FakeObjects server;
    ApiClient to_server(server, {.attempts = 2});
    KubernetesStore first(to_server, {}), second(to_server, {});
    int by_second = 0;
    bool is_over = false;
    const auto take_over = [&] {
      if (std::exchange(is_over, true)) return;
      std::thread([&] {  // it has a loop of its own
        const absl::StatusOr<Store::Contents> contents = second.Load();
        ASSERT_THAT(contents, IsOk());
        by_second = LastChangeIn(*contents) + 1;
        ASSERT_THAT(second.Apply(NumberedChange(by_second)), IsOk());
      })
          .join();
    };
    server.Then(
        [&](int number) {
          if (number == when / 2 && when % 2 == 0) take_over();
          return Trouble::kNone;
        },
        [&](int number) {
          if (number == when / 2 && when % 2 == 1) take_over();
        });
    ASSERT_THAT(first.Load(), IsOk());
    int acknowledged = is_over ? by_second : 0;
    const bool from_start = is_over;
    absl::Status status;
    for (int number = acknowledged + 1; number <= kChanges && status.ok(); ++number) {
      status = first.Apply(NumberedChange(number));
      if (status.ok()) acknowledged = number;
    }
    server.Then(nullptr);
    const int found = LastChangeIn(*KubernetesStore(to_server, {}).Load());
    if (from_start) continue;  // the first took over from the second, in its turn
    // The second found all that the first was told of; all that came later was refused.
    EXPECT_EQ(found, by_second) << when;
    EXPECT_LT(acknowledged, by_second + (is_over ? 0 : 1)) << when;
    EXPECT_THAT(first.Apply(NumberedChange(found + 1)), StatusIs(absl::StatusCode::kAborted));
    EXPECT_THAT(second.Apply(NumberedChange(found + 1)), StatusIs(absl::StatusCode::kAborted));
  }
}

// Contents by key, as they should be.
class Expected {
 public:
  void Apply(const Store::Change& change) {
    for (const std::string& id : change.delete_deployments) records_.erase("d" + id);
    for (const std::string& name : change.delete_keys) records_.erase("k" + name);
    for (const auto& each : change.put_deployments) records_["d" + each.id()] = each.token();
    for (const auto& each : change.put_keys) records_["k" + each.name()] = each.prefix();
  }
  bool operator==(const Expected& other) const = default;
  static Expected Of(const Store::Contents& contents) {
    Store::Change all;
    all.put_deployments = contents.deployments;
    all.put_keys = contents.keys;
    Expected expected;
    expected.Apply(all);
    return expected;
  }

 private:
  std::map<std::string, std::string> records_;
};

// Several writers that take turns, and requests that are lost, answered to nobody, or come late.
class RandomWriters {
 public:
  explicit RandomWriters(uint32_t seed) : random_(seed) {
    server_.Then([this](int) { return NextTrouble(); });
  }

  void Run(int steps) {
    for (int i = 0; i < steps; ++i) Step();
    // All that is on its way comes, and all is well again.
    troubled_ = false;
    server_.Arrive();
    while (leader_ < 0) TakeOver();
    server_.Arrive();
    TakeOver();
  }

 private:
  int Below(int bound) { return std::uniform_int_distribution<int>(0, bound - 1)(random_); }

  Trouble NextTrouble() {
    if (!troubled_ || Below(6) != 0) return Trouble::kNone;
    return static_cast<Trouble>(1 + Below(3));
  }

  std::unique_ptr<KubernetesStore> Open() {
    KubernetesStore::Options options;
    options.make_loop = [] { return std::make_unique<chains::testing::FakeClock>(); };
    return std::make_unique<KubernetesStore>(api_, std::move(options));
  }

  Store::Change Random() {
    Store::Change change;
    const int count = 1 + Below(3);
    for (int i = 0; i < count; ++i) {
      const std::string name = Text("n", Below(5));
      if (Below(3) == 0) change.delete_deployments.push_back(name);
      if (Below(3) == 0) change.delete_keys.push_back(name);
      if (Below(2) == 0) {
        change.put_keys.emplace_back().set_name(name);
        change.put_keys.back().set_prefix(Text(++written_));
      } else {
        change.put_deployments.emplace_back().set_id(name);
        change.put_deployments.back().set_token(Text(++written_));
      }
    }
    return change;
  }

  void Step() {
    const int what = Below(12);
    if (what == 0 || leader_ < 0) return TakeOver();
    if (what == 1) return server_.Arrive();
    // Somebody who led once tries as well.
    const int who = what == 2 ? former_[Below(static_cast<int>(former_.size()))] : leader_;
    const Store::Change change = Random();
    const absl::Status status = stores_[who]->Apply(change);
    if (who != leader_) {
      EXPECT_FALSE(status.ok());
      return;
    }
    EXPECT_FALSE(absl::IsAborted(status)) << status;
    if (status.ok()) {
      expected_.Apply(change);
      doubtful_.reset();
    } else {
      // It was said that it was not made; only who loads now may find it all the same.
      doubtful_.emplace(expected_);
      doubtful_->Apply(change);
    }
  }

  void TakeOver() {
    stores_.push_back(Open());
    const absl::StatusOr<Store::Contents> contents = stores_.back()->Load();
    // Who did not come to the end may have taken over all the same.
    leader_ = -1;
    if (!contents.ok()) {
      EXPECT_THAT(contents.status(), AnyOf(StatusIs(absl::StatusCode::kUnavailable),
                                           StatusIs(absl::StatusCode::kAborted)));
      return;
    }
    leader_ = static_cast<int>(stores_.size()) - 1;
    former_.push_back(leader_);
    const Expected found = Expected::Of(*contents);
    EXPECT_TRUE(found == expected_ || (doubtful_ && found == *doubtful_));
    expected_ = found;
    doubtful_.reset();
  }

  std::mt19937 random_;
  FakeObjects server_;
  ApiClient api_{server_, {.attempts = 2}};
  bool troubled_ = true;
  std::vector<std::unique_ptr<KubernetesStore>> stores_;
  std::vector<int> former_;  // who led once, or does
  int leader_ = -1;
  Expected expected_;
  std::optional<Expected> doubtful_;
  int written_ = 0;
};

TEST(KubernetesStorePropertyTest, NothingIsLostOrHalfMadeWhateverHappensOnTheWay) {
  for (uint32_t seed = 1; seed <= 40; ++seed) {
    SCOPED_TRACE(Text("seed ", seed));
    RandomWriters(seed).Run(60);
    if (::testing::Test::HasFailure()) return;
  }
}

}  // namespace
}  // namespace chains::deploy
