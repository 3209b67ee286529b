// Calls that are queued, through the gateway's HTTP, in front of an entrypoint that the test plays.
#include "gateway/app/async_calls.h"

#include <memory>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "absl/strings/escaping.h"
#include "chains/core/text.h"
#include "everything.pb.h"
#include "gateway/app/gateway.h"
#include "gateway/async/sql_store.h"
#include "gateway/body/encoding.h"
#include "gateway/http/server.h"
#include "tests/gateway/app/fake_channel.h"
#include "tests/gateway/async/temp_folder.h"
#include "tests/gateway/http/test_client.h"
#include "tests/gateway/http/test_loop.h"
#include "tests/runtime/json/descriptors.h"

namespace chains::gateway {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::StartsWith;

class SilentWebhooks final : public WebhookClient {
 public:
  Told Tell(const WebhookMessage&, std::stop_token) override { return {.status = 200}; }
};

class AsyncCallsTest : public ::testing::Test {
 protected:
  void Open(bool with_queue = true, GatewayOptions options = {}) {
    std::vector<std::unique_ptr<Target>> targets;
    for (const Route& route :
         {Route{.chain = "all", .kind = Route::Kind::kEnvironment, .name = "production"},
          Route{.chain = "all", .kind = Route::Kind::kDeployment, .name = "8f3a"}}) {
      const Target::Contract contract{.descriptors = json::FilesOf(*everything::All::descriptor()),
                                      .entrypoint = "everything.Everything"};
      targets.push_back(*Target::Create(route, channel_, contract));
    }
    gateway_ = *Gateway::Create(loop_, std::move(targets), std::move(options));
    if (with_queue) gateway_->Queue(Settings());
    server_ = std::make_unique<HttpServer>(loop_, loop_.sockets(), *gateway_, HttpOptions());
    client_ = std::make_unique<TestClient>(*server_->Listen("127.0.0.1:0"));
    gateway_->Start();
    channel_.answer = Answer;
  }
  AsyncSettings Settings() {
    AsyncSettings settings;
    settings.store = *OpenJobStore("sqlite:" + folder_ / "q.db");
    settings.webhooks = std::make_unique<SilentWebhooks>();
    settings.max_body_bytes = 4096;
    return settings;
  }
  std::string Ask(std::string_view method, std::string_view target, std::string_view body = "",
                  std::string_view more = "") {
    client_->SendAll(Text(method, " ", target, " HTTP/1.1\r\nHost: a\r\n", more,
                          "Content-Length: ", body.size(), "\r\n\r\n", body));
    std::string answer;
    const absl::Time give_up = absl::Now() + absl::Seconds(20);
    loop_.RunUntil([&] {
      answer += client_->Receive();
      return answer.find("\r\n\r\n") != std::string::npos || absl::Now() > give_up;
    });
    return answer;
  }
  // The id that a queued call is answered with.
  std::string Queue(std::string_view target, std::string_view body, std::string_view more = "") {
    const std::string answer = Ask("POST", target, body, more);
    EXPECT_THAT(answer, StartsWith("HTTP/1.1 201 Created\r\n"));
    const size_t at = answer.find("\"req_");
    return at == std::string::npos ? "" : answer.substr(at + 1, answer.find('"', at + 1) - at - 1);
  }
  std::string AwaitStatus(const std::string& id, const std::string& status) {
    const std::string wanted = Text("\"status\":\"", status, "\"");
    const absl::Time give_up = absl::Now() + absl::Seconds(20);
    std::string answer;
    while (absl::Now() < give_up && answer.find(wanted) == std::string::npos) {
      loop_.Advance(absl::Milliseconds(100));
      answer = Ask("GET", "/async_request/" + id);
    }
    EXPECT_THAT(answer, HasSubstr(wanted));
    return answer;
  }
  static absl::StatusOr<std::string> Answer(std::string_view, const std::string& request) {
    everything::Choice choice;
    if (!choice.ParseFromString(request)) return absl::InternalError("not a Choice");
    if (choice.text() == "bad") return absl::InvalidArgumentError("bad text");
    everything::Bare bare;
    bare.set_result("got " + choice.text());
    return bare.SerializeAsString();
  }

  TempFolder folder_;
  WorkerPool workers_;
  TestLoop loop_{workers_};
  FakeChannel channel_;
  std::unique_ptr<Gateway> gateway_;
  std::unique_ptr<HttpServer> server_;
  std::unique_ptr<TestClient> client_;
};

constexpr std::string_view kPath = "/production/async_get_http_status";

TEST_F(AsyncCallsTest, AnswersAnIdAndThenTheResult) {
  Open();
  const std::string id = Queue(kPath, R"({"model_input": {"text": "x"}})",
                               "X-Probe: seen\r\ntraceparent: "
                               "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01\r\n");
  const std::string answer = AwaitStatus(id, "SUCCEEDED");
  EXPECT_THAT(answer, AllOf(StartsWith("HTTP/1.1 200 OK\r\n"), HasSubstr(R"("result":"got x")"),
                            HasSubstr(R"("environment":"production")"),
                            HasSubstr(R"("method":"get_http_status")"), HasSubstr("no-store")));
  EXPECT_EQ(channel_.last_context.Header("x-probe"), "seen");
  EXPECT_EQ(channel_.last_context.Header("x-request-id"), id);
  EXPECT_EQ(channel_.calls, 1);
}

TEST_F(AsyncCallsTest, AJobIsCountedAsARequestOfItsRoute) {
  Open();
  AwaitStatus(Queue(kPath, R"({"model_input": {"text": "x"}})"), "SUCCEEDED");
  AwaitStatus(Queue(kPath, R"({"model_input": {"text": "bad"}})"), "FAILED");
  const std::string metrics = Ask("GET", "/metrics");
  const std::string job =
      "chains_gateway_requests_total{chain=\"all\",deployment=\"production\",method="
      "\"get_http_status\",status=";
  EXPECT_THAT(metrics, AllOf(HasSubstr(job + "\"200\"} 1\n"), HasSubstr(job + "\"400\"} 1\n")));
  // Taking them is another matter.
  EXPECT_THAT(metrics, HasSubstr("method=\"\",status=\"201\"} 2\n"));
}

TEST_F(AsyncCallsTest, ACallIsInTheTraceOfWhoAskedForIt) {
  Open();
  gateway_->telling().Begin("gateway");
  v1::Tracing tracing;
  tracing.set_drawn(1);
  tracing.set_max_asked_per_second(10);
  gateway_->telling().sampling().Update(tracing);
  const std::string id = Queue(kPath, R"({"model_input": {"text": "x"}})",
                               "traceparent: "
                               "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01\r\n");
  AwaitStatus(id, "SUCCEEDED");
  v1::Telemetry telemetry;
  gateway_->telling().TakeInto(telemetry);
  // Neither its submission nor who looks after it is told of.
  ASSERT_EQ(telemetry.spans_size(), 2);
  const v1::Span& own = telemetry.spans(0);
  EXPECT_EQ(own.trace_id(), absl::HexStringToBytes("0af7651916cd43dd8448eb211c80319c"));
  EXPECT_EQ(own.parent_span_id(), 0xb7ad6b7169203331u);
  EXPECT_TRUE(own.asked());
  EXPECT_EQ(own.request_id(), id);
  EXPECT_EQ(own.method(), "/chains/all/production/get_http_status");
  EXPECT_EQ(own.http_status(), 200u);
  EXPECT_EQ(telemetry.spans(1).parent_span_id(), own.span_id());
}

TEST_F(AsyncCallsTest, ACallOfNoTraceIsInTheOneThatItsCallerWasTold) {
  Open();
  gateway_->telling().Begin("gateway");
  v1::Tracing tracing;
  tracing.set_drawn(1);
  gateway_->telling().sampling().Update(tracing);
  const std::string answer = Ask("POST", kPath, R"({"model_input": {"text": "x"}})");
  const size_t at = answer.find("Traceparent: 00-") + std::string("Traceparent: 00-").size();
  const size_t id = answer.find("\"req_") + 1;
  AwaitStatus(answer.substr(id, answer.find('"', id) - id), "SUCCEEDED");
  v1::Telemetry telemetry;
  gateway_->telling().TakeInto(telemetry);
  ASSERT_EQ(telemetry.spans_size(), 2);
  EXPECT_EQ(absl::BytesToHexString(telemetry.spans(0).trace_id()), answer.substr(at, 32));
}

TEST_F(AsyncCallsTest, TakesABodyThatComesPackedWithinItsLimit) {
  Open();
  const std::string packed = *Encode(R"({"model_input": {"text": "x"}})", Encoding::kGzip);
  const std::string id = Queue(kPath, packed, "Content-Encoding: gzip\r\n");
  EXPECT_THAT(AwaitStatus(id, "SUCCEEDED"), HasSubstr(R"("result":"got x")"));
  const std::string bomb = *Encode(std::string(1 << 20, ' '), Encoding::kGzip);
  EXPECT_THAT(Ask("POST", kPath, bomb, "Content-Encoding: gzip\r\n"), StartsWith("HTTP/1.1 413"));
  EXPECT_THAT(Ask("POST", kPath, "{}", "Content-Encoding: lzma\r\n"), StartsWith("HTTP/1.1 415"));
}

TEST_F(AsyncCallsTest, KeepsTheFailureOfACallThatCannotPass) {
  Open();
  const std::string id =
      Queue("/deployment/8f3a/async_get_http_status", R"({"model_input": {"text": "bad"}})");
  EXPECT_THAT(AwaitStatus(id, "FAILED"),
              AllOf(HasSubstr(R"("deployment":"8f3a")"),
                    HasSubstr(R"("errors":[{"code":"INVALID_ARGUMENT","message":"bad text")")));
  EXPECT_EQ(channel_.calls, 1);
}

TEST_F(AsyncCallsTest, WaitsForAnEntrypointThatIsAway) {
  Open();
  channel_.answer = [](std::string_view, const std::string&) {
    return absl::UnavailableError("away");
  };
  const std::string id = Queue(kPath, R"({"model_input": {"text": "x"}})");
  const absl::Time give_up = absl::Now() + absl::Seconds(20);
  while (channel_.calls < 3 && absl::Now() < give_up) loop_.Advance(absl::Milliseconds(200));
  EXPECT_THAT(Ask("GET", "/async_request/" + id), Not(HasSubstr("FAILED")));
  channel_.answer = Answer;
  EXPECT_THAT(AwaitStatus(id, "SUCCEEDED"), HasSubstr(R"("attempts":1)"));
}

TEST_F(AsyncCallsTest, CancelsACallThatRuns) {
  Open();
  channel_.takes = absl::Hours(1);
  const std::string id = Queue(kPath, R"({"model_input": {"text": "x"}})");
  AwaitStatus(id, "IN_PROGRESS");
  loop_.Settle();
  EXPECT_EQ(channel_.live, 1);
  EXPECT_THAT(Ask("DELETE", "/async_request/" + id),
              AllOf(StartsWith("HTTP/1.1 200 OK"), HasSubstr(R"("status":"CANCELED")")));
  EXPECT_EQ(channel_.live, 0);
}

TEST_F(AsyncCallsTest, WhatHasEndedIsNotCanceled) {
  Open();
  const std::string id = Queue(kPath, R"({"model_input": {"text": "x"}})");
  AwaitStatus(id, "SUCCEEDED");
  EXPECT_THAT(Ask("DELETE", "/async_request/" + id),
              AllOf(StartsWith("HTTP/1.1 409"), HasSubstr(R"("status":"SUCCEEDED")")));
}

TEST_F(AsyncCallsTest, TheSameIdempotencyKeyIsTheSameRequest) {
  Open();
  constexpr std::string_view kBody = R"({"model_input": {"text": "x"}})";
  constexpr std::string_view kKey = "Idempotency-Key: one\r\n";
  const std::string first = Queue(kPath, kBody, kKey);
  EXPECT_EQ(Queue(kPath, kBody, kKey), first);
  EXPECT_THAT(Ask("POST", kPath, kBody, kKey), HasSubstr("Idempotent-Replayed: true\r\n"));
  EXPECT_THAT(Ask("POST", kPath, R"({"model_input": {"text": "y"}})", kKey),
              AllOf(StartsWith("HTTP/1.1 422 "), HasSubstr("Idempotency-Key")));
  EXPECT_NE(Queue(kPath, kBody, "Idempotency-Key: two\r\n"), first);
  EXPECT_NE(Queue("/deployment/8f3a/async_get_http_status", kBody, kKey), first);
}

TEST_F(AsyncCallsTest, RefusesAtOnceWhatCouldNeverBeCalled) {
  Open();
  const std::string large(8192, ' ');
  const struct {
    std::string_view target;
    std::string body;
    std::string more;
    const char* status;
    const char* says;
  } kCases[] = {
      {kPath, "{}", "", "400", "missing: model_input"},
      {kPath, R"({"model_input": {"number": 1.5}})", "", "400", "number: an integer"},
      {kPath, R"({"model_input": {}, "webhook_endpoint": "http://10.0.0.1/"})", "", "400",
       "private"},
      {kPath, R"({"model_input": {}, "priority": 7})", "", "400", "priority"},
      {kPath, R"({"model_input": {}})", "Idempotency-Key: \r\n", "400", "Idempotency-Key"},
      {kPath, R"({"model_input": {}})", "Chains-Timeout: never\r\n", "400", "Chains-Timeout"},
      {kPath, large, "", "413", ""},
      {"/production/async_count", R"({"model_input": {}})", "", "501", "is a stream"},
      {"/production/async_nope", R"({"model_input": {}})", "", "404", "no such method"},
      {"/staging/async_greet", R"({"model_input": {}})", "", "404", "staging"},
  };
  for (const auto& [target, body, more, status, says] : kCases) {
    client_ = std::make_unique<TestClient>(*server_->Listen("127.0.0.1:0"));
    EXPECT_THAT(Ask("POST", target, body, more),
                AllOf(StartsWith(Text("HTTP/1.1 ", status)), HasSubstr(says)))
        << target << body;
  }
  EXPECT_THAT(Ask("GET", kPath), StartsWith("HTTP/1.1 405"));
  EXPECT_THAT(Ask("PUT", "/async_request/req_1"), StartsWith("HTTP/1.1 405"));
  EXPECT_THAT(Ask("GET", "/async_request/req_1"),
              AllOf(StartsWith("HTTP/1.1 404"), HasSubstr("never accepted here")));
  EXPECT_EQ(channel_.calls, 0);
}

TEST_F(AsyncCallsTest, SaysThatThereIsNoQueue) {
  Open(/*with_queue=*/false);
  EXPECT_THAT(Ask("POST", kPath, R"({"model_input": {}})"),
              AllOf(StartsWith("HTTP/1.1 501"), HasSubstr("--async-queue")));
}

TEST_F(AsyncCallsTest, WantsAKeyForAllOfIt) {
  GatewayOptions options;
  options.keys =
      *ApiKeys::Parse("2bb80d537b1da3e38bd30361aa855686bde0eacd7162fef6a25fe97bf527a25b");
  Open(true, std::move(options));
  for (const auto& [method, target] : {std::pair<const char*, std::string_view>{"POST", kPath},
                                       {"GET", "/async_request/req_1"},
                                       {"DELETE", "/async_request/req_1"}}) {
    client_ = std::make_unique<TestClient>(*server_->Listen("127.0.0.1:0"));
    EXPECT_THAT(Ask(method, target), StartsWith("HTTP/1.1 401")) << method;
  }
  client_ = std::make_unique<TestClient>(*server_->Listen("127.0.0.1:0"));
  EXPECT_THAT(Queue(kPath, R"({"model_input": {"text": "x"}})", "Authorization: Bearer secret\r\n"),
              StartsWith("req_"));
}

}  // namespace
}  // namespace chains::gateway
