// Requests for deployments without replicas: they wait, ask for replicas, and are told why there
// are none.
#include "gateway/app/deployment.h"

#include "tests/gateway/app/platform_fixture.h"

namespace chains::gateway {
namespace {

using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::StartsWith;

class DeploymentTest : public PlatformFixture {
 protected:
  // How many wait for v1, as the platform was told last.
  uint64_t ToldWaiting() const {
    const v1::RoutesSeen& last = platform_.seen.back();
    if (last.loads().empty()) return 0;
    EXPECT_EQ(last.loads(0).deployment(), "v1");
    return last.loads(0).waiting();
  }
};

TEST_F(DeploymentTest, WakesUpForARequestThatWaits) {
  Open();
  Tell(Table(1).With("v1", "hello", {}).Points("hello", "production", "v1"));
  const auto first = Begin(Greeting("/production"));
  EXPECT_THAT(platform_.woken, ElementsAre("v1"));
  EXPECT_EQ(platform_.token, "secret-token");
  EXPECT_EQ(ToldWaiting(), 1u);
  const auto second = Begin(Greeting("/deployment/v1"));
  EXPECT_THAT(platform_.woken, ElementsAre("v1"));
  Tell(Table(2).With("v1", "hello", {"a"}).Points("hello", "production", "v1"));
  EXPECT_THAT(first->Receive(), HasSubstr("\"a got x\""));
  EXPECT_THAT(second->Receive(), HasSubstr("\"a got x\""));
  EXPECT_EQ(Replica("a").calls, 2);
}

TEST_F(DeploymentTest, TellsThePlatformWhoWaits) {
  Open();
  Tell(Table(1).With("v1", "hello", {}));
  const auto first = Begin(Greeting("/deployment/v1"));
  const size_t told = platform_.seen.size();
  const auto second = Begin(Greeting("/deployment/v1"));
  loop_.Advance(absl::Milliseconds(499));
  EXPECT_EQ(platform_.seen.size(), told);
  loop_.Advance(absl::Milliseconds(1));
  ASSERT_EQ(platform_.seen.size(), told + 1);
  EXPECT_EQ(ToldWaiting(), 2u);
  EXPECT_EQ(platform_.seen.back().version(), 1u);
  loop_.Advance(absl::Milliseconds(500));
  EXPECT_EQ(platform_.seen.size(), told + 2);
  first->Leave();
  second->Leave();
  loop_.Settle();
  loop_.Advance(absl::Milliseconds(500));
  EXPECT_EQ(platform_.seen.size(), told + 3);
  EXPECT_EQ(ToldWaiting(), 0u);
  loop_.Advance(absl::Seconds(5));
  EXPECT_EQ(platform_.seen.size(), told + 3);
}

TEST_F(DeploymentTest, WhatBecameOfCallsIsCountedByMethodAndAttempts) {
  Open();
  Tell(Table(1).With("v1", "hello", {"a"}).Points("hello", "production", "v1"));
  const std::shared_ptr<Deployment> v1 =
      gateway_->routes().routes()->targets().front()->deployment();
  const Method greet{.chainlet = "everything.Everything", .name = "Greet", .path = "/e/Greet"};
  const Method count{.chainlet = "everything.Everything", .name = "Count", .path = "/e/Count"};
  const absl::Time began = loop_.Now();
  loop_.Advance(absl::Milliseconds(2));
  v1->Answered(greet, absl::OkStatus(), began, 3);
  v1->Answered(greet, absl::UnavailableError(""), began);
  v1->Answered(count, absl::OkStatus(), began);
  v1::Measurements measured;
  v1->AddEdges(measured);
  ASSERT_EQ(measured.edges_size(), 2);
  const v1::EdgeMeasurement& edge = measured.edges(0);
  EXPECT_EQ(edge.method(), "Greet");
  EXPECT_EQ(edge.attempts_more(), 2u);
  ASSERT_EQ(edge.codes_size(), 2);
  EXPECT_EQ(edge.codes(1).code(), 14u);
  EXPECT_NEAR(edge.duration().sum_seconds(), 0.004, 1e-9);
  EXPECT_EQ(measured.edges(1).method(), "Count");
}

TEST_F(DeploymentTest, AsksAgainAfterFiveSecondsWithoutAReplica) {
  Open();
  Tell(Table(1).With("v1", "hello", {}));
  const auto waiting = Begin(Greeting("/deployment/v1"));
  loop_.Advance(absl::Milliseconds(4900));
  EXPECT_EQ(platform_.woken.size(), 1u);
  loop_.Advance(absl::Milliseconds(200));
  EXPECT_EQ(platform_.woken.size(), 2u);
}

TEST_F(DeploymentTest, AsksOnceForRequestsThatAreImpatient) {
  Open();
  Tell(Table(1).With("v1", "hello", {}));
  for (int i = 0; i < 3; ++i) {
    const auto waiting = Begin(Greeting("/deployment/v1", "Chains-Timeout: 100ms\r\n"));
    loop_.Advance(absl::Milliseconds(200));
    EXPECT_THAT(waiting->Receive(), StartsWith("HTTP/1.1 503"));
  }
  EXPECT_EQ(platform_.woken.size(), 1u);
}

TEST_F(DeploymentTest, WakesUpAgainAfterTheNextSleep) {
  Open();
  Tell(Table(1).With("v1", "hello", {}));
  const auto first = Begin(Greeting("/deployment/v1"));
  Tell(Table(2).With("v1", "hello", {"a"}));
  EXPECT_THAT(first->Receive(), StartsWith("HTTP/1.1 200"));
  Tell(Table(3).With("v1", "hello", {}));
  const auto second = Begin(Greeting("/deployment/v1"));
  EXPECT_EQ(platform_.woken.size(), 2u);
}

TEST_F(DeploymentTest, SaysWhatARequestWaitedForInVain) {
  Open();
  Tell(Table(1).With("v1", "hello", {}));
  const auto waiting = Begin(Greeting("/deployment/v1", "Chains-Timeout: 3s\r\n"));
  loop_.Advance(absl::Seconds(4));
  EXPECT_THAT(waiting->Receive(),
              AllOf(StartsWith("HTTP/1.1 503"), HasSubstr("Retry-After: 1"),
                    HasSubstr("the deployment v1 of hello had no replica within 4s: it was asleep "
                              "and is starting")));
}

TEST_F(DeploymentTest, SaysThatThePlatformCouldNotBeAsked) {
  Open();
  Tell(Table(1).With("v1", "hello", {}));
  platform_.GoAway();
  const auto waiting = Begin(Greeting("/deployment/v1", "Chains-Timeout: 3s\r\n"));
  loop_.Advance(absl::Seconds(3));
  EXPECT_THAT(waiting->Receive(),
              HasSubstr("could not be asked to start it: the platform is away"));
  platform_.ComeBack();
  const auto next = Begin(Greeting("/deployment/v1"));
  loop_.Advance(absl::Seconds(1));
  EXPECT_THAT(platform_.woken, ElementsAre("v1"));
}

TEST_F(DeploymentTest, RefusesMoreThanMayWait) {
  RouteWatch::Options options;
  options.deployment.max_waiting = 1;
  Open(std::move(options));
  Tell(Table(1).With("v1", "hello", {}));
  const auto waiting = Begin(Greeting("/deployment/v1"));
  EXPECT_THAT(Ask(Greeting("/deployment/v1")),
              AllOf(StartsWith("HTTP/1.1 429"), HasSubstr("Retry-After: 1"),
                    HasSubstr("the deployment v1 of hello has no replica yet")));
  Tell(Table(2).With("v1", "hello", {"a"}));
  EXPECT_THAT(waiting->Receive(), HasSubstr("\"a got x\""));
}

TEST_F(DeploymentTest, RefusesOneThatIsNotActiveAtOnce) {
  Open();
  Tell(Table(1).With("v1", "hello", {"a"}).Inactive("SayHello exited with status 1"));
  EXPECT_THAT(
      Ask(Greeting("/deployment/v1")),
      AllOf(StartsWith("HTTP/1.1 503"), HasSubstr("the deployment v1 of hello is not "
                                                  "active: SayHello exited with status 1")));
  EXPECT_THAT(platform_.woken, ElementsAre());
  Tell(Table(2).With("v1", "hello", {"a"}));
  EXPECT_THAT(Ask(Greeting("/deployment/v1")), StartsWith("HTTP/1.1 200"));
}

TEST_F(DeploymentTest, TellsWhoWaitsThatItFailed) {
  Open();
  Tell(Table(1).With("v1", "hello", {}));
  const auto waiting = Begin(Greeting("/deployment/v1"));
  Tell(Table(2).With("v1", "hello", {}).Inactive("it did not start"));
  EXPECT_THAT(waiting->Receive(), AllOf(StartsWith("HTTP/1.1 503"), HasSubstr("it did not start")));
}

TEST_F(DeploymentTest, GivesARequestToAnotherReplicaThanOneThatWasNotReached) {
  Open();
  Tell(Table(1).With("v1", "hello", {"a", "b"}));
  Replica("a").answer = [](std::string_view, const std::string&) {
    return absl::UnavailableError("nothing listens");
  };
  for (int i = 0; i < 40; ++i) Ask(Greeting("/deployment/v1"));
  EXPECT_EQ(Replica("a").calls, 1);  // no time has passed
}

TEST_F(DeploymentTest, BehindACircuitOneThatFailsIsLeftAloneForAWhile) {
  RouteWatch::Options options{.token = "secret-token"};
  options.deployment.circuit = {.on = true, .consecutive_failures = 3};
  Open(std::move(options));
  Tell(Table(1).With("v1", "hello", {"a"}));
  Replica("a").answer = [](std::string_view, const std::string&) {
    return absl::InternalError("broken");
  };
  for (int i = 0; i < 3; ++i) {
    EXPECT_THAT(Ask(Greeting("/deployment/v1")), StartsWith("HTTP/1.1 500"));
  }
  const auto refused = Begin(Greeting("/deployment/v1"));
  loop_.Advance(absl::Seconds(2));
  EXPECT_THAT(
      refused->Receive(),
      AllOf(StartsWith("HTTP/1.1 503"),
            HasSubstr("the circuit from the gateway to the deployment v1 of hello is open")));
  EXPECT_EQ(Replica("a").calls, 3);
}

TEST_F(DeploymentTest, TellsWhoWaitsThatItIsGone) {
  Open();
  Tell(Table(1).With("v1", "hello", {}));
  const auto waiting = Begin(Greeting("/deployment/v1"));
  Tell(Table(2));
  EXPECT_THAT(waiting->Receive(), AllOf(StartsWith("HTTP/1.1 503"), HasSubstr("was deleted")));
  loop_.Advance(absl::Seconds(20));
  EXPECT_EQ(platform_.woken.size(), 1u);
}

TEST_F(DeploymentTest, WritesAWaitingRequestForTheContractThatThereIsInTheEnd) {
  Open();
  Tell(Table(1).With("v1", "hello", {}));
  const auto waiting = Begin(Greeting("/deployment/v1"));
  Tell(Table(2).With("v1", "hello", {"a"}).Contract("second"));
  EXPECT_THAT(waiting->Receive(), AllOf(StartsWith("HTTP/1.1 200"), HasSubstr("a got x")));
}

TEST_F(DeploymentTest, SendsAWaitingRequestWhereItsNameLeadsByThen) {
  Open();
  Tell(Table(1).With("v1", "hello", {}).Points("hello", "production", "v1"));
  const auto by_name = Begin(Greeting("/production"));
  const auto by_id = Begin(Greeting("/deployment/v1"));
  Tell(Table(2)
           .With("v1", "hello", {})
           .With("v2", "hello", {"b"})
           .Points("hello", "production", "v2"));
  EXPECT_THAT(by_name->Receive(), AllOf(StartsWith("HTTP/1.1 200"), HasSubstr("b got x")));
  Tell(Table(3).With("v1", "hello", {"a"}).With("v2", "hello", {"b"}));
  EXPECT_THAT(by_id->Receive(), AllOf(StartsWith("HTTP/1.1 200"), HasSubstr("a got x")));
}

TEST_F(DeploymentTest, IsWokenUpByItsPath) {
  Open();
  Tell(Table(1)
           .With("v1", "hello", {})
           .Points("hello", "production", "v1")
           .With("v2", "hello", {})
           .Inactive("it was deactivated"));
  for (const char* path : {"/production/wake", "/deployment/v1/wake", "/wake"}) {
    EXPECT_THAT(Ask(Post(path, "")), AllOf(StartsWith("HTTP/1.1 202"), HasSubstr("\r\n\r\n{}")));
  }
  EXPECT_EQ(platform_.woken.size(), 3u);
  EXPECT_THAT(Ask(Post("/deployment/v2/wake", "")),
              AllOf(StartsWith("HTTP/1.1 503"), HasSubstr("it was deactivated")));
  EXPECT_THAT(Ask(Get("/production/wake")), StartsWith("HTTP/1.1 405"));
  platform_.GoAway();
  EXPECT_THAT(Ask(Post("/production/wake", "")),
              AllOf(StartsWith("HTTP/1.1 503"), HasSubstr("the platform is away")));
}

}  // namespace
}  // namespace chains::gateway
