// call and bench: requests to a gateway, and what comes of them.
#include <algorithm>
#include <chrono>
#include <condition_variable>
#include <fstream>
#include <mutex>
#include <sstream>

#include "deploy/cli/bench/slo.h"
#include "deploy/cli/receipt_tree.h"
#include "tests/deploy/cli/cli_fixture.h"
#include "tests/deploy/load/scripted_server.h"

namespace chains::deploy::cli {
namespace {

using load::ScriptedServer;
using ::testing::AllOf;
using ::testing::EndsWith;
using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::StartsWith;

constexpr const char* kReceipt =
    R"({"call":{"chainlet":"hello.HelloAll","method":"RunRemote","replica":"all-0","attempt":1,)"
    R"("code":"OK","elapsed_us":965,"queue_us":0,"user_us":12,"serialize_us":23,"network_us":411,)"
    R"("calls":[{"chainlet":"hello.SayHello","method":"RunRemote","attempt":2,"code":"UNAVAILABLE",)"
    R"("elapsed_us":454,"callee":"silent"},{"chainlet":"hello.SayHello","method":"RunRemote",)"
    R"("code":"OK","attempt":1,"elapsed_us":390,"network_us":386}],"calls_left_out":3}})";

class CallTest : public CliTest {
 protected:
  CallTest()
      : gateway(
            [this](int, const std::string& request) {
              last = request;
              return ScriptedServer::Reply{.bytes = reply, .close = close};
            },
            ScriptedServer::Place::kPort) {
    remote_.gateway = "http://" + gateway.address();
    SaveRemote();
    Answer("200 OK", "\"Hello, Ada\"");
  }
  void Answer(const std::string& status, const std::string& body, const std::string& headers = "") {
    reply = "HTTP/1.1 " + status + "\r\nContent-Type: application/json\r\n" + headers +
            "Content-Length: " + std::to_string(body.size()) + "\r\n\r\n" + body;
  }

  std::string reply;  // set before the command runs
  bool close = false;
  std::string last;
  ScriptedServer gateway;
};

TEST_F(CallTest, PrintsTheAnswer) {
  EXPECT_EQ(Run({"call", "hello", R"({"names": ["Ada"]})", "--timeout", "5s"}), 0) << err;
  EXPECT_EQ(out, "\"Hello, Ada\"\n");
  EXPECT_THAT(last, AllOf(StartsWith("POST /chains/hello/run_remote HTTP/1.1\r\n"),
                          HasSubstr("Authorization: Api-Key k1\r\n"),
                          HasSubstr("Chains-Timeout: 5000ms\r\n"),
                          HasSubstr("Content-Type: application/json\r\n"),
                          EndsWith("\r\n\r\n{\"names\": [\"Ada\"]}")));
}
TEST_F(CallTest, GoesToTheEnvironmentOrDeploymentAndMethodThatWereNamed) {
  EXPECT_EQ(Run({"call", "hello", "{}", "--environment", "staging"}), 0) << err;
  EXPECT_THAT(last, StartsWith("POST /chains/hello/environments/staging/run_remote "));
  EXPECT_EQ(Run({"call", "hello", "{}", "--deployment", "3f9a", "--method", "greet"}), 0) << err;
  EXPECT_THAT(last, StartsWith("POST /chains/hello/deployment/3f9a/greet "));
  EXPECT_EQ(Run({"call", "hello", "{}", "--deployment", "a", "--environment", "b"}), 2);
}
TEST_F(CallTest, ReadsTheRequestFromAFileOrFromInput) {
  std::ofstream(home_ / "request.json") << "{\"from\":\"file\"}";
  EXPECT_EQ(Run({"call", "hello", "@" + (home_ / "request.json").string()}), 0) << err;
  EXPECT_THAT(last, EndsWith("{\"from\":\"file\"}"));
  EXPECT_EQ(Run({"call", "hello", "-"}, "{\"from\":\"input\"}"), 0) << err;
  EXPECT_THAT(last, EndsWith("{\"from\":\"input\"}"));
  EXPECT_EQ(Run({"call", "hello", "@/nowhere.json"}), 2);
  EXPECT_THAT(err, HasSubstr("cannot read the file /nowhere.json"));
}
TEST_F(CallTest, AFailureHasItsCodeMessageAndPath) {
  Answer("503 Service Unavailable",
         R"({"error":{"code":"UNAVAILABLE","message":"gone\u001b[2J","details":[],"path":[)"
         R"({"chainlet":"hello.HelloAll","method":"RunRemote","replica":"all-0"},)"
         R"({"chainlet":"hello.SayHello","method":"RunRemote","replica":"say-0","attempt":3}]}})");
  EXPECT_EQ(Run({"call", "hello", "{}"}), 1);
  EXPECT_EQ(out, "");
  EXPECT_EQ(err,
            "error UNAVAILABLE: gone\\x1b[2J\n"
            "  path: hello.HelloAll.RunRemote (replica all-0) > hello.SayHello.RunRemote "
            "(replica say-0, attempt 3)\n");
}
TEST_F(CallTest, AnAnswerThatIsNoneOfAGatewaysIsShown) {
  Answer("502 Bad Gateway", "<html>proxy</html>");
  EXPECT_EQ(Run({"call", "hello", "{}"}), 1);
  EXPECT_THAT(err, HasSubstr("HTTP 502: <html>proxy</html>"));
}
TEST_F(CallTest, NobodyThereIsUnavailable) {
  remote_.gateway = "http://127.0.0.1:1";
  SaveRemote();
  EXPECT_EQ(Run({"call", "hello", "{}"}), 1);
  EXPECT_THAT(err, AllOf(HasSubstr("UNAVAILABLE"), HasSubstr("http://127.0.0.1:1/"),
                         HasSubstr("chains up")));
}
TEST_F(CallTest, AnAnswerIsSafeAndTheSameJson) {
  Answer("200 OK", "\"a\x7f\xc2\x9b\"");
  EXPECT_EQ(Run({"call", "hello", "{}"}), 0) << err;
  EXPECT_EQ(out, "\"a\\u007f\\u009b\"\n");
}
TEST_F(CallTest, AReceiptIsATreeBesideTheAnswer) {
  Answer("200 OK", "1", std::string("Chains-Receipt: ") + kReceipt + "\r\n");
  EXPECT_EQ(Run({"call", "hello", "{}", "--receipt"}), 0);
  EXPECT_THAT(last, HasSubstr("Chains-Receipt: 1\r\n"));
  EXPECT_EQ(out, "1\n");
  EXPECT_EQ(
      err,
      "hello.HelloAll.RunRemote (all-0)  965 µs, network 411 µs, user 12 µs, serialize 23 µs\n"
      "├─ hello.SayHello.RunRemote  454 µs, UNAVAILABLE, attempt 2, callee silent\n"
      "└─ hello.SayHello.RunRemote  390 µs, network 386 µs\n"
      "… and 3 more\n");
}

TEST(Receipt, ThatIsNoneIsSaidToBe) {
  EXPECT_EQ(ReceiptTree("{}"), "the receipt cannot be read\n");
  EXPECT_FALSE(ReceiptSums().Add("nonsense"));
}

TEST_F(CallTest, BenchTellsTimesErrorsAndHops) {
  Answer("200 OK", "1", std::string("Chains-Receipt: ") + kReceipt + "\r\n");
  EXPECT_EQ(Run({"bench", "hello", "--rate", "200", "--duration", "200ms", "--data", "{}", "--slo",
                 "p99=10s", "--slo", "errors=0%"}),
            0)
      << err << out;
  EXPECT_THAT(out, AllOf(HasSubstr("p50 "), HasSubstr("p99.9 "), HasSubstr("errors 0 (0 %)"),
                         HasSubstr("HOP                       CALLS"),
                         HasSubstr("hello.SayHello.RunRemote  2"),
                         HasSubstr("kept    errors 0 %, at most 0 %")));
}
TEST_F(CallTest, BenchFailsWhereAnObjectiveIsMissed) {
  EXPECT_EQ(Run({"bench", "hello", "--rate", "100", "--duration", "100ms", "--data", "{}", "--slo",
                 "max=1ns", "--output", "json"}),
            1);
  EXPECT_THAT(out, AllOf(StartsWith("{\"report\":{"), HasSubstr("\"kept\":false")));
}
TEST_F(CallTest, BenchWithoutAGoodAnswerFails) {
  Answer("503 Service Unavailable", "{}");
  EXPECT_EQ(Run({"bench", "hello", "--rate", "100", "--duration", "100ms", "--data", "{}"}), 1);
  EXPECT_THAT(err, HasSubstr("UNAVAILABLE"));
}
TEST_F(CallTest, BenchRefusesWhatMakesNoSense) {
  EXPECT_EQ(Run({"bench", "hello", "--rate", "0", "--data", "{}"}), 2);
  EXPECT_EQ(Run({"bench", "hello", "--rate", "1", "--data", "{}", "--slo", "p99=fast"}), 2);
  EXPECT_THAT(err, HasSubstr("'p99=fast': p50=10ms"));
  EXPECT_EQ(Run({"bench", "hello", "--rate", "1"}), 2);
}
TEST_F(CallTest, BenchOverGrpcLearnsTheContractByReflection) {
  fake.deployment = ADeployment("3f9a", v1::DEPLOYMENT_ACTIVE);  // its entrypoint is the platform
  EXPECT_EQ(Run({"bench", "hello", "--grpc", "--method", "list", "--rate", "100", "--duration",
                 "100ms", "--data", R"({"chain": "bench"})"}),
            0)
      << err;
  EXPECT_EQ(fake.LastCall(), "List chain: \"bench\"");
  EXPECT_THAT(out, HasSubstr("errors 0"));
  EXPECT_EQ(Run({"bench", "hello", "--grpc", "--method", "logs", "--rate", "1", "--data", "{}"}),
            1);
  EXPECT_THAT(err, HasSubstr("is a stream"));
}

// Where a command writes: says so when a line has come.
class LinesSeen final : public std::stringbuf {
 public:
  // Waits for the nth, 30 s at most.
  bool Await(int count) {
    std::unique_lock lock(mutex_);
    return changed_.wait_for(lock, std::chrono::seconds(30), [&] { return lines_ >= count; });
  }

 private:
  int sync() override {
    std::lock_guard lock(mutex_);
    const std::string written = str();
    lines_ = static_cast<int>(std::count(written.begin(), written.end(), '\n'));
    changed_.notify_all();
    return 0;
  }

  std::mutex mutex_;
  std::condition_variable changed_;
  int lines_ = 0;
};

class StreamTest : public CallTest {
 protected:
  StreamTest() {
    fake.deployment = ADeployment("3f9a", v1::DEPLOYMENT_ACTIVE);  // its entrypoint is the platform
    for (const char* message : {"one", "two\x1b[2J", "three"}) {
      v1::LogLine line;
      line.set_message(message);
      fake.logs.push_back(line);
    }
  }
  std::vector<std::string> call = {
      "call",
      "hello",
      R"({"of": {}, "chainlet": "", "request_id": "", "replica": "", "tail": 0, "follow": false, "level": "", "text": "", "trace_id": ""})",
      "--method",
      "logs",
      "--stream"};
};

TEST_F(StreamTest, ShowsEachItemBeforeTheNextIsMade) {
  LinesSeen seen;
  std::ostream live(&seen);
  int made = 0;
  bool in_time = true;
  fake.before_log = [&] { in_time = seen.Await(made++) && in_time; };
  EXPECT_EQ(Run(call, "", &live), 0) << err;
  EXPECT_TRUE(in_time);
  EXPECT_THAT(seen.str(), HasSubstr("\"message\":\"one\""));
  EXPECT_THAT(seen.str(), HasSubstr("\"message\":\"two\\u001b[2J\""));
  const std::string text = seen.str();
  EXPECT_EQ(std::count(text.begin(), text.end(), '\n'), 3);
}
TEST_F(StreamTest, ShowsWhatCameBeforeAFailure) {
  fake.logs.resize(1);
  fake.before_log = [this] { fake.fail_logs = absl::UnavailableError("the rest is lost"); };
  EXPECT_EQ(Run(call), 1);
  EXPECT_THAT(out, HasSubstr("one"));
  EXPECT_THAT(err, HasSubstr("UNAVAILABLE: the rest is lost"));
}
TEST_F(StreamTest, SaysWhatIsNoStreamAndWhatIsNotThere) {
  call[4] = "list";
  EXPECT_EQ(Run(call), 1);
  EXPECT_THAT(err, HasSubstr("/chains.v1.Platform/List answers in one piece"));
  call[4] = "upload";
  EXPECT_EQ(Run(call), 1);
  EXPECT_THAT(err, HasSubstr("takes a stream"));
  call[4] = "dance";
  EXPECT_EQ(Run(call), 1);
  EXPECT_THAT(err, HasSubstr("chains.v1.Platform has no method dance"));
  call[4] = "logs";
  call[2] = "{";
  EXPECT_EQ(Run(call), 1);
  EXPECT_THAT(err, HasSubstr("INVALID_ARGUMENT"));
  call.push_back("--receipt");
  EXPECT_EQ(Run(call), 2);
  remote_.grpc = "";
  SaveRemote();
  call.pop_back();
  EXPECT_EQ(Run(call), 1);
  EXPECT_THAT(err, HasSubstr("no address for gRPC"));
}

TEST(Slo, IsParsedAndJudged) {
  load::Report report;
  for (int i = 0; i < 99; ++i) report.latencies.Add(1'000'000);
  report.latencies.Add(50'000'000);
  report.calls = 100;
  report.errors = 1;
  const auto kept = [&](const std::string& text) {
    const absl::StatusOr<Slo> slo = ParseSlo(text);
    EXPECT_TRUE(slo.ok()) << slo.status();
    return Judge(*slo, report).kept;
  };
  EXPECT_TRUE(kept("p50=2ms"));
  EXPECT_TRUE(kept("p99=2ms"));
  EXPECT_FALSE(kept("p99.9=2ms"));
  EXPECT_FALSE(kept("max=49ms"));
  EXPECT_TRUE(kept("errors=1%"));
  EXPECT_FALSE(kept("errors=0.5%"));
  for (const char* bad : {"p99", "p0=1ms", "p100=1ms", "q=1ms", "errors=1", "errors=200%",
                          "errors=nan%", "p99=-1ms", "p99="}) {
    EXPECT_FALSE(ParseSlo(bad).ok()) << bad;
  }
}
TEST(Slo, IsKeptByNobodyWhoDidNotAnswer) {
  EXPECT_FALSE(Judge(*ParseSlo("p99=1h"), load::Report()).kept);
}

}  // namespace
}  // namespace chains::deploy::cli
