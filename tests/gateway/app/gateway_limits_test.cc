// Priorities and limits of keys at the gateway, over HTTP.
#include <memory>
#include <string>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "chains/contract/push_back.h"
#include "chains/core/text.h"
#include "everything.pb.h"
#include "gateway/app/gateway.h"
#include "gateway/http/server.h"
#include "tests/gateway/app/fake_channel.h"
#include "tests/gateway/http/test_client.h"
#include "tests/gateway/http/test_loop.h"
#include "tests/runtime/json/descriptors.h"

namespace chains::gateway {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::StartsWith;

// The SHA-256 of "secret".
constexpr const char* kHash = "2bb80d537b1da3e38bd30361aa855686bde0eacd7162fef6a25fe97bf527a25b";

std::string PostText(std::string_view more = "", std::string_view body = R"({"text": "x"})") {
  return Text("POST /get_http_status HTTP/1.1\r\nHost: a\r\nAuthorization: Api-Key secret\r\n",
              more, "Content-Length: ", body.size(), "\r\n\r\n", body);
}

class GatewayLimitsTest : public ::testing::Test {
 protected:
  void Open(Gateway::Options options) {
    std::vector<std::unique_ptr<Target>> targets;
    const Route route{.chain = "all", .kind = Route::Kind::kEnvironment, .name = "production"};
    targets.push_back(*Target::Create(
        route, channel_,
        Target::Contract{.descriptors = json::FilesOf(*everything::All::descriptor()),
                         .entrypoint = "everything.Everything"}));
    gateway_ = *Gateway::Create(loop_, std::move(targets), std::move(options));
    server_ = std::make_unique<HttpServer>(loop_, loop_.sockets(), *gateway_, HttpOptions());
    address_ = *server_->Listen("127.0.0.1:0");
    gateway_->Start();
    channel_.answer = [](std::string_view, const std::string&) {
      return everything::Bare().SerializeAsString();
    };
  }
  // With one key, "secret", of these limits.
  void OpenWith(std::string_view limits) {
    Open({.keys = *ApiKeys::Parse(Text(kHash, " phone ", limits))});
  }
  std::string Ask(std::string_view request) {
    TestClient client(address_);
    client.Send(request);
    loop_.Settle();
    return client.Receive();
  }
  int PriorityOf(std::string_view header) {
    const std::string answer = Ask(PostText(header));
    EXPECT_THAT(answer, StartsWith("HTTP/1.1 200"));
    return channel_.last_context.priority();
  }

  WorkerPool workers_;
  TestLoop loop_{workers_};
  FakeChannel channel_;
  std::unique_ptr<Gateway> gateway_;
  std::unique_ptr<HttpServer> server_;
  std::string address_;
};

TEST_F(GatewayLimitsTest, WhereEverybodyMayCallTheHeaderIsThePriority) {
  Open({});
  EXPECT_EQ(PriorityOf(""), 4);
  EXPECT_EQ(PriorityOf("Chains-Priority: 0\r\n"), 0);
  EXPECT_EQ(PriorityOf("Chains-Priority: 7\r\n"), 7);
  EXPECT_EQ(channel_.last_context.Header("chains-priority"), std::nullopt);
  EXPECT_FALSE(channel_.last_context.further_attempt());
}

TEST_F(GatewayLimitsTest, AKeyWithoutACeilingGetsNoMoreThanUsual) {
  OpenWith("");
  EXPECT_EQ(PriorityOf("Chains-Priority: 7\r\n"), 4);
  EXPECT_EQ(PriorityOf("Chains-Priority: 1\r\n"), 1);
}

TEST_F(GatewayLimitsTest, AKeyHasACeilingAndADefault) {
  OpenWith("priority-ceiling=6 priority=2");
  EXPECT_EQ(PriorityOf(""), 2);
  EXPECT_EQ(PriorityOf("Chains-Priority: 5\r\n"), 5);
  EXPECT_EQ(PriorityOf("Chains-Priority: 7\r\n"), 6);
}

TEST_F(GatewayLimitsTest, ALowCeilingIsAlsoTheDefault) {
  OpenWith("priority-ceiling=1");
  EXPECT_EQ(PriorityOf(""), 1);
}

TEST_F(GatewayLimitsTest, WhatIsNoPriorityIsRefused) {
  Open({});
  for (const char* text : {"8", "-1", "", "44", "high"}) {
    EXPECT_THAT(Ask(PostText(Text("Chains-Priority: ", text, "\r\n"))),
                AllOf(StartsWith("HTTP/1.1 400"), HasSubstr("Chains-Priority: a number from 0")));
  }
  EXPECT_EQ(channel_.calls, 0);
}

TEST_F(GatewayLimitsTest, NobodyCanSayThatHisRequestIsAFurtherAttempt) {
  Open({});
  EXPECT_THAT(Ask(PostText("Chains-Further-Attempt: 1\r\n")), StartsWith("HTTP/1.1 200"));
  EXPECT_FALSE(channel_.last_context.further_attempt());
  EXPECT_EQ(channel_.last_context.Header("chains-further-attempt"), std::nullopt);
}

TEST_F(GatewayLimitsTest, WhoAsksTooOftenGets429AndIsToldWhenToComeAgain) {
  OpenWith("rate=2/m burst=1");
  EXPECT_THAT(Ask(PostText()),
              AllOf(StartsWith("HTTP/1.1 200"), HasSubstr("RateLimit-Policy: \"key\";q=1;w=30\r\n"),
                    HasSubstr("RateLimit: \"key\";r=0;t=30\r\n")));
  EXPECT_THAT(Ask(PostText()),
              AllOf(StartsWith("HTTP/1.1 429"), HasSubstr("RESOURCE_EXHAUSTED"),
                    HasSubstr("Retry-After: 30\r\n"), HasSubstr("r=0;t=30"),
                    Not(HasSubstr("Connection: close")), HasSubstr("may make 2/m requests")));
  EXPECT_EQ(channel_.calls, 1);
  EXPECT_THAT(Ask("GET /metrics HTTP/1.1\r\nHost: a\r\n\r\n"),
              HasSubstr("chains_gateway_refused_total{limit=\"rate\"} 1"));
}

TEST_F(GatewayLimitsTest, WhoMayNotAskSendsNoBody) {
  OpenWith("rate=1/h");
  EXPECT_THAT(Ask(PostText()), StartsWith("HTTP/1.1 200"));
  EXPECT_THAT(Ask("POST /get_http_status HTTP/1.1\r\nHost: a\r\nAuthorization: Api-Key secret\r\n"
                  "Content-Length: 1000000\r\n\r\n"),
              StartsWith("HTTP/1.1 429"));
}

TEST_F(GatewayLimitsTest, AKeyHasSoManyInFlightUntilTheyEnd) {
  OpenWith("max-in-flight=1");
  channel_.takes = absl::InfiniteDuration();
  {
    TestClient first(address_);
    first.Send(PostText());
    loop_.Settle();
    EXPECT_EQ(channel_.live, 1);
    EXPECT_THAT(Ask(PostText()), AllOf(StartsWith("HTTP/1.1 429"), HasSubstr("Retry-After: 1\r\n"),
                                       Not(HasSubstr("RateLimit"))));
  }
  loop_.Settle();  // the client left
  EXPECT_EQ(gateway_->quotas().in_flight(), 0u);
  channel_.takes = absl::ZeroDuration();
  EXPECT_THAT(Ask(PostText()), StartsWith("HTTP/1.1 200"));
}

TEST_F(GatewayLimitsTest, AGatewayThatHasAsMuchAsItTakesSaysSo) {
  Open({.quotas = {.max_in_flight = 1}});
  channel_.takes = absl::InfiniteDuration();
  TestClient first(address_);
  first.Send(PostText());
  loop_.Settle();
  EXPECT_THAT(Ask(PostText()),
              AllOf(StartsWith("HTTP/1.1 503"), HasSubstr("UNAVAILABLE"),
                    HasSubstr("Retry-After: 1\r\n"), HasSubstr("--max-in-flight")));
  EXPECT_THAT(Ask("GET /healthz HTTP/1.1\r\nHost: a\r\n\r\n"), StartsWith("HTTP/1.1 200"));
}

TEST_F(GatewayLimitsTest, OnTrialNobodyIsRefused) {
  OpenWith("rate=1/h dry-run");
  for (int i = 0; i < 3; ++i) EXPECT_THAT(Ask(PostText()), StartsWith("HTTP/1.1 200"));
  EXPECT_EQ(gateway_->quotas().counts().would_refuse, 2u);
}

TEST_F(GatewayLimitsTest, WhatAChainletSaysOfComingAgainIsHandedOn) {
  Open({});
  channel_.answer = [](std::string_view, const std::string&) {
    return WithRetryAfter(absl::ResourceExhaustedError("full"), absl::Milliseconds(2100));
  };
  EXPECT_THAT(Ask(PostText()), AllOf(StartsWith("HTTP/1.1 429"), HasSubstr("Retry-After: 3\r\n")));
  channel_.answer = [](std::string_view, const std::string&) {
    return WithRetryAfter(absl::UnavailableError("gone for good"), absl::Seconds(-1));
  };
  EXPECT_THAT(Ask(PostText()), AllOf(StartsWith("HTTP/1.1 503"), Not(HasSubstr("Retry-After"))));
}

}  // namespace
}  // namespace chains::gateway
