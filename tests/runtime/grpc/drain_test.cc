// A server that leaves.
#include <array>
#include <atomic>
#include <string>
#include <thread>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "chains/core/all.h"
#include "ends.h"

namespace chains {
namespace {

Service WithUnary(Service::UnaryHandler handler) {
  Service service;
  service.AddUnary(kUnary, std::move(handler));
  return service;
}

Task<Bytes> AnswerLater(Events& events) {
  events.Add("started");
  co_await Sleep(absl::Milliseconds(200));
  events.Add("answered");
  co_return Bytes("here");
}
Task<std::vector<absl::StatusOr<Bytes>>> CallTimes(GrpcChannel& channel, int times) {
  std::vector<Task<Bytes>> calls;
  for (int i = 0; i < times; ++i) calls.push_back(channel.Unary(kUnary, Bytes("")));
  std::vector<absl::StatusOr<Bytes>> outcomes = co_await AllSettled(std::move(calls));
  co_return outcomes;
}

TEST(DrainTest, WhatRunsIsAnswered) {
  constexpr int kCalls = 200;
  Events events;
  Ends ends(WithUnary([&](Bytes) { return AnswerLater(events); }));
  int answered = 0;
  absl::Status failure;
  std::thread caller([&] {
    auto outcomes = RunOn(ends.client(), [&] { return CallTimes(ends.channel(), kCalls); });
    for (const absl::StatusOr<Bytes>& outcome : *outcomes) {
      answered += outcome.ok() ? 1 : 0;
      if (!outcome.ok()) failure = outcome.status();
    }
  });
  EXPECT_TRUE(events.Wait("started", kCalls));
  ends.server().Drain(absl::Now() + absl::Seconds(30));
  caller.join();
  EXPECT_EQ(answered, kCalls) << failure;
  EXPECT_EQ(ends.server().in_flight(), 0u);
  EXPECT_EQ(ends.Call(kUnary, "").status().code(), absl::StatusCode::kUnavailable);
}

TEST(DrainTest, WhatDoesNotEndInTimeIsToldSo) {
  Events events;
  Ends ends(WithUnary([&](Bytes) { return Forever(events); }));
  absl::Status status;
  std::thread caller([&] { status = ends.Call(kUnary, "").status(); });
  EXPECT_TRUE(events.Wait("started"));
  ends.server().Drain(absl::Now() + absl::Milliseconds(50));
  caller.join();
  EXPECT_EQ(status.code(), absl::StatusCode::kUnavailable);
  EXPECT_THAT(std::string(status.message()), ::testing::HasSubstr("echo-0 left"));
  EXPECT_EQ(events.Count("dropped"), 1);
}

// Whatever a handler finished, its caller has; whatever else failed may be tried elsewhere.
TEST(DrainTest, UnderLoadNoAnswerIsLost) {
  for (int round = 0; round < 5; ++round) {
    std::atomic<int> handled = 0;
    Ends ends(WithUnary([&](Bytes) {
      ++handled;
      return Done<Bytes>(Bytes("here"));
    }));
    Events events;
    int answered = 0;
    std::thread caller([&] {
      while (true) {
        auto outcomes = RunOn(ends.client(), [&] { return CallTimes(ends.channel(), 50); });
        bool gone = false;
        for (const absl::StatusOr<Bytes>& outcome : *outcomes) {
          answered += outcome.ok() ? 1 : 0;
          if (outcome.ok()) continue;
          gone = true;
          EXPECT_EQ(outcome.status().code(), absl::StatusCode::kUnavailable) << outcome.status();
        }
        events.Add("round");
        if (gone) return;
      }
    });
    EXPECT_TRUE(events.Wait("round", 5));
    ends.server().Drain(absl::Now() + absl::Seconds(30));
    caller.join();
    EXPECT_EQ(answered, handled);
  }
}

TEST(DrainTest, AServerThatNeverStartedEnds) {
  WorkerPool workers;
  absl::StatusOr<std::unique_ptr<GrpcServer>> server = GrpcServer::Listen(Ends::Options(), workers);
  ASSERT_TRUE(server.ok());
  (*server)->Drain(absl::Now());
}

TEST(DrainTest, ReactorsShareTheConnections) {
  GrpcServer::Options options = Ends::Options();
  options.reactors = 3;
  options.contracts = {&EchoContract()};
  WorkerPool workers;
  absl::StatusOr<std::unique_ptr<GrpcServer>> server =
      GrpcServer::Listen(std::move(options), workers);
  ASSERT_TRUE(server.ok());
  std::array<std::atomic<int>, 3> calls{};
  for (size_t i = 0; i < 3; ++i) {
    (*server)->Serve(i, WithUnary([&, i](Bytes) {
                       EXPECT_TRUE((*server)->reactor(i).InLoop());
                       ++calls[i];
                       return Done<Bytes>(Bytes(""));
                     }));
  }
  (*server)->Start();
  Reactor client(workers);
  GrpcChannel::Options three;
  three.connections = 3;
  GrpcChannel channel((*server)->addresses()[0], client, three);
  client.Start();
  for (int i = 0; i < 60; ++i) {
    EXPECT_TRUE(RunOn(client, [&] { return channel.Unary(kUnary, Bytes("")); }).ok());
  }
  EXPECT_EQ(calls[0] + calls[1] + calls[2], 60);
  for (const std::atomic<int>& each : calls) EXPECT_GT(each, 0);
  client.Stop();
}

}  // namespace
}  // namespace chains
