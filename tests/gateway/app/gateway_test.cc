// The gateway behind its HTTP server, in front of an entrypoint that the test plays.
#include "gateway/app/gateway.h"

#include <memory>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "chains/contract/status_path.h"
#include "chains/core/text.h"
#include "chains/v1/options.pb.h"
#include "chains/v1/replica.pb.h"
#include "everything.pb.h"
#include "gateway/http/server.h"
#include "tests/gateway/app/fake_channel.h"
#include "tests/gateway/http/test_client.h"
#include "tests/gateway/http/test_loop.h"
#include "tests/runtime/json/descriptors.h"

namespace chains::gateway {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::StartsWith;

google::protobuf::FileDescriptorSet Files() {
  return json::FilesOf(*everything::All::descriptor());
}

Target::Contract Known() { return {.descriptors = Files(), .entrypoint = "everything.Everything"}; }

std::string Post(std::string_view target, std::string_view body, std::string_view more = "") {
  return Text("POST ", target, " HTTP/1.1\r\nHost: a\r\n", more, "Content-Length: ", body.size(),
              "\r\n\r\n", body);
}
std::string Get(std::string_view target) {
  return Text("GET ", target, " HTTP/1.1\r\nHost: a\r\n\r\n");
}

class GatewayTest : public ::testing::Test {
 protected:
  void Open(Target::Contract contract, Gateway::Options options = {}) {
    std::vector<std::unique_ptr<Target>> targets;
    const Route route{.chain = "all", .kind = Route::Kind::kEnvironment, .name = "production"};
    targets.push_back(*Target::Create(route, channel_, contract));
    gateway_ = *Gateway::Create(loop_, std::move(targets), std::move(options));
    server_ = std::make_unique<HttpServer>(loop_, loop_.sockets(), *gateway_, HttpOptions());
    gateway_->CountConnections([this] { return server_->connections(); });
    address_ = *server_->Listen("127.0.0.1:0");
    gateway_->Start();
    client_ = std::make_unique<TestClient>(address_);
  }
  std::string Ask(std::string_view request) {
    client_->Send(request);
    loop_.Settle();
    return client_->Receive();
  }
  // The entrypoint answers every Greet with the names it was given, joined.
  static absl::StatusOr<std::string> Greet(std::string_view path, const std::string& request) {
    if (path != "/everything.Everything/GetHTTPStatus")
      return absl::UnimplementedError(ToAbsl(path));
    everything::Choice choice;
    if (!choice.ParseFromString(request)) return absl::InternalError("not a Choice");
    everything::Bare bare;
    bare.set_result("got " + choice.text());
    return bare.SerializeAsString();
  }

  WorkerPool workers_;
  TestLoop loop_{workers_};
  FakeChannel channel_;
  std::unique_ptr<Gateway> gateway_;
  std::unique_ptr<HttpServer> server_;
  std::string address_;
  std::unique_ptr<TestClient> client_;
};

TEST_F(GatewayTest, AnswersABareResult) {
  Open(Known());
  channel_.answer = Greet;
  for (const char* path :
       {"/production", "/environments/production", "", "/chains/all/production", "/chains/all"}) {
    const std::string answer = Ask(Post(Text(path, "/get_http_status"), R"({"text": "x"})"));
    EXPECT_THAT(answer, StartsWith("HTTP/1.1 200 OK\r\n"));
    EXPECT_THAT(answer, HasSubstr("Content-Type: application/json\r\n"));
    EXPECT_THAT(answer, HasSubstr("\r\n\r\n\"got x\""));
  }
}

TEST_F(GatewayTest, PassesProtobufThrough) {
  Open(Known());
  channel_.answer = Greet;
  everything::Choice choice;
  choice.set_text("x");
  const std::string answer = Ask(Post("/get_http_status", choice.SerializeAsString(),
                                      "Content-Type: application/x-protobuf\r\n"));
  EXPECT_THAT(answer, HasSubstr("Content-Type: application/x-protobuf\r\n"));
  EXPECT_THAT(answer, HasSubstr("\r\n\r\n\x0A\x05got x"));
}

TEST_F(GatewayTest, TellsEachKindOfFailureApart) {
  Open(Known());
  channel_.answer = [](std::string_view, const std::string&) { return absl::AbortedError("busy"); };
  const struct {
    std::string request;
    const char* status;
    const char* code;
    const char* says;
  } kCases[] = {
      {Post("/get_http_status", "{"), "400", "INVALID_ARGUMENT", "1:2: a key"},
      {Post("/get_http_status", R"({"number": 1.5})"), "400", "INVALID_ARGUMENT",
       "number: an integer"},
      {Post("/count", "{}"), "400", "INVALID_ARGUMENT", "missing: name"},
      {Post("/greet", "{}"), "400", "INVALID_ARGUMENT", "missing: people"},
      {Post("/greet", R"({"people": []})"), "409", "ABORTED", "busy"},
      {Post("/nope", "{}"), "404", "NOT_FOUND", "only: run_remote, greet, get_http_status"},
      {Post("/chains/nope/production/greet", "{}"), "404", "NOT_FOUND", "chains here: all"},
      {Post("/staging/greet", "{}"), "404", "NOT_FOUND", "only: production"},
      {Get("/greet"), "405", "UNIMPLEMENTED", "POST"},
      {Post("/healthz", ""), "405", "UNIMPLEMENTED", "GET, HEAD"},
      {Post("/greet", "{}", "Chains-Timeout: never\r\n"), "400", "INVALID_ARGUMENT",
       "Chains-Timeout"},
  };
  for (const auto& [request, status, code, says] : kCases) {
    EXPECT_THAT(Ask(request),
                AllOf(StartsWith(Text("HTTP/1.1 ", status)), HasSubstr(code), HasSubstr(says)));
  }
  EXPECT_THAT(Ask(Get("/greet")), HasSubstr("Allow: POST\r\n"));
  EXPECT_EQ(channel_.calls, 1);
}

TEST_F(GatewayTest, TellsWhichChainletFailed) {
  Open(Known());
  channel_.answer = [](std::string_view, const std::string&) -> absl::StatusOr<std::string> {
    return WithHop(absl::NotFoundError("gone"),
                   {.chainlet = "a.B", .method = "Run", .replica = "b-0"});
  };
  EXPECT_THAT(Ask(Post("/greet", R"({"people": []})")),
              AllOf(StartsWith("HTTP/1.1 404"),
                    HasSubstr(R"("path":[{"chainlet":"a.B","method":"Run","replica":"b-0"}])")));
}

TEST_F(GatewayTest, HandsHeadersTraceAndDeadlineOn) {
  Open(Known());
  channel_.answer = Greet;
  const std::string answer =
      Ask(Post("/get_http_status", R"({"text": ""})",
               "X-User: ada\r\nX-Request-Id: abc\r\nAuthorization: Bearer x\r\n"
               "Chains-Timeout: 5s\r\n"
               "traceparent: 00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01\r\n"));
  EXPECT_THAT(answer, HasSubstr("X-Request-Id: abc\r\n"));
  EXPECT_THAT(answer, HasSubstr("Traceparent: 00-0af7651916cd43dd8448eb211c80319c-"));
  EXPECT_EQ(channel_.last_context.trace_id(), "0af7651916cd43dd8448eb211c80319c");
  EXPECT_EQ(channel_.last_context.Header("x-user"), "ada");
  EXPECT_EQ(channel_.last_context.Header("x-request-id"), "abc");
  EXPECT_EQ(channel_.last_context.Header("authorization"), std::nullopt);
  EXPECT_EQ(channel_.last_context.deadline(), loop_.Now() + absl::Seconds(5));
}

// The contract, saying so of one of its methods.
Target::Contract KnownToTake(double seconds) {
  Target::Contract contract = Known();
  for (google::protobuf::FileDescriptorProto& file : *contract.descriptors->mutable_file()) {
    for (auto& service : *file.mutable_service()) {
      for (auto& method : *service.mutable_method()) {
        if (method.name() != "GetHTTPStatus") continue;
        method.mutable_options()->MutableExtension(v1::http)->set_timeout(seconds);
      }
    }
  }
  return contract;
}

TEST_F(GatewayTest, ARequestThatSaysNothingHasTheTimeThatItsContractSays) {
  Open(KnownToTake(2.5));
  channel_.answer = Greet;
  Ask(Post("/get_http_status", R"({"text": ""})"));
  EXPECT_EQ(channel_.last_context.deadline(), loop_.Now() + absl::Milliseconds(2500));
  Ask(Post("/get_http_status", R"({"text": ""})", "Chains-Timeout: 5s\r\n"));
  EXPECT_EQ(channel_.last_context.deadline(), loop_.Now() + absl::Seconds(5));
}

TEST_F(GatewayTest, NoRequestHasMoreThanTheGatewaysLongestTime) {
  Open(KnownToTake(7200), {.max_timeout = absl::Minutes(10)});
  channel_.answer = Greet;
  for (const char* asked : {"", "Chains-Timeout: 2h\r\n"}) {
    Ask(Post("/get_http_status", R"({"text": ""})", asked));
    EXPECT_EQ(channel_.last_context.deadline(), loop_.Now() + absl::Minutes(10)) << asked;
  }
}

TEST_F(GatewayTest, AContractWhoseTimeoutMakesNoSenseIsRefused) {
  const Route route{.chain = "all", .kind = Route::Kind::kEnvironment, .name = "production"};
  const absl::Status refused = Target::Create(route, channel_, KnownToTake(-1)).status();
  EXPECT_EQ(refused.code(), absl::StatusCode::kInvalidArgument);
  EXPECT_THAT(ToStd(refused.message()), HasSubstr("GetHTTPStatus: (chains.v1.http).timeout is -1"));
}

TEST_F(GatewayTest, EndsWithTheDeadline) {
  Open(Known());
  channel_.answer = Greet;
  channel_.takes = absl::Hours(1);
  EXPECT_EQ(Ask(Post("/get_http_status", R"({"text": "x"})")), "");
  EXPECT_EQ(channel_.live, 1);
  loop_.Advance(absl::Seconds(59));
  EXPECT_EQ(client_->Receive(), "");
  loop_.Advance(absl::Seconds(2));
  EXPECT_THAT(client_->Receive(),
              AllOf(StartsWith("HTTP/1.1 504"), HasSubstr("DEADLINE_EXCEEDED")));
  EXPECT_EQ(channel_.live, 0);
}

constexpr const char* kNobody = R"({"people": []})";

TEST_F(GatewayTest, SendsWhatMayBeRepeatedAgainWhereNobodyAnswered) {
  Open(Known());
  channel_.answer = [this](std::string_view path,
                           const std::string&) -> absl::StatusOr<std::string> {
    EXPECT_EQ(channel_.last_context.further_attempt(), channel_.calls > 1);
    if (channel_.calls < 3) return absl::UnavailableError("Socket closed");
    EXPECT_EQ(path, "/everything.Everything/Greet");
    return std::string();
  };
  EXPECT_EQ(Ask(Post("/greet", kNobody)), "");
  EXPECT_EQ(channel_.calls, 1);
  loop_.Advance(Retries::kFirstPause);  // a pause is any time up to its cap
  EXPECT_GE(channel_.calls, 2);
  loop_.Advance(2 * Retries::kFirstPause);
  EXPECT_EQ(channel_.calls, 3);
  EXPECT_THAT(client_->Receive(), StartsWith("HTTP/1.1 200"));
}

TEST_F(GatewayTest, SendsNothingAgainThatWasAnsweredOrMayNotBeRepeated) {
  Open(Known());
  channel_.answer = [](std::string_view, const std::string&) {
    Hop hop;
    hop.chainlet = "everything.Everything";
    return WithHop(absl::UnavailableError("a callee is gone"), std::move(hop));
  };
  EXPECT_THAT(Ask(Post("/greet", kNobody)), StartsWith("HTTP/1.1 503"));
  EXPECT_EQ(channel_.calls, 1);
  channel_.answer = [](std::string_view, const std::string&) {
    return absl::UnavailableError("Socket closed");
  };
  EXPECT_THAT(Ask(Post("/get_http_status", R"({"text": "x"})")), StartsWith("HTTP/1.1 503"));
  EXPECT_EQ(channel_.calls, 2);
}

TEST_F(GatewayTest, RetriesNoMoreThanItsBudgetAndDeadlineAllow) {
  Open(Known());
  channel_.answer = [](std::string_view, const std::string&) {
    return absl::UnavailableError("Socket closed");
  };
  // Not 504, nor later: there is no time for another.
  EXPECT_THAT(Ask(Post("/greet", kNobody, "Chains-Timeout: 1ns\r\n")), StartsWith("HTTP/1.1 503"));
  EXPECT_EQ(channel_.calls, 1);
  for (int i = 0; i < 30; ++i) {
    Ask(Post("/greet", kNobody));
    for (int j = 1; j < Retries::kMostAttempts; ++j) loop_.Advance(absl::Seconds(1));
    client_->Receive();
  }
  EXPECT_LE(channel_.calls, 31 + RetryBudget().burst);
  channel_.calls = 0;
  EXPECT_THAT(Ask(Post("/greet", kNobody)), StartsWith("HTTP/1.1 503"));
  EXPECT_EQ(channel_.calls, 1);
}

TEST_F(GatewayTest, CancelsTheCallOfAClientThatLeaves) {
  Open(Known());
  channel_.takes = absl::Hours(1);
  Ask(Post("/get_http_status", R"({"text": "x"})"));
  EXPECT_EQ(channel_.live, 1);
  client_->Leave();
  loop_.Settle();
  EXPECT_EQ(channel_.live, 0);
  client_ = std::make_unique<TestClient>(address_);
  EXPECT_THAT(Ask(Get("/metrics")),
              HasSubstr("chains_gateway_requests_total{chain=\"all\",deployment=\"production\","
                        "method=\"get_http_status\",status=\"499\"} 1\n"));
}

TEST_F(GatewayTest, WantsAKeyForAllButItsOwnPages) {
  Gateway::Options options;
  options.keys =
      *ApiKeys::Parse("2bb80d537b1da3e38bd30361aa855686bde0eacd7162fef6a25fe97bf527a25b");
  Open(Known(), std::move(options));
  channel_.answer = Greet;
  const std::string body = R"({"text": "x"})";
  EXPECT_THAT(Ask(Post("/get_http_status", body, "Authorization: Api-Key secret\r\n")),
              StartsWith("HTTP/1.1 200"));
  EXPECT_THAT(Ask(Get("/healthz")), StartsWith("HTTP/1.1 200"));
  EXPECT_THAT(Ask(Post("/get_http_status", "", "Authorization: Bearer wrong\r\n")),
              StartsWith("HTTP/1.1 401"));
  const std::string refused = Ask(Post("/no/such/path", body));
  EXPECT_THAT(refused, AllOf(StartsWith("HTTP/1.1 401"), HasSubstr("WWW-Authenticate: ")));
  EXPECT_THAT(refused, HasSubstr("UNAUTHENTICATED"));
}

TEST_F(GatewayTest, AsksTheReplicaForItsContractUntilItAnswers) {
  Open({});
  EXPECT_EQ(channel_.calls, 1);
  EXPECT_THAT(Ask(Get("/readyz")), AllOf(StartsWith("HTTP/1.1 503"), HasSubstr("nobody is here")));
  EXPECT_THAT(Ask(Get("/healthz")), StartsWith("HTTP/1.1 200"));
  EXPECT_THAT(
      Ask(Post("/get_http_status", "{}")),
      AllOf(StartsWith("HTTP/1.1 503"), HasSubstr("Retry-After"), HasSubstr("nobody is here")));
  loop_.Advance(absl::Milliseconds(101));
  EXPECT_EQ(channel_.calls, 2);
  loop_.Advance(absl::Milliseconds(101));
  EXPECT_EQ(channel_.calls, 2);

  channel_.answer = [](std::string_view path,
                       const std::string& request) -> absl::StatusOr<std::string> {
    if (path != "/chains.v1.Replica/Describe") return Greet(path, request);
    v1::DescribeResponse description;
    description.mutable_manifest()->set_entrypoint("everything.Everything");
    description.add_serving("everything.Everything");
    *description.mutable_descriptors() = Files();
    return description.SerializeAsString();
  };
  loop_.Advance(absl::Milliseconds(200));
  EXPECT_THAT(Ask(Get("/readyz")), StartsWith("HTTP/1.1 200"));
  EXPECT_THAT(Ask(Post("/get_http_status", R"({"text": "x"})")), HasSubstr("\"got x\""));
  loop_.Advance(absl::Hours(1));
  client_ = std::make_unique<TestClient>(address_);
  EXPECT_EQ(channel_.calls, 4);
}

TEST_F(GatewayTest, SaysSoWhereTheReplicaServesSomethingElse) {
  channel_.answer = [](std::string_view, const std::string&) -> absl::StatusOr<std::string> {
    v1::DescribeResponse description;
    description.mutable_manifest()->set_entrypoint("everything.Everything");
    description.add_serving("hello.SayHello");
    return description.SerializeAsString();
  };
  Open({});
  EXPECT_THAT(Ask(Get("/readyz")),
              HasSubstr("serves hello.SayHello, not the entrypoint everything.Everything"));
}

TEST_F(GatewayTest, SurvivesAReplicaThatAnswersNonsense) {
  channel_.answer = [](std::string_view, const std::string&) {
    return std::string("\xFF\xFF\xFF");
  };
  Open({});
  EXPECT_THAT(Ask(Get("/readyz")), StartsWith("HTTP/1.1 503"));
  Open(Known());
  EXPECT_THAT(Ask(Post("/get_http_status", R"({"text": "x"})")),
              AllOf(StartsWith("HTTP/1.1 500"), HasSubstr("INTERNAL")));
}

TEST_F(GatewayTest, TranscodesLargeBodiesOffTheLoop) {
  Gateway::Options options;
  options.blocking_bytes = 10;
  Open(Known(), std::move(options));
  channel_.answer = Greet;
  client_->Send(Post("/get_http_status", R"({"text": "larger than ten bytes"})"));
  std::string answer;
  loop_.RunUntil([&] {
    answer += client_->Receive();
    return answer.find("\"got larger than ten bytes\"") != std::string::npos;
  });
  EXPECT_THAT(answer, StartsWith("HTTP/1.1 200"));
}

TEST_F(GatewayTest, IsNotReadyWhileItDrains) {
  Open(Known());
  EXPECT_THAT(Ask(Get("/readyz")), StartsWith("HTTP/1.1 200"));
  gateway_->Stop();
  EXPECT_THAT(Ask(Get("/readyz")), StartsWith("HTTP/1.1 503"));
}

TEST_F(GatewayTest, APageOfAnAllowedOriginMayCallAndReadWhyItMayNot) {
  Gateway::Options options;
  options.keys =
      *ApiKeys::Parse("2bb80d537b1da3e38bd30361aa855686bde0eacd7162fef6a25fe97bf527a25b");
  options.cors = *Cors::Create({"https://a.example"});
  Open(Known(), std::move(options));
  channel_.answer = Greet;
  const std::string origin = "Origin: https://a.example\r\n";
  const std::string allowed = "Access-Control-Allow-Origin: https://a.example\r\n";
  EXPECT_THAT(Ask(Text("OPTIONS /get_http_status HTTP/1.1\r\nHost: a\r\n", origin,
                       "Access-Control-Request-Method: POST\r\n\r\n")),
              AllOf(StartsWith("HTTP/1.1 204"), HasSubstr(allowed)));
  EXPECT_THAT(Ask(Post("/get_http_status", R"({"text": "x"})",
                       origin + "Authorization: Api-Key secret\r\n")),
              AllOf(StartsWith("HTTP/1.1 200"), HasSubstr(allowed)));
  EXPECT_THAT(Ask(Text("GET /openapi.json HTTP/1.1\r\nHost: a\r\n", origin, "\r\n")),
              AllOf(StartsWith("HTTP/1.1 200"), HasSubstr(allowed)));
  EXPECT_THAT(Ask(Post("/get_http_status", "", origin)),
              AllOf(StartsWith("HTTP/1.1 401"), HasSubstr(allowed)));
}

}  // namespace
}  // namespace chains::gateway
