// RunHttp against a server that answers as the test says, over a unix socket.
#include "deploy/load/http_load.h"

#include <string>
#include <unistd.h>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/deploy/load/scripted_server.h"

namespace chains::load {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Pair;
using Reply = ScriptedServer::Reply;

HttpTarget TargetAt(const std::string& address) {
  return {.address = address, .payloads = {{.body = "{}"}}};
}

Report RunLoad(const HttpTarget& target, const Plan& plan) {
  const absl::StatusOr<Report> report = RunHttp(target, plan);
  EXPECT_TRUE(report.ok()) << report.status();
  return report.ok() ? *report : Report();
}

TEST(HttpLoad, PostsAndCounts) {
  std::string first;
  ScriptedServer server([&first](int number, const std::string& text) {
    if (number == 0) first = text;
    return ScriptedServer::Ok("fine");
  });
  HttpTarget target = TargetAt(server.address());
  target.headers = {{"X-Key", "7"}};
  const Report report =
      RunLoad(target, {.in_flight = 4, .calls = 100, .warm_up = 8, .processes = {getpid()}});
  EXPECT_EQ(report.calls, 100);
  EXPECT_EQ(report.errors, 0) << report.first_error;
  EXPECT_EQ(report.latencies.count(), 100u);
  EXPECT_EQ(report.processor_times.size(), 2u);
  EXPECT_EQ(server.accepted(), 4);
  EXPECT_EQ(first,
            "POST /run_remote HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
            "Content-Length: 2\r\nX-Key: 7\r\n\r\n{}");
}

TEST(HttpLoad, CallsAtAStatedRate) {
  ScriptedServer server([](int, const std::string&) { return ScriptedServer::Ok(""); });
  const Report report = RunLoad(TargetAt(server.address()),
                                {.in_flight = 4, .rate = 2000, .duration = absl::Milliseconds(50)});
  EXPECT_EQ(report.calls, 100);
  EXPECT_EQ(report.lateness.count(), 100u);
  EXPECT_GE(report.elapsed, absl::Milliseconds(49));
}

TEST(HttpLoad, WhatIsNot2xxIsAnError) {
  ScriptedServer server([](int number, const std::string&) {
    return number % 2 == 0 ? ScriptedServer::Ok("")
                           : Reply{"HTTP/1.1 503 Busy\r\nContent-Length: 4\r\n\r\nlate"};
  });
  const Report report = RunLoad(TargetAt(server.address()), {.calls = 10, .warm_up = 0});
  EXPECT_EQ(report.calls, 5);
  EXPECT_THAT(report.errors_by_kind, ElementsAre(Pair("HTTP 503", 5)));
  EXPECT_EQ(report.first_error, "HTTP 503: late");
}

TEST(HttpLoad, ConnectsAgainWhenTheServerSaysThatItCloses) {
  ScriptedServer server([](int, const std::string&) {
    return Reply{"HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 0\r\n\r\n", true};
  });
  const Report report = RunLoad(TargetAt(server.address()), {.calls = 5, .warm_up = 0});
  EXPECT_EQ(report.calls, 5);
  EXPECT_EQ(server.accepted(), 5);
}

TEST(HttpLoad, AConnectionThatBreaksIsAnErrorAndReplaced) {
  ScriptedServer server([](int number, const std::string&) {
    return number == 1 ? Reply{"HTTP/1.1 200 OK\r\nContent-Len", true} : ScriptedServer::Ok("");
  });
  const Report report = RunLoad(TargetAt(server.address()), {.calls = 3, .warm_up = 0});
  EXPECT_EQ(report.calls, 2);
  EXPECT_THAT(report.errors_by_kind, ElementsAre(Pair("closed", 1)));
}

TEST(HttpLoad, ACallThatIsNotAnsweredTimesOut) {
  ScriptedServer server([](int number, const std::string&) {
    return number == 0 ? Reply{} : ScriptedServer::Ok("");
  });
  const Report report = RunLoad(TargetAt(server.address()),
                                {.calls = 2, .warm_up = 0, .timeout = absl::Milliseconds(200)});
  EXPECT_EQ(report.calls, 1);
  EXPECT_THAT(report.errors_by_kind, ElementsAre(Pair("timeout", 1)));
  EXPECT_GE(report.elapsed, absl::Milliseconds(200));
}

TEST(HttpLoad, CallsThatAServerKeepsOthersFromStartingFailAsLate) {
  ScriptedServer server([](int, const std::string&) { return Reply{}; });
  const Report report =
      RunLoad(TargetAt(server.address()),
              {.rate = 1000, .calls = 50, .warm_up = 0, .timeout = absl::Milliseconds(20)});
  EXPECT_EQ(report.calls, 0);
  EXPECT_GE(report.errors_by_kind.at("late"), 1);
  EXPECT_EQ(report.errors, 50);
}

TEST(HttpLoad, SendsWhatDoesNotFitAtOnce) {
  size_t received = 0;
  ScriptedServer server([&received](int, const std::string& text) {
    received = text.size();
    return ScriptedServer::Ok(std::string(3'000'000, 'y'));
  });
  HttpTarget target = TargetAt(server.address());
  target.payloads = {{.body = std::string(5'000'000, 'x')}};
  EXPECT_EQ(RunLoad(target, {.calls = 2, .warm_up = 0}).calls, 2);
  EXPECT_GT(received, 5'000'000u);
}

TEST(HttpLoad, SaysThatNobodyIsThere) {
  const absl::StatusOr<Report> report =
      RunHttp(TargetAt("unix:/nowhere/at/all.sock"), {.in_flight = 3, .calls = 1});
  EXPECT_TRUE(absl::IsUnavailable(report.status()));
  EXPECT_THAT(std::string(report.status().message()),
              HasSubstr("unix:/nowhere/at/all.sock: connect: "));
}

TEST(HttpLoad, RefusesWhatMakesNoSense) {
  const Plan plan{.calls = 1};
  const auto refusal = [&plan](const HttpTarget& target) {
    return std::string(RunHttp(target, plan).status().message());
  };
  EXPECT_THAT(refusal({.address = "nowhere", .payloads = {{}}}), HasSubstr("address nowhere"));
  EXPECT_THAT(refusal({.address = "a:1"}), HasSubstr("payloads"));
  EXPECT_THAT(refusal({.address = "a:1", .path = "x y", .payloads = {{}}}), HasSubstr("path x y"));
  EXPECT_THAT(refusal({.address = "a:1", .headers = {{"X", "a\r\nB: c"}}, .payloads = {{}}}),
              HasSubstr("header X"));
}

}  // namespace
}  // namespace chains::load
