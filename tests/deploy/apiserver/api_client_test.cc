#include "deploy/apiserver/api_client.h"

#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "chains/testing/status_matchers.h"
#include "chains/testing/testing.h"
#include "scripted_transport.h"

namespace chains::deploy {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using testing::IsOk;
using ::testing::Not;
using testing::StatusIs;
using testing::Wait;

std::string StatusBody(int code, const std::string& reason, const std::string& message) {
  return ToText(Json{{"kind", "Status"},
                     {"apiVersion", "v1"},
                     {"status", "Failure"},
                     {"code", code},
                     {"reason", reason},
                     {"message", message}});
}

class ApiClientTest : public ::testing::Test {
 protected:
  absl::StatusOr<Json> Get() { return Wait(api_.Get(kinds::kPod, "chains", "hello"), clock_); }
  absl::Duration elapsed() const { return clock_.Now() - began_; }
  const HttpRequest& last() const { return server_.asked().back(); }

  testing::FakeClock clock_;
  const absl::Time began_ = clock_.Now();
  ScriptedTransport server_;
  ApiClient api_{server_, {.field_manager = "chains-platform", .attempts = 4}};
  const Json deployment_ = {{"apiVersion", "apps/v1"},
                            {"kind", "Deployment"},
                            {"metadata", {{"name", "hello"}, {"namespace", "chains"}}}};
};

TEST_F(ApiClientTest, GetsAnObject) {
  server_.Answer(200, R"({"kind":"Pod","metadata":{"name":"hello"}})");
  const absl::StatusOr<Json> pod = Get();
  ASSERT_THAT(pod, IsOk());
  EXPECT_EQ(NameOf(*pod), "hello");
  EXPECT_EQ(last().method(), "GET");
  EXPECT_EQ(last().target(), "/api/v1/namespaces/chains/pods/hello");
}

TEST_F(ApiClientTest, AsksForNamesAsTheyAre) {
  server_.Answer(200, "{}");
  EXPECT_THAT(Wait(api_.Get(kinds::kPod, "a/b", "../x?y%ü"), clock_), IsOk());
  EXPECT_EQ(last().target(), "/api/v1/namespaces/a%2Fb/pods/..%2Fx%3Fy%25%C3%BC");
}

TEST_F(ApiClientTest, TellsKindsOfFailuresApart) {
  const std::vector<std::tuple<int, std::string, absl::StatusCode>> cases = {
      {400, "BadRequest", absl::StatusCode::kInvalidArgument},
      {401, "Unauthorized", absl::StatusCode::kUnauthenticated},
      {403, "Forbidden", absl::StatusCode::kPermissionDenied},
      {404, "NotFound", absl::StatusCode::kNotFound},
      {405, "MethodNotAllowed", absl::StatusCode::kFailedPrecondition},
      {409, "AlreadyExists", absl::StatusCode::kAlreadyExists},
      {409, "Conflict", absl::StatusCode::kAborted},
      {410, "Expired", absl::StatusCode::kOutOfRange},
      {415, "UnsupportedMediaType", absl::StatusCode::kInvalidArgument},
      {422, "Invalid", absl::StatusCode::kInvalidArgument}};
  for (const auto& [code, reason, expected] : cases) {
    server_.Answer(code, StatusBody(code, reason, "the server's words"));
    EXPECT_THAT(Get(), StatusIs(expected, AllOf(HasSubstr("cannot get pods 'hello' in namespace "
                                                          "'chains': the server's words"),
                                                HasSubstr(std::to_string(code)))));
  }
  EXPECT_EQ(elapsed(), absl::ZeroDuration());
}

TEST_F(ApiClientTest, RepeatsWhatAProxySays) {
  server_.Answer(404, "404 page not found\n");
  EXPECT_THAT(Get(), StatusIs(absl::StatusCode::kNotFound, HasSubstr("404 page not found (HTTP")));
  server_.Answer(400, std::string(100'000, 'x'));
  EXPECT_LT(Get().status().message().size(), 3000);
}

TEST_F(ApiClientTest, TriesAgainWithBackOff) {
  server_.Answer(503, "");
  server_.Fail(absl::UnavailableError("connection refused"));
  server_.Answer(500, "");
  server_.Answer(200, "{}");
  EXPECT_THAT(Get(), IsOk());
  EXPECT_GE(elapsed(), absl::Milliseconds(350));
  EXPECT_LE(elapsed(), absl::Milliseconds(700));
}

TEST_F(ApiClientTest, GivesUpAfterAllAttempts) {
  for (int i = 0; i < 4; ++i) server_.Fail(absl::UnavailableError("connection refused"));
  EXPECT_THAT(Get(), StatusIs(absl::StatusCode::kUnavailable, HasSubstr("connection refused")));
  EXPECT_EQ(server_.asked().size(), 4u);
}

TEST_F(ApiClientTest, WaitsAsLongAsTheServerSays) {
  server_.Answer(429, "", {{"retry-after", "3"}});
  server_.Answer(429, "", {{"retry-after", "7200"}});
  server_.Answer(200, "{}");
  EXPECT_THAT(Get(), IsOk());
  EXPECT_EQ(elapsed(), absl::Seconds(13));
}

TEST_F(ApiClientTest, DoesNotWaitLongerThanItsCaller) {
  server_.Answer(429, StatusBody(429, "TooManyRequests", "too many"), {{"retry-after", "5"}});
  Context caller(clock_.Now() + absl::Seconds(4), "", {});
  EXPECT_THAT(Wait(api_.Get(kinds::kPod, "chains", "hello"), clock_, caller),
              StatusIs(absl::StatusCode::kResourceExhausted, HasSubstr("too many")));
  EXPECT_EQ(elapsed(), absl::ZeroDuration());
}

TEST_F(ApiClientTest, AnAttemptThatHangsIsTriedAgain) {
  server_.Hang();
  server_.Answer(200, "{}");
  EXPECT_THAT(Get(), IsOk());
  for (int i = 0; i < 4; ++i) server_.Hang();
  EXPECT_THAT(Get(), StatusIs(absl::StatusCode::kUnavailable, HasSubstr("no answer within 20s")));
}

TEST_F(ApiClientTest, DoesNotRepeatWhatMayHaveHappened) {
  server_.Fail(absl::UnavailableError("hung up"));
  EXPECT_THAT(Wait(api_.Create(deployment_), clock_), StatusIs(absl::StatusCode::kUnavailable));
  server_.Answer(503, "");
  EXPECT_THAT(Wait(api_.Replace(deployment_), clock_), StatusIs(absl::StatusCode::kUnavailable));
  server_.Answer(500, "");
  DeleteOptions options;
  EXPECT_THAT(Wait(api_.Delete(kinds::kPod, "chains", "hello", options), clock_),
              StatusIs(absl::StatusCode::kUnavailable));
  EXPECT_EQ(server_.asked().size(), 3u);
}

TEST_F(ApiClientTest, RepeatsWhatWasRefusedBeforeItBegan) {
  server_.Answer(429, "", {{"retry-after", "1"}});
  server_.Answer(201, ToText(deployment_));
  EXPECT_THAT(Wait(api_.Create(deployment_), clock_), IsOk());
  EXPECT_EQ(last().method(), "POST");
  EXPECT_EQ(last().target(),
            "/apis/apps/v1/namespaces/chains/deployments?fieldManager=chains-platform&"
            "fieldValidation=Strict");
}

TEST_F(ApiClientTest, RepeatsWhatNamesItsVersion) {
  Json versioned = deployment_;
  versioned["metadata"]["resourceVersion"] = "7";
  server_.Answer(503, "");
  server_.Answer(200, ToText(versioned));
  EXPECT_THAT(Wait(api_.Replace(versioned), clock_), IsOk());
  EXPECT_EQ(last().method(), "PUT");

  server_.Answer(503, "");
  server_.Answer(404, StatusBody(404, "NotFound", "gone"));
  DeleteOptions options;
  options.uid = "u-1";
  options.grace_seconds = 5;
  EXPECT_THAT(Wait(api_.Delete(kinds::kPod, "chains", "hello", options), clock_), IsOk());
  EXPECT_EQ(last().method(), "DELETE");
  EXPECT_EQ(*ParseObject(last().body()), (Json{{"apiVersion", "v1"},
                                               {"kind", "DeleteOptions"},
                                               {"gracePeriodSeconds", 5},
                                               {"preconditions", {{"uid", "u-1"}}},
                                               {"propagationPolicy", "Background"}}));
}

TEST_F(ApiClientTest, DeletesOnlyTheOneItWasTold) {
  server_.Answer(409, StatusBody(409, "Conflict", "the UID in the precondition is another"));
  DeleteOptions options;
  options.uid = "u-1";
  EXPECT_THAT(Wait(api_.Delete(kinds::kPod, "chains", "hello", options), clock_),
              StatusIs(absl::StatusCode::kAborted, HasSubstr("UID")));
}

TEST_F(ApiClientTest, Applies) {
  server_.Answer(200, ToText(deployment_));
  EXPECT_THAT(Wait(api_.Apply(deployment_, {.force = true, .dry_run = true}), clock_), IsOk());
  EXPECT_EQ(last().method(), "PATCH");
  EXPECT_EQ(last().content_type(), "application/apply-patch+yaml");
  EXPECT_EQ(last().target(),
            "/apis/apps/v1/namespaces/chains/deployments/hello?fieldManager=chains-platform&"
            "fieldValidation=Strict&force=true&dryRun=All");
  EXPECT_EQ(*ParseObject(last().body()), deployment_);

  server_.Answer(200, ToText(deployment_));
  EXPECT_THAT(Wait(api_.Apply(deployment_, {.subresource = "scale"}), clock_), IsOk());
  EXPECT_THAT(last().target(), HasSubstr("/deployments/hello/scale?"));
}

TEST_F(ApiClientTest, SaysWhoseFieldItIs) {
  server_.Answer(409, StatusBody(409, "Conflict",
                                 "Apply failed with 1 conflict: conflict with \"kubectl\": "
                                 ".spec.replicas"));
  EXPECT_THAT(Wait(api_.Apply(deployment_, {}), clock_),
              StatusIs(absl::StatusCode::kAborted,
                       AllOf(HasSubstr("kubectl"), HasSubstr(".spec.replicas"))));
}

TEST_F(ApiClientTest, AFieldThatTheKindDoesNotHaveIsNoFailureOfTheServers) {
  server_.Answer(500, StatusBody(500, "",
                                 "failed to create typed patch object (chains/hello; "
                                 "apps/v1, Kind=Deployment): .spec.x: field not declared "
                                 "in schema"));
  EXPECT_THAT(Wait(api_.Apply(deployment_, {}), clock_),
              StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr(".spec.x")));
  EXPECT_EQ(server_.asked().size(), 1u);
}

TEST_F(ApiClientTest, KnowsThePluralsOfKinds) {
  for (const auto& [kind, path] : std::vector<std::pair<std::string, std::string>>{
           {"NetworkPolicy", "networkpolicies"}, {"Ingress", "ingresses"}, {"Role", "roles"}}) {
    server_.Answer(200, "{}");
    const Json object = {{"apiVersion", "x.io/v1"}, {"kind", kind}, {"metadata", {{"name", "a"}}}};
    EXPECT_THAT(Wait(api_.Apply(object, {}), clock_), IsOk());
    EXPECT_THAT(last().target(), HasSubstr("/apis/x.io/v1/" + path + "/a?"));
  }
}

TEST_F(ApiClientTest, RefusesAnObjectThatDoesNotSayWhatItIs) {
  EXPECT_THAT(Wait(api_.Apply(Json{{"kind", "Pod"}}, {}), clock_),
              StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("metadata.name")));
  EXPECT_TRUE(server_.asked().empty());
}

TEST_F(ApiClientTest, MergesIntoASubresource) {
  server_.Answer(200, "{}");
  const Json patch = {{"spec", {{"replicas", 3}}}};
  EXPECT_THAT(Wait(api_.Merge(kinds::kDeployment, "chains", "hello", patch, "scale"), clock_),
              IsOk());
  EXPECT_EQ(last().content_type(), "application/merge-patch+json");
  EXPECT_THAT(last().target(), HasSubstr("/deployments/hello/scale?fieldManager=chains-platform"));
}

TEST_F(ApiClientTest, ListsAllPages) {
  server_.Answer(200, R"({"kind":"PodList","apiVersion":"v1",
      "metadata":{"resourceVersion":"9","continue":"a+b="},"items":[{"metadata":{"name":"a"}}]})");
  server_.Answer(503, "");
  server_.Answer(200, R"({"kind":"PodList","apiVersion":"v1","metadata":{"resourceVersion":"9"},
      "items":[{"metadata":{"name":"b"}}]})");
  const absl::StatusOr<ObjectList> list =
      Wait(api_.List(kinds::kPod, "chains", "chains.dev/chain=hello"), clock_);
  ASSERT_THAT(list, IsOk());
  ASSERT_EQ(list->items.size(), 2u);
  EXPECT_EQ(list->resource_version, "9");
  EXPECT_EQ(list->items[1],
            (Json{{"kind", "Pod"}, {"apiVersion", "v1"}, {"metadata", {{"name", "b"}}}}));
  EXPECT_EQ(server_.asked()[0].target(),
            "/api/v1/namespaces/chains/pods?labelSelector=chains.dev%2Fchain%3Dhello&limit=500");
  EXPECT_THAT(last().target(), HasSubstr("&continue=a%2Bb%3D"));
}

TEST_F(ApiClientTest, BeginsAListAnewThatIsGoneBetweenPages) {
  const std::string first = R"({"kind":"PodList","apiVersion":"v1",
      "metadata":{"continue":"c"},"items":[{"metadata":{"name":"a"}}]})";
  server_.Answer(200, first);
  server_.Answer(410, StatusBody(410, "Expired", "too old"));
  server_.Answer(200, R"({"kind":"PodList","apiVersion":"v1","metadata":{},"items":[]})");
  const absl::StatusOr<ObjectList> list = Wait(api_.List(kinds::kPod, "", ""), clock_);
  ASSERT_THAT(list, IsOk());
  EXPECT_TRUE(list->items.empty());

  for (int i = 0; i < 10; ++i) {
    server_.Answer(200, first);
    server_.Answer(410, StatusBody(410, "Expired", "too old"));
  }
  EXPECT_THAT(Wait(api_.List(kinds::kPod, "", ""), clock_),
              StatusIs(absl::StatusCode::kOutOfRange));
}

TEST_F(ApiClientTest, Watches) {
  server_.Lines({R"({"type":"ADDED","object":{"kind":"Pod","metadata":{"name":"a"}}})",
                 R"({"type":"BOOKMARK","object":{"metadata":{"resourceVersion":"12"}}})",
                 R"({"type":"DELETED","object":{"kind":"Pod","metadata":{"name":"a"}}})"});
  const auto events = Wait(testing::Collect(api_.Watch(kinds::kPod, "chains", "x=y", "9")), clock_);
  ASSERT_THAT(events, IsOk());
  ASSERT_EQ(events->size(), 3u);
  EXPECT_EQ((*events)[0].type, WatchEvent::Type::kAdded);
  EXPECT_EQ((*events)[1].type, WatchEvent::Type::kBookmark);
  EXPECT_EQ((*events)[2].type, WatchEvent::Type::kDeleted);
  EXPECT_THAT(last().target(), HasSubstr("/api/v1/namespaces/chains/pods?watch=true&"
                                         "allowWatchBookmarks=true&labelSelector=x%3Dy&"
                                         "resourceVersion=9&timeoutSeconds="));
}

TEST_F(ApiClientTest, SaysWhyAWatchEnds) {
  const auto watched = [&] {
    return Wait(testing::Collect(api_.Watch(kinds::kPod, "chains", "", "9")), clock_).status();
  };
  server_.Lines({ToText(
      Json{{"type", "ERROR"}, {"object", *ParseObject(StatusBody(410, "Expired", "too old"))}})});
  EXPECT_THAT(watched(), StatusIs(absl::StatusCode::kOutOfRange, HasSubstr("too old")));
  server_.Answer(403, StatusBody(403, "Forbidden", "you may not"));
  EXPECT_THAT(watched(), StatusIs(absl::StatusCode::kPermissionDenied, HasSubstr("watch pods")));
  server_.Lines({R"({"type":"ADDED","obj)"});
  EXPECT_THAT(watched(), StatusIs(absl::StatusCode::kUnavailable, HasSubstr("damaged")));
  server_.Lines({R"({"type":"EXPLODED","object":{}})"});
  EXPECT_THAT(watched(), StatusIs(absl::StatusCode::kUnavailable, HasSubstr("EXPLODED")));
  server_.Lines({}, absl::UnavailableError("cut off"));
  EXPECT_THAT(watched(), StatusIs(absl::StatusCode::kUnavailable, HasSubstr("cut off")));
}

TEST_F(ApiClientTest, ReadsLogsAndTheVersion) {
  server_.Answer(200, "line 1\nline 2\n");
  const auto log = Wait(api_.PodLog("chains", "hello", "main", 20, true), clock_);
  EXPECT_THAT(log, testing::IsOkAndHolds("line 1\nline 2\n"));
  EXPECT_EQ(last().target(),
            "/api/v1/namespaces/chains/pods/hello/log?container=main&tailLines=20&"
            "limitBytes=1048576&previous=true");
  server_.Answer(200, R"({"gitVersion":"v1.36.2"})");
  EXPECT_THAT(Wait(api_.ServerVersion(), clock_), testing::IsOkAndHolds("v1.36.2"));
  server_.Answer(200, "<html>");
  EXPECT_THAT(Wait(api_.ServerVersion(), clock_),
              StatusIs(absl::StatusCode::kInternal, HasSubstr("not JSON")));
}

}  // namespace
}  // namespace chains::deploy
