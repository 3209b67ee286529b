// Watches, and how objects go.
#include "tests/support/kubernetes/api_server_fixture.h"

namespace chains::deploy::fake {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

class WatchTest : public ApiServerTest {
 protected:
  std::string Version() { return StringAt(Send("GET", Maps()).body, "/metadata/resourceVersion"); }
  static std::string Maps() { return Collection(SampleConfigMap("a")); }
  std::string From(const std::string& version, const std::string& more = "") {
    return Text(Maps(), "?watch=true&allowWatchBookmarks=true&resourceVersion=", version, more);
  }
  bool Collect() {
    return server_.With(
        [this](ApiCore& core) { return Writer(core.store(), clock_.Now()).CollectGarbage(); });
  }
};

TEST_F(WatchTest, AWatchTellsWhatHappens) {
  Watching watching(clock_, server_, From(Version()));
  Json map = Apply(SampleConfigMap("a"), "us").body;
  clock_.Settle();
  EXPECT_THAT(watching.Taken(), ElementsAre("ADDED a"));
  map["data"]["color"] = "blue";
  map["metadata"].erase("managedFields");
  Send("PUT", PathOf(map), map);
  Send("DELETE", PathOf(map));
  clock_.Settle();
  EXPECT_THAT(watching.Taken(), ElementsAre("MODIFIED a", "DELETED a"));
  EXPECT_FALSE(watching.done());
}

TEST_F(WatchTest, AWatchGoesOnWhereItWas) {
  Apply(SampleConfigMap("a"), "us");
  const std::string version = Version();
  Apply(SampleConfigMap("b"), "us");
  Watching watching(clock_, server_, From(version));
  EXPECT_THAT(watching.Taken(), ElementsAre("ADDED b"));
}

TEST_F(WatchTest, WithoutAVersionAllThatIsThereComesFirst) {
  Apply(SampleConfigMap("a"), "us");
  Watching watching(clock_, server_, Maps() + "?watch=1");
  EXPECT_THAT(watching.Taken(), ElementsAre("ADDED a"));
}

TEST_F(WatchTest, WhatStopsToMatchIsGoneToAWatch) {
  Apply(SampleConfigMap("a"), "us");
  Watching watching(clock_, server_, From(Version(), "&labelSelector=app%3Da"));
  Json map = SampleConfigMap("a");
  map["metadata"]["labels"]["app"] = "other";
  Apply(map, "us");
  Apply(SampleConfigMap("b"), "us");
  clock_.Settle();
  EXPECT_THAT(watching.Taken(), ElementsAre("DELETED a"));
}

TEST_F(WatchTest, BookmarksComeEveryMinuteAndThenTheServerEndsIt) {
  Watching watching(clock_, server_, From(Version(), "&timeoutSeconds=150"));
  for (int i = 0; i < 16; ++i) {
    clock_.Advance(absl::Seconds(10));
    clock_.Settle();
  }
  EXPECT_THAT(watching.Taken(), ElementsAre("BOOKMARK ", "BOOKMARK "));
  ASSERT_TRUE(watching.done());
  EXPECT_TRUE(watching.status().ok());
}

TEST_F(WatchTest, WhatIsForgottenIsGone) {
  const std::string version = Version();
  Apply(SampleConfigMap("a"), "us");
  server_.With([](ApiCore& core) { core.store().Compact(); });
  Watching watching(clock_, server_, From(version));
  EXPECT_THAT(watching.Taken(), ElementsAre("ERROR "));
  EXPECT_EQ(IntAt(watching.last(), "/object/code"), 410);
  EXPECT_TRUE(watching.done());
}

TEST_F(WatchTest, WatchesCanBreak) {
  Watching watching(clock_, server_, From(Version()));
  server_.DropWatches();
  clock_.Settle();
  ASSERT_TRUE(watching.done());
  EXPECT_TRUE(absl::IsUnavailable(watching.status()));
}

TEST_F(WatchTest, WhatAnOwnerLeavesIsCollected) {
  const Json owner = Apply(SampleConfigMap("owner"), "us").body;
  Json owned = SampleConfigMap("owned");
  owned["metadata"]["ownerReferences"] = Json::array(
      {{{"apiVersion", "v1"}, {"kind", "ConfigMap"}, {"name", "owner"}, {"uid", UidOf(owner)}}});
  Apply(owned, "us");
  EXPECT_FALSE(Collect());
  Send("DELETE", PathOf(owner));
  EXPECT_EQ(Get(owned).status, 200);
  EXPECT_TRUE(Collect());
  EXPECT_EQ(Get(owned).status, 404);
}

TEST_F(WatchTest, AForegroundDeletionWaitsForWhatIsOwned) {
  const Json owner = Apply(SampleConfigMap("owner"), "us").body;
  Json owned = SampleConfigMap("owned");
  owned["metadata"]["ownerReferences"] = Json::array(
      {{{"apiVersion", "v1"}, {"kind", "ConfigMap"}, {"name", "owner"}, {"uid", UidOf(owner)}}});
  Apply(owned, "us");
  Send("DELETE", PathOf(owner), {{"propagationPolicy", "Foreground"}});
  EXPECT_TRUE(IsBeingDeleted(Get(owner).body));
  EXPECT_TRUE(Collect());
  EXPECT_EQ(Get(owned).status, 404);
  EXPECT_TRUE(Collect());
  EXPECT_EQ(Get(owner).status, 404);
}

TEST_F(WatchTest, ADeletionOfAnotherOneIsRefused) {
  const Json map = Apply(SampleConfigMap("a"), "us").body;
  EXPECT_EQ(Send("DELETE", PathOf(map), {{"preconditions", {{"uid", "another"}}}}).status, 409);
  EXPECT_EQ(Send("DELETE", PathOf(map), {{"preconditions", {{"uid", UidOf(map)}}}}).status, 200);
  EXPECT_EQ(Send("DELETE", PathOf(map)).status, 404);
}

TEST_F(WatchTest, APodThatRunsHasItsGrace) {
  Json pod = SampleDeployment("a")["spec"]["template"];
  pod["apiVersion"] = "v1";
  pod["kind"] = "Pod";
  pod["metadata"]["name"] = "a";
  pod["spec"]["nodeName"] = "node1";
  pod["spec"]["terminationGracePeriodSeconds"] = 45;
  ASSERT_EQ(Send("POST", Collection(pod), pod).status, 201);
  Send("DELETE", PathOf(pod));
  const Json going = Get(pod).body;
  EXPECT_EQ(IntAt(going, "/metadata/deletionGracePeriodSeconds"), 45);
  Send("DELETE", PathOf(pod), {{"gracePeriodSeconds", 0}});
  EXPECT_EQ(Get(pod).status, 404);
}

}  // namespace
}  // namespace chains::deploy::fake
