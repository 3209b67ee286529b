#include "tests/support/kubernetes/api_server_fixture.h"

namespace chains::deploy::fake {
namespace {

using ::testing::HasSubstr;
using ::testing::IsEmpty;

TEST_F(ApiServerTest, WhatIsMadeIsThereWithWhatTheServerAdds) {
  const Answered made = Send("POST", Collection(SampleDeployment("a")), SampleDeployment("a"));
  ASSERT_EQ(made.status, 201) << made.body;
  EXPECT_NE(UidOf(made.body), "");
  EXPECT_EQ(IntAt(made.body, "/metadata/generation"), 1);
  EXPECT_EQ(StringAt(made.body, "/spec/strategy/type"), "RollingUpdate");
  EXPECT_EQ(Get(made.body).body, made.body);
  EXPECT_EQ(Send("POST", Collection(made.body), SampleDeployment("a")).status, 409);
  EXPECT_EQ(StringAt(Send("GET", "/version").body, "/gitVersion"), "v1.36.2");
}

TEST_F(ApiServerTest, UnknownFieldsAndBrokenRulesAreRefusedWithTheirPath) {
  Json wrong = SampleDeployment("a");
  wrong["spec"]["replica"] = 1;
  const Answered strict = Apply(wrong, "us");
  EXPECT_EQ(strict.status, 400);
  EXPECT_THAT(StringAt(strict.body, "/message"), HasSubstr("spec.replica: unknown field"));
  wrong = SampleDeployment("a");
  wrong["spec"]["selector"]["matchLabels"]["app"] = "b";
  const Answered invalid = Apply(wrong, "us");
  EXPECT_EQ(invalid.status, 422);
  EXPECT_THAT(StringAt(invalid.body, "/message"),
              HasSubstr("Deployment.apps \"a\" is invalid: spec.template.metadata.labels"));
  EXPECT_EQ(Get(wrong).status, 404);
}

TEST_F(ApiServerTest, NothingIsMadeInANamespaceThatIsNotThere) {
  const Answered made = Send("POST", "/api/v1/namespaces/nowhere/configmaps", [] {
    Json map = SampleConfigMap("a");
    map["metadata"]["namespace"] = "nowhere";
    return map;
  }());
  EXPECT_EQ(made.status, 404);
  EXPECT_THAT(StringAt(made.body, "/message"), HasSubstr("namespaces \"nowhere\" not found"));
}

TEST_F(ApiServerTest, AReplaceOfAnOldVersionIsAConflict) {
  const Json first = Apply(SampleConfigMap("a"), "us").body;
  Json next = first;
  next["data"]["color"] = "blue";
  EXPECT_EQ(Send("PUT", PathOf(first), next).status, 200);
  next["data"]["color"] = "green";
  const Answered late = Send("PUT", PathOf(first), next);
  EXPECT_EQ(late.status, 409);
  EXPECT_EQ(StringAt(late.body, "/reason"), "Conflict");
  EXPECT_EQ(StringAt(Get(first).body, "/data/color"), "blue");
}

TEST_F(ApiServerTest, WhatChangesNothingIsNoNewVersion) {
  const Json first = Apply(SampleDeployment("a"), "us").body;
  const Json again = Apply(SampleDeployment("a"), "us").body;
  EXPECT_EQ(ResourceVersionOf(first), ResourceVersionOf(again));
}

TEST_F(ApiServerTest, OnlyAnotherSpecIsAnotherGeneration) {
  Json wanted = SampleDeployment("a");
  Apply(wanted, "us");
  wanted["metadata"]["labels"]["more"] = "x";
  EXPECT_EQ(IntAt(Apply(wanted, "us").body, "/metadata/generation"), 1);
  wanted["spec"]["replicas"] = 2;
  EXPECT_EQ(IntAt(Apply(wanted, "us").body, "/metadata/generation"), 2);
}

TEST_F(ApiServerTest, AMergePatchChangesAndRemoves) {
  Apply(SampleConfigMap("a"), "us");
  const Json patch = {{"data", {{"color", nullptr}, {"size", "big"}}}};
  const Answered patched = Send("PATCH", PathOf(SampleConfigMap("a")) + "?fieldManager=them", patch,
                                "application/merge-patch+json");
  EXPECT_EQ(patched.status, 200) << patched.body;
  EXPECT_EQ(patched.body["data"], Json({{"size", "big"}}));
}

TEST_F(ApiServerTest, StatusAndScaleAreSubresources) {
  Json wanted = SampleDeployment("a", 2);
  wanted["status"]["readyReplicas"] = 7;
  const Json made = Apply(wanted, "us").body;
  EXPECT_FALSE(made.contains("status"));
  Json status = made;
  status["status"]["readyReplicas"] = 1;
  status["spec"]["replicas"] = 9;
  const Answered set = Send("PUT", PathOf(made) + "/status", status);
  EXPECT_EQ(IntAt(set.body, "/status/readyReplicas"), 1);
  EXPECT_EQ(IntAt(set.body, "/spec/replicas"), 2);
  const Answered scaled = Send("PATCH", PathOf(made) + "/scale?fieldManager=hpa",
                               {{"spec", {{"replicas", 4}}}}, "application/merge-patch+json");
  EXPECT_EQ(StringAt(scaled.body, "/kind"), "Scale");
  EXPECT_EQ(IntAt(Get(made).body, "/spec/replicas"), 4);
}

TEST_F(ApiServerTest, ADryRunKeepsNothing) {
  EXPECT_EQ(Apply(SampleConfigMap("a"), "us", "&dryRun=All").status, 201);
  EXPECT_EQ(Get(SampleConfigMap("a")).status, 404);
}

TEST_F(ApiServerTest, ListsComeInPagesOfOneMoment) {
  for (const char* const name : {"a", "b", "c"}) Apply(SampleConfigMap(name), "us");
  const std::string all = Collection(SampleConfigMap("a"));
  const Answered first = Send("GET", all + "?limit=2");
  EXPECT_EQ(first.body["items"].size(), 2);
  EXPECT_EQ(IntAt(first.body, "/metadata/remainingItemCount"), 1);
  Send("DELETE", all + "/c");
  const std::string rest = StringAt(first.body, "/metadata/continue");
  const Answered second = Send("GET", Text(all, "?limit=2&continue=", rest));
  ASSERT_EQ(second.body["items"].size(), 1);
  EXPECT_EQ(NameOf(second.body["items"][0]), "c");
  EXPECT_EQ(StringAt(second.body, "/metadata/resourceVersion"),
            StringAt(first.body, "/metadata/resourceVersion"));
}

TEST_F(ApiServerTest, APageAfterCompactionIsGone) {
  for (const char* const name : {"a", "b"}) Apply(SampleConfigMap(name), "us");
  const std::string all = Collection(SampleConfigMap("a"));
  const std::string rest = StringAt(Send("GET", all + "?limit=1").body, "/metadata/continue");
  Apply(SampleConfigMap("c"), "us");
  server_.With([](ApiCore& core) { core.store().Compact(); });
  EXPECT_EQ(Send("GET", Text(all, "?limit=1&continue=", rest)).status, 410);
}

TEST_F(ApiServerTest, ListsAreSelectedByLabelsAndFields) {
  for (const char* const name : {"a", "b", "c"}) Apply(SampleConfigMap(name), "us");
  const auto count = [this](const std::string& query) {
    const Answered answer = Send("GET", Collection(SampleConfigMap("a")) + query);
    return answer.status == 200 ? static_cast<int>(answer.body["items"].size()) : -answer.status;
  };
  EXPECT_EQ(count("?labelSelector=app%3Da"), 1);
  EXPECT_EQ(count("?labelSelector=app!%3Da"), 2);
  EXPECT_EQ(count("?labelSelector=app%20in%20(a,b)"), 2);
  EXPECT_EQ(count("?labelSelector=!app"), 0);
  EXPECT_EQ(count("?labelSelector=app"), 3);
  EXPECT_EQ(count("?fieldSelector=metadata.name%3Dc"), 1);
  EXPECT_EQ(count("?labelSelector=a%20b"), -400);
}

TEST_F(ApiServerTest, RulesLimitWhatIsAllowed) {
  server_.With([](ApiCore& core) {
    core.rules =
        Json::array({{{"apiGroups", {""}}, {"resources", {"configmaps"}}, {"verbs", {"get"}}}});
  });
  EXPECT_EQ(Get(SampleConfigMap("a")).status, 404);
  const Answered denied = Apply(SampleConfigMap("a"), "us");
  EXPECT_EQ(denied.status, 403);
  EXPECT_THAT(StringAt(denied.body, "/message"), HasSubstr("cannot patch resource \"configmaps\""));
}

TEST_F(ApiServerTest, FaultsAreWhatTheyAreCalled) {
  server_.SetFaults({.too_many = 1});
  EXPECT_EQ(Apply(SampleConfigMap("a"), "us").status, 429);
  server_.SetFaults({.errors = 1});
  EXPECT_EQ(Apply(SampleConfigMap("a"), "us").status, 500);
  server_.SetFaults({.refused = 1});
  EXPECT_EQ(Apply(SampleConfigMap("a"), "us").status, 0);
  server_.SetFaults({});
  EXPECT_EQ(Get(SampleConfigMap("a")).status, 404);
  server_.SetFaults({.lost_answers = 1});
  EXPECT_EQ(Apply(SampleConfigMap("a"), "us").status, 0);
  server_.SetFaults({.slow = 1, .slow_for = absl::Seconds(5)});
  const absl::Time before = clock_.Now();
  EXPECT_EQ(Get(SampleConfigMap("a")).status, 200);
  EXPECT_GT(clock_.Now(), before);
}

}  // namespace
}  // namespace chains::deploy::fake
