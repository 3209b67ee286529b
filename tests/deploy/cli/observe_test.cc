// traces, trace, top, call --explain, and what logs are asked for.
#include "tests/deploy/cli/cli_fixture.h"
#include "tests/deploy/load/scripted_server.h"

namespace chains::deploy::cli {
namespace {

using load::ScriptedServer;
using ::testing::AllOf;
using ::testing::EndsWith;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;

constexpr int64_t kTwoHours = 7'200'000'000;  // µs; the fixture's clock says three

v1::Span& AddSpan(v1::Trace& trace, uint64_t id, uint64_t parent, v1::Span::Kind kind,
                  const std::string& chainlet, int64_t start_us, uint64_t duration_us) {
  v1::Span& span = *trace.add_spans();
  span.set_span_id(id);
  span.set_parent_span_id(parent);
  span.set_kind(kind);
  span.set_chainlet(chainlet);
  span.set_method("RunRemote");
  span.set_start_unix_us(start_us);
  span.set_duration_us(duration_us);
  return span;
}

TEST_F(CliTest, TracesAreATableOfThoseThatAreKept) {
  v1::TraceSummary& slow = *fake.traces.add_traces();
  slow.set_trace_id("4bf92f3577b34da6a3ce929d0e0e4736");
  slow.set_start_unix_us(kTwoHours);
  slow.set_duration_us(123'400);
  slow.set_kept("slow");
  slow.set_spans(7);
  slow.set_method("/chains/hello/production/run_remote");
  v1::TraceSummary& failed = *fake.traces.add_traces();
  failed = slow;
  failed.set_trace_id("00f067aa0ba902b700f067aa0ba902b7");
  failed.set_code(14);
  failed.set_kept("failed");
  failed.set_duration_us(840);
  EXPECT_EQ(Run({"traces", "hello", "--slower", "100ms", "--failed", "--recorded", "--text", "x",
                 "--last", "5"}),
            0)
      << err;
  EXPECT_EQ(fake.LastCall(),
            "ListTraces of { chain: \"hello\" } min_ms: 100 failed: true text: \"x\" limit: 5 "
            "recorded: true");
  EXPECT_EQ(out,
            "TRACE                             AGE  TIME      CODE         KEPT    SPANS  METHOD\n"
            "4bf92f3577b34da6a3ce929d0e0e4736  1h   123.4 ms  OK           slow    7      "
            "/chains/hello/production/run_remote\n"
            "00f067aa0ba902b700f067aa0ba902b7  1h   840 µs    UNAVAILABLE  failed  7      "
            "/chains/hello/production/run_remote\n");
  EXPECT_THAT(err, IsEmpty());
}
TEST_F(CliTest, TracesThatAreNotThereOrWereLostAreSaid) {
  fake.traces.set_dropped(12);
  EXPECT_EQ(Run({"traces"}), 0) << err;
  EXPECT_EQ(fake.LastCall(), "ListTraces limit: 20");
  EXPECT_THAT(out, IsEmpty());
  EXPECT_THAT(err,
              AllOf(HasSubstr("no traces are kept that are such"),
                    HasSubstr("12 spans were lost on their way"), Not(HasSubstr("collector"))));
  fake.traces.set_not_exported(7);
  fake.traces.set_export_problem("HTTP 503 of http://collector:4318/v1/traces");
  EXPECT_EQ(Run({"traces"}), 0) << err;
  EXPECT_THAT(err, AllOf(HasSubstr("7 spans did not get to the collector"),
                         HasSubstr("the collector of traces: HTTP 503 of http://collector")));
  EXPECT_EQ(Run({"traces", "--output", "json"}), 0) << err;
  EXPECT_THAT(out, HasSubstr("\"dropped\":"));
  EXPECT_EQ(Run({"traces", "--last", "0"}), 2);
  EXPECT_EQ(Run({"traces", "--last", "1001"}), 2);
  fake.failures["ListTraces"] = {absl::InternalError("busy")};
  EXPECT_EQ(Run({"traces"}), 1);
  EXPECT_THAT(err, HasSubstr("INTERNAL: busy"));
}

TEST_F(CliTest, ATraceIsAWaterfallWithItsFailures) {
  AddSpan(fake.trace, 1, 0, v1::Span::SERVER, "", 0, 1000).set_method("/chains/hello/run_remote");
  AddSpan(fake.trace, 2, 1, v1::Span::CLIENT, "hello.HelloAll", 50, 900);
  AddSpan(fake.trace, 3, 2, v1::Span::SERVER, "hello.HelloAll", 100, 800);
  v1::Span& failed = AddSpan(fake.trace, 4, 3, v1::Span::CLIENT, "hello.SayHello", 200, 600);
  failed.set_code(14);
  failed.set_message("it is\x1b[2J away");
  AddSpan(fake.trace, 5, 3, v1::Span::CLIENT, "hello.SayHello", 200, 100);
  fake.trace.set_incomplete(true);
  EXPECT_EQ(Run({"trace", "4bf92f3577b34da6a3ce929d0e0e4736"}), 0) << err;
  EXPECT_EQ(fake.LastCall(), "GetTrace trace_id: \"4bf92f3577b34da6a3ce929d0e0e4736\"");
  EXPECT_EQ(
      out,
      "◆ /chains/hello/run_remote          "
      "█████████████████████████████████████████  1.0 ms\n"
      "◆   → hello.HelloAll.RunRemote        ████████████████████████████████████     900 µs\n"
      "◆     hello.HelloAll.RunRemote          ████████████████████████████████       800 µs\n"
      "◆       → hello.SayHello.RunRemote          ████████████████████████           600 µs   "
      "UNAVAILABLE\n"
      "        → hello.SayHello.RunRemote          ▒▒▒▒                               100 µs\n"
      "UNAVAILABLE: it is\\x1b[2J away\n");
  EXPECT_THAT(err, HasSubstr("spans of it are missing"));
}
TEST_F(CliTest, ATraceIsFoundByItsRequestToo) {
  EXPECT_EQ(Run({"trace", "req_1"}), 0) << err;
  EXPECT_EQ(fake.LastCall(), "GetTrace request_id: \"req_1\"");
  EXPECT_EQ(Run({"trace", "req_1", "--output", "json"}), 0) << err;
  EXPECT_THAT(out, HasSubstr("\"spans\":[]"));
  fake.failures["GetTrace"] = {absl::NotFoundError("no such trace is kept")};
  EXPECT_EQ(Run({"trace", "req_2"}), 1);
  EXPECT_EQ(err, "error NOT_FOUND: no such trace is kept\n");
  EXPECT_EQ(Run({"trace"}), 2);
}
TEST_F(CliTest, WhereTheLocaleIsPlainTheWaterfallIsToo) {
  AddSpan(fake.trace, 1, 0, v1::Span::CLIENT, "hello.HelloAll", 0, 1000);
  environment_["LC_ALL"] = "C";
  EXPECT_EQ(Run({"trace", "req_1"}), 0) << err;
  EXPECT_THAT(out, AllOf(HasSubstr("* > hello.HelloAll.RunRemote"), HasSubstr("####")));
  EXPECT_TRUE(std::all_of(out.begin(), out.end(), [](char c) { return c >= 0; })) << out;
}

TEST_F(CliTest, TopShowsRoutesChainletsAndEdges) {
  v1::Point older;
  older.set_rate(10);
  older.set_p50_ms(2);
  older.set_p99_ms(40);
  older.set_ready(1);
  older.set_wanted(1);
  v1::Point newer = older;
  newer.set_rate(20);
  newer.set_errors(1);
  newer.set_p50_ms(3);
  newer.set_p99_ms(30);
  newer.set_in_flight(4);
  newer.set_queued(2);
  newer.set_wanted(3);
  const auto fill = [&](google::protobuf::RepeatedPtrField<v1::Point>* points) {
    *points->Add() = older;
    *points->Add() = newer;
  };
  v1::RouteSeries& route = *fake.measured.add_routes();
  route.set_environment("production");
  route.set_method("run_remote");
  fill(route.mutable_points());
  v1::ChainletSeries& chainlet = *fake.measured.add_chainlets();
  chainlet.set_chainlet("hello.SayHello");
  fill(chainlet.mutable_points());
  v1::EdgeSeries& edge = *fake.measured.add_edges();
  edge.set_callee("hello.HelloAll");
  edge.set_remote(true);
  v1::EdgeSeries& quiet = *fake.measured.add_edges();
  quiet.set_caller("hello.HelloAll");
  quiet.set_callee("hello.SayHello");
  EXPECT_EQ(Run({"top", "hello", "--over", "60", "--once"}), 0) << err;
  EXPECT_EQ(fake.LastCall(), "Measure of { chain: \"hello\" } seconds: 60");
  EXPECT_EQ(out,
            "WHAT                                            CALLS/S  ERRORS/S  P50     P99      "
            "IN FLIGHT  QUEUED  READY\n"
            "production run_remote                           15       0.5       3.0 ms  40.0 ms  4 "
            "         2       -\n"
            "hello.SayHello                                  15       0.5       3.0 ms  40.0 ms  4 "
            "         2       1/3\n"
            "outside → hello.HelloAll                        0        0         -       -        0 "
            "         0       -\n"
            "hello.HelloAll → hello.SayHello (same process)  0        0         -       -        0 "
            "         0       -\n");
}
TEST_F(CliTest, TopRefusesTimesThatAreNotKept) {
  EXPECT_EQ(Run({"top", "hello", "--over", "1"}), 2);
  EXPECT_EQ(Run({"top", "hello", "--over", "301"}), 2);
  EXPECT_EQ(Run({"top"}), 2);
  EXPECT_THAT(fake.Calls(), IsEmpty());
  fake.failures["Measure"] = {absl::NotFoundError("no such chain")};
  EXPECT_EQ(Run({"top", "hello"}), 1);
  EXPECT_EQ(err, "error NOT_FOUND: no such chain\n");
  EXPECT_EQ(Run({"top", "hello", "--output", "json"}), 0) << err;
  EXPECT_THAT(out, EndsWith("}\n"));
}

TEST_F(CliTest, LogsAreAskedForByLevelTextAndTrace) {
  EXPECT_EQ(Run({"logs", "hello", "--level", "warning", "--text", "voice", "--trace", "4bf9",
                 "--replica", "say-0"}),
            0)
      << err;
  EXPECT_THAT(fake.LastCall(),
              AllOf(HasSubstr("replica: \"say-0\""), HasSubstr("level: \"warning\""),
                    HasSubstr("text: \"voice\""), HasSubstr("trace_id: \"4bf9\"")));
  EXPECT_EQ(Run({"logs", "hello", "--level", "loud"}), 2);
  EXPECT_THAT(err, HasSubstr("loud"));
}
TEST_F(CliTest, LogFieldsFollowTheMessageInOneOrder) {
  v1::LogLine line;
  line.set_chainlet("hello.SayHello");
  line.set_level("error");
  line.set_message("no voice");
  (*line.mutable_fields())["voice"] = "Ada\x1b";
  (*line.mutable_fields())["attempt"] = "2";
  fake.logs = {line};
  EXPECT_EQ(Run({"logs", "hello"}), 0) << err;
  EXPECT_THAT(out, EndsWith(" SayHello error: no voice attempt=2 voice=Ada\\x1b\n"));
}
TEST_F(CliTest, LevelsOfLogsAreSetAndShown) {
  v1::LogLevel& level = *fake.levels.add_levels();
  level.set_chainlet("hello.SayHello");
  level.set_level("debug");
  EXPECT_EQ(Run({"logs", "hello", "--chainlet", "SayHello", "--set-level", "debug"}), 0) << err;
  EXPECT_EQ(fake.LastCall(),
            "SetLogLevel of { chain: \"hello\" } chainlet: \"SayHello\" level: \"debug\"");
  EXPECT_EQ(out, "CHAINLET        LEVEL\nhello.SayHello  debug\n");
  EXPECT_EQ(Run({"logs", "hello", "--set-level", "default", "--output", "json"}), 0) << err;
  EXPECT_EQ(fake.LastCall(), "SetLogLevel of { chain: \"hello\" }");
  EXPECT_THAT(out, HasSubstr("\"level\":\"debug\""));
  EXPECT_EQ(Run({"logs", "hello", "--set-level", "loud"}), 2);
  fake.failures["SetLogLevel"] = {absl::NotFoundError("no chainlet of that name")};
  EXPECT_EQ(Run({"logs", "hello", "--set-level", "debug"}), 1);
  EXPECT_EQ(err, "error NOT_FOUND: no chainlet of that name\n");
  EXPECT_EQ(fake.Count("Logs"), 0U);
}

// A gateway that answers with a receipt.
class ExplainTest : public CliTest {
 protected:
  ExplainTest()
      : gateway([this](int, const std::string&) { return ScriptedServer::Reply{.bytes = reply}; },
                ScriptedServer::Place::kPort) {
    remote_.gateway = "http://" + gateway.address();
    SaveRemote();
  }
  void Answer(const std::string& receipt) {
    reply = "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n" +
            (receipt.empty() ? "" : "Chains-Receipt: " + receipt + "\r\n") +
            "Content-Length: 1\r\n\r\n1";
  }

  std::string reply;
  ScriptedServer gateway;
};

TEST_F(ExplainTest, TheReceiptIsAWaterfallBesideTheAnswer) {
  Answer(R"({"call":{"chainlet":"hello.HelloAll","method":"RunRemote","code":"OK","attempt":1,)"
         R"("start_us":11,"elapsed_us":1000,"calls":[)"
         R"({"chainlet":"hello.SayHello","method":"RunRemote","code":"UNAVAILABLE","attempt":2,)"
         R"("start_us":300,"elapsed_us":600},)"
         R"({"chainlet":"hello.SayHello","method":"RunRemote","code":"OK","attempt":1,)"
         R"("start_us":300,"elapsed_us":200}]}})");
  EXPECT_EQ(Run({"call", "hello", "{}", "--explain"}), 0) << err;
  EXPECT_EQ(out, "1\n");
  EXPECT_EQ(err,
            "◆ hello.HelloAll.RunRemote    ██████████████████████████████████████  1.0 ms\n"
            "◆   hello.SayHello.RunRemote             ███████████████████████      600 µs   "
            "UNAVAILABLE, attemp…\n"
            "    hello.SayHello.RunRemote             ▒▒▒▒▒▒▒▒                     200 µs\n");
}
TEST_F(ExplainTest, WithoutAReceiptThatCanBeReadItSaysSo) {
  Answer("");
  EXPECT_EQ(Run({"call", "hello", "{}", "--explain"}), 0);
  EXPECT_THAT(err, HasSubstr("there is no receipt"));
  Answer("nonsense");
  EXPECT_EQ(Run({"call", "hello", "{}", "--explain"}), 0);
  EXPECT_EQ(err, "the receipt cannot be read\n");
  EXPECT_EQ(Run({"call", "hello", "{}", "--explain", "--stream"}), 2);
}

}  // namespace
}  // namespace chains::deploy::cli
