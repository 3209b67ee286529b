// What a gateway makes of what a platform tells: routes, promotions, contracts, keys.
#include "gateway/app/route_watch.h"

#include "absl/strings/escaping.h"
#include "tests/gateway/app/platform_fixture.h"

namespace chains::gateway {
namespace {

using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::StartsWith;

// Of the key "secret".
std::string SecretHash() {
  return absl::HexStringToBytes("2bb80d537b1da3e38bd30361aa855686bde0eacd7162fef6a25fe97bf527a25b");
}

class RouteWatchTest : public PlatformFixture {
 protected:
  uint64_t LastSeen() const { return platform_.seen.empty() ? 0 : platform_.seen.back().version(); }
};

TEST_F(RouteWatchTest, RefusesRequestsUntilThereAreRoutes) {
  Open();
  EXPECT_THAT(Ask(Greeting("/production")),
              AllOf(StartsWith("HTTP/1.1 503"), HasSubstr("the gateway has no routes yet")));
  EXPECT_THAT(Ask(Get("/readyz")), StartsWith("HTTP/1.1 503"));
  EXPECT_THAT(Ask(Get("/healthz")), StartsWith("HTTP/1.1 200"));
  Tell(Table(1).With("v1", "hello", {"a"}).Points("hello", "production", "v1"));
  EXPECT_THAT(Ask(Greeting("/production")), HasSubstr("\"a got x\""));
  EXPECT_THAT(Ask(Get("/readyz")), StartsWith("HTTP/1.1 200"));
}

TEST_F(RouteWatchTest, SaysWhyThereAreNoRoutes) {
  platform_.GoAway();
  Open();
  EXPECT_THAT(Ask(Greeting("/production")),
              HasSubstr("the gateway has no routes yet: the platform is away"));
}

TEST_F(RouteWatchTest, ShowsThePlatformItsToken) {
  Open();
  EXPECT_EQ(platform_.token, "secret-token");
}

TEST_F(RouteWatchTest, TellsWhichTableIsInForce) {
  Open();
  ASSERT_EQ(platform_.seen.size(), 1u);
  EXPECT_EQ(LastSeen(), 0u);
  EXPECT_EQ(platform_.seen.back().gateway(), "gateway");
  Tell(Table(7).With("v1", "hello", {"a"}));
  EXPECT_EQ(LastSeen(), 7u);
  Tell(Table(8).With("v1", "hello", {"a"}));
  EXPECT_EQ(LastSeen(), 8u);
  EXPECT_EQ(platform_.seen.size(), 3u);
}

TEST_F(RouteWatchTest, AnswersUnderEveryFormOfAPath) {
  Open();
  Tell(Table(1).With("v1", "hello", {"a"}).Points("hello", "development", "v1"));
  for (const char* path :
       {"/development", "/environments/development", "/deployment/v1", "",
        "/chains/hello/development", "/chains/hello/deployment/v1", "/chains/hello"}) {
    EXPECT_THAT(Ask(Greeting(path)), HasSubstr("\"a got x\"")) << path;
  }
  Tell(Table(2)
           .With("v1", "hello", {"a"})
           .With("v2", "hello", {"b"})
           .With("w1", "other", {"c"})
           .Points("hello", "development", "v1")
           .Points("hello", "production", "v2"));
  EXPECT_THAT(Ask(Greeting("/chains/hello")), HasSubstr("\"b got x\""));
  EXPECT_THAT(Ask(Greeting("/chains/other/deployment/w1")), HasSubstr("\"c got x\""));
  EXPECT_THAT(Ask(Greeting("")),
              AllOf(StartsWith("HTTP/1.1 404"), HasSubstr("one of: hello, other")));
}

TEST_F(RouteWatchTest, ACanaryGetsItsShareAndIsToldOf) {
  Open();
  Tell(Table(1)
           .With("v1", "hello", {"a"})
           .With("v2", "hello", {"b"})
           .Points("hello", "production", "v1")
           .Shares("v2", 30));
  Replica("b").answer = [](std::string_view, const std::string&) {
    return absl::InternalError("it is broken");
  };
  constexpr int kRequests = 400;
  int by_canary = 0;
  for (int i = 0; i < kRequests; ++i) {
    by_canary += Ask(Greeting("/production")).starts_with("HTTP/1.1 500") ? 1 : 0;
  }
  // 120 of 400 at random: so far off comes once in ten million runs.
  EXPECT_GT(by_canary, 70);
  EXPECT_LT(by_canary, 170);
  EXPECT_THAT(Ask(Greeting("/deployment/v1")), HasSubstr("\"a got x\""));
  platform_.seen.clear();
  loop_.Advance(absl::Seconds(1));
  ASSERT_EQ(platform_.seen.size(), 1u);
  ASSERT_EQ(platform_.seen[0].loads_size(), 2);
  const v1::DeploymentLoad& first = platform_.seen[0].loads(0);
  const v1::DeploymentLoad& canary = platform_.seen[0].loads(1);
  EXPECT_EQ(first.answered(), kRequests - by_canary + 1u);
  EXPECT_EQ(first.failed(), 0u);
  EXPECT_EQ(canary.deployment(), "v2");
  EXPECT_EQ(canary.answered(), static_cast<uint64_t>(by_canary));
  EXPECT_EQ(canary.failed(), canary.answered());
  loop_.Advance(absl::Seconds(5));
  EXPECT_EQ(platform_.seen.size(), 2u);  // that nothing came since, once
}

TEST_F(RouteWatchTest, ARequestWaitsForACanaryThatIsAsleep) {
  Open();
  const auto table = [](uint64_t version, const std::vector<std::string>& replicas) {
    return Table(version)
        .With("v1", "hello", {"a"})
        .With("v2", "hello", replicas)
        .Points("hello", "production", "v1")
        .Shares("v2", 99.9999999);
  };
  Tell(table(1, {}));
  const auto waiting = Begin(Greeting("/production"));
  EXPECT_THAT(platform_.woken, ElementsAre("v2"));
  Tell(table(2, {"b"}));
  EXPECT_THAT(waiting->Receive(), HasSubstr("\"b got x\""));
}

TEST_F(RouteWatchTest, ARequestEndsOnTheVersionThatItBeganOn) {
  Open();
  Tell(Table(1).With("v1", "hello", {"a"}).Points("hello", "production", "v1"));
  Replica("a").takes = absl::Seconds(1);
  const auto running = Begin(Greeting("/production"));
  EXPECT_EQ(Replica("a").live, 1);
  Tell(Table(2)
           .With("v1", "hello", {"a"})
           .With("v2", "hello", {"b"})
           .Points("hello", "production", "v2"));
  EXPECT_THAT(Ask(Greeting("/production")), HasSubstr("\"b got x\""));
  loop_.Advance(absl::Seconds(2));
  EXPECT_THAT(running->Receive(), HasSubstr("\"a got x\""));
}

TEST_F(RouteWatchTest, ARequestEndsThoughItsDeploymentIsGone) {
  Open();
  Tell(Table(1).With("v1", "hello", {"a"}));
  Replica("a").takes = absl::Seconds(1);
  const auto running = Begin(Greeting("/deployment/v1"));
  Tell(Table(2).With("v2", "hello", {"b"}));
  EXPECT_THAT(Ask(Greeting("/deployment/v1")), StartsWith("HTTP/1.1 404"));
  loop_.Advance(absl::Seconds(2));
  EXPECT_THAT(running->Receive(), HasSubstr("\"a got x\""));
}

TEST_F(RouteWatchTest, TakesReplicasThatComeAndGo) {
  Open();
  Tell(Table(1).With("v1", "hello", {"a"}));
  Tell(Table(2).With("v1", "hello", {"b"}));
  EXPECT_THAT(Ask(Greeting("/deployment/v1")), HasSubstr("\"b got x\""));
  EXPECT_EQ(Replica("a").calls, 0);
}

TEST_F(RouteWatchTest, TakesAnotherContractInDevelopment) {
  Open();
  Tell(Table(1).With("dev", "hello", {"a"}).Points("hello", "development", "dev"));
  Replica("a").takes = absl::Seconds(1);
  const auto running = Begin(Greeting("/development"));
  google::protobuf::FileDescriptorSet files = Files();
  for (auto& file : *files.mutable_file()) {
    for (auto& service : *file.mutable_service()) service.mutable_method(2)->set_name("Renamed");
  }
  Tell(TableOf(2, kEntrypoint, files)
           .With("dev", "hello", {"b"})
           .Contract("second")
           .Points("hello", "development", "dev"));
  EXPECT_THAT(Ask(Greeting("/development")), StartsWith("HTTP/1.1 404"));
  EXPECT_THAT(Ask(Post("/development/renamed", R"({"text": "y"})")), HasSubstr("\"b got y\""));
  loop_.Advance(absl::Seconds(2));
  EXPECT_THAT(running->Receive(), HasSubstr("\"a got x\""));
}

TEST_F(RouteWatchTest, RemembersContractsThatAreNotToldAgain) {
  Open();
  Tell(Table(1).With("v1", "hello", {"a"}));
  Tell(Table(2)
           .With("v1", "hello", {"a"})
           .WithoutDescriptors()
           .With("v2", "hello", {"b"})
           .WithoutDescriptors());
  EXPECT_THAT(Ask(Greeting("/deployment/v1")), HasSubstr("\"a got x\""));
  EXPECT_THAT(Ask(Greeting("/deployment/v2")), HasSubstr("\"b got x\""));
}

TEST_F(RouteWatchTest, RefusesOnlyTheDeploymentWhoseContractItDoesNotKnow) {
  Open();
  Tell(Table(1)
           .With("v1", "hello", {"a"})
           .With("v2", "hello", {"b"})
           .Contract("unknown")
           .WithoutDescriptors());
  EXPECT_THAT(Ask(Greeting("/deployment/v1")), HasSubstr("\"a got x\""));
  EXPECT_THAT(Ask(Greeting("/deployment/v2")),
              AllOf(StartsWith("HTTP/1.1 503"), HasSubstr("deployment v2 of hello is not known")));
  Tell(Table(2).With("v2", "hello", {"b"}).Contract("unknown"));
  EXPECT_THAT(Ask(Greeting("/deployment/v2")), HasSubstr("\"b got x\""));
}

TEST_F(RouteWatchTest, WantsAKeyWithTheScopeToInvoke) {
  Open();
  const std::string key = "Authorization: Api-Key secret\r\n";
  Tell(Table(1).With("v1", "hello", {"a"}).Key(SecretHash(), true));
  EXPECT_THAT(Ask(Greeting("/deployment/v1", key)), HasSubstr("\"a got x\""));
  EXPECT_THAT(Ask(Greeting("/deployment/v1")), StartsWith("HTTP/1.1 401"));
  Tell(Table(2).With("v1", "hello", {"a"}).Key(SecretHash(), false));
  EXPECT_THAT(Ask(Greeting("/deployment/v1", key)),
              AllOf(StartsWith("HTTP/1.1 403"), HasSubstr("lacks the scope 'invoke'")));
  Tell(Table(3).With("v1", "hello", {"a"}).Key(std::string(32, 'k'), true));
  EXPECT_THAT(Ask(Greeting("/deployment/v1", key)),
              AllOf(StartsWith("HTTP/1.1 401"), HasSubstr("not known here")));
  Tell(Table(4).With("v1", "hello", {"a"}));
  EXPECT_THAT(Ask(Greeting("/deployment/v1")), StartsWith("HTTP/1.1 200"));
}

TEST_F(RouteWatchTest, KeepsItsRoutesWhileThePlatformIsAway) {
  Open();
  Tell(Table(5).With("v1", "hello", {"a"}));
  platform_.GoAway();
  loop_.Settle();
  EXPECT_THAT(Ask(Greeting("/deployment/v1")), HasSubstr("\"a got x\""));
  EXPECT_EQ(watch_->problem().message(), "the platform goes away");
  loop_.Advance(absl::Milliseconds(49));
  EXPECT_EQ(platform_.streams, 1);
  loop_.Advance(absl::Milliseconds(1));
  EXPECT_EQ(platform_.streams, 2);
  loop_.Advance(absl::Milliseconds(100));
  EXPECT_EQ(platform_.streams, 3);
  for (int i = 0; i < 10; ++i) loop_.Advance(absl::Seconds(1));
  const int streams = platform_.streams;
  loop_.Advance(absl::Seconds(1));
  EXPECT_EQ(platform_.streams, streams + 1);

  platform_.ComeBack();
  platform_.seen.clear();
  platform_.Tell(Table(6).With("v1", "hello", {"b"}));
  loop_.Advance(absl::Seconds(1));
  ASSERT_EQ(platform_.seen.size(), 2u);
  EXPECT_EQ(platform_.seen[0].version(), 0u);
  EXPECT_EQ(platform_.seen[1].version(), 6u);
  EXPECT_THAT(Ask(Greeting("/deployment/v1")), HasSubstr("\"b got x\""));
  EXPECT_TRUE(watch_->problem().ok());
}

TEST_F(RouteWatchTest, ATableThatCannotBeTakenChangesNothing) {
  Open();
  Tell(Table(1).With("v1", "hello", {"a"}));
  Tell(Table(2).With("v2", "hello", {"b"}).Points("hello", "production", "v3"));
  EXPECT_EQ(LastSeen(), 1u);
  EXPECT_THAT(std::string(watch_->problem().message()),
              HasSubstr("table 2: the environment production of hello points at v3"));
  EXPECT_THAT(Ask(Greeting("/deployment/v1")), HasSubstr("\"a got x\""));
  Tell(Table(3).With("v2", "hello", {"b"}).Key("short", true));
  loop_.Advance(absl::Seconds(1));
  EXPECT_THAT(std::string(watch_->problem().message()), HasSubstr("has 5 bytes, not 32"));
  Tell(Table(4).With("v2", "hello", {"b"}));
  loop_.Advance(absl::Seconds(1));
  EXPECT_THAT(Ask(Greeting("/deployment/v2")), HasSubstr("\"b got x\""));
}

TEST_F(RouteWatchTest, CountsNoMoreWhatIsGone) {
  Open();
  Tell(Table(1).With("v1", "hello", {"a"}).Points("hello", "production", "v1"));
  Ask(Greeting("/deployment/v1"));
  Ask(Greeting("/production"));
  Replica("a").takes = absl::Seconds(1);
  const auto running = Begin(Greeting("/deployment/v1"));
  Tell(Table(2).With("v2", "hello", {"b"}).Points("hello", "production", "v2"));
  EXPECT_THAT(
      Ask(Get("/metrics")),
      AllOf(HasSubstr("deployment=\"deployment/v1\""),
            HasSubstr("deployment=\"production\",method=\"get_http_status\",status=\"200\"} 1")));
  loop_.Advance(absl::Seconds(2));
  EXPECT_THAT(running->Receive(), StartsWith("HTTP/1.1 200"));
  Tell(Table(3).With("v2", "hello", {"b"}).Points("hello", "production", "v2"));
  EXPECT_THAT(Ask(Get("/metrics")),
              AllOf(Not(HasSubstr("deployment/v1")), HasSubstr("deployment=\"production\"")));
}

}  // namespace
}  // namespace chains::gateway
