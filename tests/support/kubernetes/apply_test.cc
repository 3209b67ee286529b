// Server-side apply: who owns what.
#include "tests/support/kubernetes/api_server_fixture.h"

namespace chains::deploy::fake {
namespace {

using ::testing::HasSubstr;

constexpr char kEnv[] = "/spec/template/spec/containers/0/env";

TEST_F(ApiServerTest, WhatIsNotAppliedAnyMoreGoes) {
  Json wanted = SampleConfigMap("a");
  wanted["data"]["size"] = "big";
  Apply(wanted, "us");
  wanted["data"].erase("color");
  EXPECT_EQ(Apply(wanted, "us").body["data"], Json({{"size", "big"}}));
}

TEST_F(ApiServerTest, WhatOthersHaveSetStays) {
  Apply(SampleConfigMap("a"), "us");
  Json theirs = SampleConfigMap("a");
  theirs["data"] = {{"size", "big"}};
  EXPECT_EQ(Apply(theirs, "them").status, 200);
  EXPECT_EQ(Apply(SampleConfigMap("a"), "us").body["data"],
            Json({{"color", "red"}, {"size", "big"}}));
  // Nor does what two have applied go with one of them.
  theirs["data"]["color"] = "red";
  Apply(theirs, "them");
  Json ours = SampleConfigMap("a");
  ours["data"] = {{"weight", "1"}};
  EXPECT_EQ(StringAt(Apply(ours, "us").body, "/data/color"), "red");
}

TEST_F(ApiServerTest, AFieldOfAnotherIsAConflictThatNamesHim) {
  Apply(SampleDeployment("a", 1), "us");
  const Answered refused = Apply(SampleDeployment("a", 5), "kubectl");
  EXPECT_EQ(refused.status, 409);
  EXPECT_THAT(StringAt(refused.body, "/message"),
              HasSubstr("Apply failed with 1 conflict: conflict with \"us\": .spec.replicas"));
  EXPECT_EQ(IntAt(Get(SampleDeployment("a")).body, "/spec/replicas"), 1);
  EXPECT_EQ(Apply(SampleDeployment("a", 5), "kubectl", "&force=true").status, 200);
  // Now it is his.
  EXPECT_THAT(StringAt(Apply(SampleDeployment("a", 1), "us").body, "/message"),
              HasSubstr("conflict with \"kubectl\""));
}

TEST_F(ApiServerTest, TheSameValueIsNoConflict) {
  Apply(SampleDeployment("a", 1), "us");
  EXPECT_EQ(Apply(SampleDeployment("a", 1), "them").status, 200);
}

TEST_F(ApiServerTest, AFieldThatIsLeftOutIsLeftToOthers) {
  Json ours = SampleDeployment("a");
  ours["spec"].erase("replicas");
  Apply(ours, "us");
  Send("PATCH", PathOf(ours) + "/scale?fieldManager=hpa", {{"spec", {{"replicas", 4}}}},
       "application/merge-patch+json");
  const Answered again = Apply(ours, "us");
  EXPECT_EQ(again.status, 200);
  EXPECT_EQ(IntAt(again.body, "/spec/replicas"), 4);
}

TEST_F(ApiServerTest, WhoScalesOwnsTheReplicas) {
  Apply(SampleDeployment("a", 1), "us");
  Send("PATCH", PathOf(SampleDeployment("a")) + "/scale?fieldManager=hpa",
       {{"spec", {{"replicas", 4}}}}, "application/merge-patch+json");
  EXPECT_EQ(Apply(SampleDeployment("a", 1), "us").status, 409);
}

TEST_F(ApiServerTest, ItemsOfListsAreOwnedByTheirKey) {
  const Json first = SampleDeployment("a");
  Apply(first, "us");
  Json theirs = SampleDeployment("a");
  theirs[Json::json_pointer(kEnv)] = Json::array({{{"name", "DEBUG"}, {"value", "1"}}});
  EXPECT_EQ(Apply(theirs, "them").status, 200);
  Json ours = first;
  ours[Json::json_pointer(kEnv)] = Json::array();
  const Json after = Apply(ours, "us").body;
  EXPECT_EQ(At(after, kEnv), Json::array({{{"name", "DEBUG"}, {"value", "1"}}}));
}

TEST_F(ApiServerTest, ManagedFieldsSayWhoOwnsWhat) {
  const Json made = Apply(SampleConfigMap("a"), "us").body;
  ASSERT_EQ(made["metadata"]["managedFields"].size(), 1);
  const Json& entry = made["metadata"]["managedFields"][0];
  EXPECT_EQ(StringAt(entry, "/manager"), "us");
  EXPECT_EQ(StringAt(entry, "/operation"), "Apply");
  EXPECT_EQ(At(entry, "/fieldsV1/f:data"), Json({{"f:color", Json::object()}}));
  EXPECT_EQ(Apply(made, "us").status, 400);  // they are not to be sent back
}

TEST_F(ApiServerTest, AnApplyHasAManager) {
  const Json map = SampleConfigMap("a");
  EXPECT_EQ(Send("PATCH", PathOf(map), map, "application/apply-patch+yaml").status, 422);
}

}  // namespace
}  // namespace chains::deploy::fake
