// gRPC clients call chains through the gateway.
#include "gateway/grpc/proxy.h"

#include <grpcpp/generic/generic_stub.h>

#include "absl/strings/escaping.h"
#include "chains/contract/status_path.h"
#include "chains/core/blocking.h"
#include "chains/core/receipt.h"
#include "tests/gateway/grpc/proxy_fixture.h"
#include "tests/gateway/http/test_client.h"

namespace chains::gateway {
namespace {

using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

class ProxyTest : public ProxyFixture {
 protected:
  static std::string MessageOf(const absl::StatusOr<std::string>& outcome) {
    return std::string(outcome.status().message());
  }
  // Until the platform was told that so many wait for the first deployment.
  void AwaitWaiting(uint64_t wanted) {
    uint64_t waiting = 0;
    const absl::Time deadline = absl::Now() + absl::Seconds(50);
    while (waiting != wanted && absl::Now() < deadline) {
      platform_.Do([&] {
        const v1::RoutesSeen& last = control_.seen.back();
        waiting = last.loads().empty() ? 0 : last.loads(0).waiting();
      });
    }
    ASSERT_EQ(waiting, wanted);
  }
};

TEST_F(ProxyTest, CarriesEveryKindOfCall) {
  TellProduction();
  EXPECT_EQ(*Call(kUnary, "a"), "echo a");
  EXPECT_EQ(*Call(kUnary, ""), "echo ");
  EXPECT_THAT(*Exchange(kServerStreaming, {"n"}), ElementsAre("n 0", "n 1", "n 2"));
  EXPECT_THAT(*Exchange(kClientStreaming, {"a", "b", "c"}), ElementsAre("abc"));
  EXPECT_THAT(*Exchange(kBidirectional, {"a", "b"}), ElementsAre("echo a", "echo b"));
}

TEST_F(ProxyTest, CarriesCallsOfAStockClient) {
  TellProduction();
  grpc::GenericStub stub(grpc::CreateChannel(addresses_.grpc, grpc::InsecureChannelCredentials()));
  grpc::ClientContext context;
  context.set_deadline(std::chrono::system_clock::now() + std::chrono::seconds(50));
  context.AddMetadata("chains-deployment", "v1");
  grpc::CompletionQueue queue;
  const grpc::Slice slice("stock");
  grpc::ByteBuffer request(&slice, 1);
  grpc::ByteBuffer reply;
  grpc::Status status;
  const auto call = stub.PrepareUnaryCall(&context, "/test.Echo/One", request, &queue);
  call->StartCall();
  call->Finish(&reply, &status, nullptr);
  void* tag = nullptr;
  bool ok = false;
  ASSERT_TRUE(queue.Next(&tag, &ok));
  EXPECT_TRUE(status.ok()) << status.error_message();
  grpc::Slice whole;
  ASSERT_TRUE(reply.DumpToSingleSlice(&whole).ok());
  EXPECT_EQ(std::string(reinterpret_cast<const char*>(whole.begin()), whole.size()), "echo stock");
}

TEST_F(ProxyTest, GoesWhereMetadataSay) {
  one = [](Bytes) -> Task<Bytes> { co_return Bytes("old"); };
  Served newer(workers_);
  Service service;
  service.AddUnary(kUnary, [](Bytes) -> Task<Bytes> { co_return Bytes("new"); });
  newer.Start(std::move(service));
  Tell(Table(1)
           .With("v1", "hello", {replica_.address()})
           .With("v2", "hello", {newer.address()})
           .Points("hello", "development", "v1"));
  EXPECT_EQ(*Call(kUnary, ""), "old");
  EXPECT_EQ(*Call(kUnary, "", With({{"chains-deployment", "v2"}})), "new");
  Tell(Table(2)
           .With("v1", "hello", {replica_.address()})
           .With("v2", "hello", {newer.address()})
           .Points("hello", "development", "v1")
           .Points("hello", "production", "v2"));
  EXPECT_EQ(*Call(kUnary, ""), "new");
  EXPECT_EQ(*Call(kUnary, "", With({{"chains-environment", "development"}})), "old");
  Tell(Table(3)
           .With("v1", "hello", {replica_.address()})
           .With("v2", "other", {newer.address()})
           .Points("hello", "production", "v1")
           .Points("other", "production", "v2"));
  EXPECT_EQ(*Call(kUnary, "", With({{"chains-chain", "other"}})), "new");
  EXPECT_EQ(*Call(kUnary, "", With({{"chains-deployment", "v2"}})), "new");
  const auto unnamed = Call(kUnary, "");
  EXPECT_TRUE(absl::IsNotFound(unnamed.status()));
  EXPECT_THAT(MessageOf(unnamed), HasSubstr("chains here: hello, other"));
  EXPECT_TRUE(absl::IsNotFound(Call(kUnary, "", With({{"chains-deployment", "v9"}})).status()));
  EXPECT_TRUE(absl::IsInvalidArgument(
      Call(kUnary, "", With({{"chains-deployment", "v2"}, {"chains-environment", "production"}}))
          .status()));
  newer.End();
}

TEST_F(ProxyTest, HandsDeadlineTraceAndHeadersOnButNoSecrets) {
  TellProduction();
  Context seen;
  one = [&seen](Bytes) -> Task<Bytes> {
    seen = co_await CurrentContext();
    co_return Bytes("");
  };
  const Context context = With({{"authorization", "Bearer k"},
                                {"chains-token", "t"},
                                {"chains-environment", "production"},
                                {"x-user", "ada"}});
  ASSERT_TRUE(Call(kUnary, "", context).ok());
  EXPECT_EQ(seen.trace_id(), "0af7651916cd43dd8448eb211c80319c");
  EXPECT_EQ(seen.Header("x-user"), "ada");
  EXPECT_TRUE(seen.Header("x-request-id"));
  EXPECT_LT(absl::AbsDuration(seen.deadline() - context.deadline()), absl::Seconds(1));
  for (const char* secret : {"authorization", "chains-token", "chains-environment"}) {
    EXPECT_EQ(seen.Header(secret), std::nullopt) << secret;
  }
}

TEST_F(ProxyTest, BoundsTheDeadlinesOfUnaryCalls) {
  TellProduction();
  absl::Time seen;
  one = [&seen](Bytes) -> Task<Bytes> {
    const Context context = co_await CurrentContext();
    seen = context.deadline();
    co_return Bytes("");
  };
  const absl::Time start = absl::Now();
  ASSERT_TRUE(Call(kUnary, "", With({}, absl::Hours(30))).ok());
  EXPECT_LE(seen, absl::Now() + absl::Hours(1));
  EXPECT_GE(seen, start + absl::Minutes(59));
  ASSERT_TRUE(Call(kUnary, "", With({}, absl::InfiniteDuration())).ok());
  EXPECT_LE(seen, absl::Now() + absl::Seconds(50));
}

TEST_F(ProxyTest, AnswersWhatTheReplicaAnswered) {
  TellProduction();
  one = [](Bytes) -> Task<Bytes> {
    absl::Status failure = absl::AbortedError("busy");
    failure.SetPayload("type.googleapis.com/test.Why", absl::Cord("because"));
    co_return WithHop(failure, {.chainlet = "test.Echo", .method = "One", .replica = "served"});
  };
  const absl::Status status = Call(kUnary, "").status();
  EXPECT_TRUE(absl::IsAborted(status));
  EXPECT_EQ(status.message(), "busy");
  EXPECT_EQ(status.GetPayload("type.googleapis.com/test.Why"), absl::Cord("because"));
  ASSERT_EQ(PathOf(status).size(), 1u);
  EXPECT_EQ(PathOf(status)[0].replica, "served");
}

TEST_F(ProxyTest, PassesReceiptsOn) {
  TellProduction();
  std::shared_ptr<internal::Receipt> receipt;
  const absl::StatusOr<Bytes> reply = RunOn(client_, [&]() -> Task<Bytes> {
    receipt = internal::Receipt::Begin(client_);
    const Context context = receipt->Under(With({}));
    absl::StatusOr<Bytes> outcome =
        co_await internal::Within<Bytes>(channel_->Unary(kUnary, Bytes("")), context);
    co_return outcome;
  });
  ASSERT_TRUE(reply.ok());
  ASSERT_EQ(receipt->root().calls().size(), 1u);
  const internal::CallFigures& figures = receipt->root().calls()[0]->figures;
  EXPECT_EQ(figures.chainlet, "test.Echo");
  EXPECT_EQ(figures.method, "One");
  EXPECT_EQ(figures.code, absl::StatusCode::kOk);
  EXPECT_EQ(figures.callee, internal::CalleeSide::kKnown);
}

TEST_F(ProxyTest, RefusesAsOverHttp) {
  EXPECT_THAT(MessageOf(Call(kUnary, "")), HasSubstr("the gateway has no routes yet"));
  const std::string hash =
      absl::HexStringToBytes("2bb80d537b1da3e38bd30361aa855686bde0eacd7162fef6a25fe97bf527a25b");
  Tell(Table(1)
           .With("v1", "hello", {replica_.address()})
           .Points("hello", "production", "v1")
           .Key(hash, true));
  EXPECT_TRUE(absl::IsUnauthenticated(Call(kUnary, "").status()));
  EXPECT_EQ(*Call(kUnary, "", With({{"authorization", "Api-Key secret"}})), "echo ");
  EXPECT_TRUE(
      absl::IsUnauthenticated(Call(kUnary, "", With({{"authorization", "Bearer x"}})).status()));
  Tell(Table(2).With("v1", "hello", {}).Inactive("it crashed").Points("hello", "production", "v1"));
  const auto inactive = Call(kUnary, "");
  EXPECT_TRUE(absl::IsUnavailable(inactive.status()));
  EXPECT_THAT(MessageOf(inactive),
              HasSubstr("the deployment v1 of hello is not active: it crashed"));
  TellProduction();
  constexpr Method kOther{.chainlet = "test.Other", .name = "Run", .path = "/test.Other/Run"};
  const auto unknown = Call(kOther, "");
  EXPECT_TRUE(absl::IsUnimplemented(unknown.status()));
  EXPECT_THAT(MessageOf(unknown),
              AllOf(HasSubstr("/test.Other/Run"), HasSubstr("hello/production answers test.Echo")));
}

TEST_F(ProxyTest, ACallEndsOnTheVersionThatItBeganOn) {
  TellProduction();
  Events events;
  std::promise<void> go;
  std::shared_future<void> gone = go.get_future().share();
  one = [&](Bytes) -> Task<Bytes> {
    events.Add("began");
    co_await Blocking([&] { gone.wait(); });
    co_return Bytes("old");
  };
  auto running = std::async(std::launch::async, [&] { return Call(kUnary, ""); });
  ASSERT_TRUE(events.Wait("began"));
  Tell(Table(2).With("v2", "hello", {}).Inactive("empty").Points("hello", "production", "v2"));
  EXPECT_TRUE(absl::IsUnavailable(Call(kUnary, "").status()));
  go.set_value();
  EXPECT_EQ(*running.get(), "old");
}

TEST_F(ProxyTest, WakesADeploymentUp) {
  Tell(Table(1).With("v1", "hello", {}).Points("hello", "production", "v1"));
  auto unary = std::async(std::launch::async, [&] { return Call(kUnary, "a"); });
  auto stream = std::async(std::launch::async, [&] { return Exchange(kBidirectional, {"b"}); });
  AwaitWaiting(2);
  platform_.Do([&] { EXPECT_THAT(control_.woken, ElementsAre("v1")); });
  Tell(Table(2).With("v1", "hello", {replica_.address()}).Points("hello", "production", "v1"));
  EXPECT_EQ(*unary.get(), "echo a");
  EXPECT_THAT(*stream.get(), ElementsAre("echo b"));
}

TEST_F(ProxyTest, ACallThatWaitsGoesWhereItsNameLeadsByThen) {
  Tell(Table(1).With("v1", "hello", {}).Points("hello", "production", "v1"));
  auto waiting = std::async(std::launch::async, [&] { return Call(kUnary, "a"); });
  AwaitWaiting(1);
  Tell(Table(2)
           .With("v1", "hello", {})
           .With("v2", "hello", {replica_.address()})
           .Points("hello", "production", "v2"));
  EXPECT_EQ(*waiting.get(), "echo a");
}

TEST_F(ProxyTest, SaysWhatACallWaitedForInVain) {
  Tell(Table(1).With("v1", "hello", {}).Points("hello", "production", "v1"));
  const auto outcome = Call(kUnary, "", With({}, absl::Seconds(1)));
  EXPECT_TRUE(absl::IsUnavailable(outcome.status())) << outcome.status();
  EXPECT_THAT(MessageOf(outcome), HasSubstr("the deployment v1 of hello had no replica within"));
}

TEST_F(ProxyTest, ACallerThatLeavesIsForgotten) {
  TellProduction();
  Events events;
  one = [&](Bytes) { return Forever(events); };
  Started call(client_, [&] { return CallOnce(*channel_); });
  ASSERT_TRUE(events.Wait("started"));
  call.Drop();
  EXPECT_TRUE(events.Wait("dropped"));
}

TEST_F(ProxyTest, TheSameThreadAnswersHttp) {
  TellProduction();
  TestClient client(addresses_.http);
  client.Send("GET /readyz HTTP/1.1\r\nHost: a\r\n\r\n");
  client.AwaitInput();
  EXPECT_THAT(client.Receive(), HasSubstr("ready"));
}

TEST_F(ProxyTest, CallsAreCountedAsRequestsOverHttpAre) {
  TellProduction();
  EXPECT_EQ(*Call(kUnary, "abc"), "echo abc");
  one = [](Bytes) -> Task<Bytes> { co_return absl::InternalError("ill"); };
  EXPECT_FALSE(Call(kUnary, "abc").ok());
  EXPECT_THAT(*Exchange(kBidirectional, {"a", "b"}), ElementsAre("echo a", "echo b"));
  EXPECT_FALSE(Call(kUnary, "abc", With({{"chains-chain", "nobody"}})).ok());
  TestClient client(addresses_.http);
  client.Send("GET /metrics HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n");
  std::string metrics;
  while (!client.ended()) {
    client.AwaitInput();
    metrics += client.Receive();
  }
  const auto route = [](const char* method) {
    return Text("{chain=\"hello\",deployment=\"production\",method=\"", method, "\"");
  };
  EXPECT_THAT(
      metrics,
      AllOf(HasSubstr(Text("chains_gateway_requests_total", route("one"), ",status=\"200\"} 1\n")),
            HasSubstr(Text("chains_gateway_requests_total", route("one"), ",status=\"500\"} 1\n")),
            HasSubstr(Text("chains_gateway_request_bytes_total", route("one"), "} 6\n")),
            HasSubstr(Text("chains_gateway_response_bytes_total", route("one"), "} 8\n")),
            HasSubstr(Text("chains_gateway_requests_in_flight", route("one"), "} 0\n")),
            HasSubstr("chains_gateway_requests_total{chain=\"\",deployment=\"\",method="
                      "\"\",status=\"404\"} 1\n")));
}

TEST_F(ProxyTest, AnAddressInUseIsNamed) {
  PlatformServer http(
      {.platform = "unix:/nowhere", .token = "t", .http = addresses_.http, .grpc = ""},
      HttpOptions());
  EXPECT_THAT(std::string(http.Start().status().message()),
              AllOf(HasSubstr("the gateway's address for HTTP"), HasSubstr(addresses_.http)));
  PlatformServer grpc(
      {.platform = "unix:/nowhere", .token = "t", .http = "127.0.0.1:0", .grpc = addresses_.grpc},
      HttpOptions());
  EXPECT_THAT(std::string(grpc.Start().status().message()),
              AllOf(HasSubstr("the gateway's address for gRPC"), HasSubstr(addresses_.grpc)));
}

}  // namespace
}  // namespace chains::gateway
