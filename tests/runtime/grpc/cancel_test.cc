// Who leaves stops what was done for it.
#include <latch>
#include <stop_token>
#include <string>
#include <thread>
#include <utility>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "chains/core/blocking.h"
#include "ends.h"

namespace chains {
namespace {

Service WithUnary(Service::UnaryHandler handler) {
  Service service;
  service.AddUnary(kUnary, std::move(handler));
  return service;
}
Service WithStreaming(const Method& method, Service::StreamingHandler handler) {
  Service service;
  service.AddStreaming(method, std::move(handler));
  return service;
}

TEST(CancelTest, ADroppedCallDropsItsHandler) {
  Events events;
  Ends ends(WithUnary([&](Bytes) { return Forever(events); }));
  Started call(ends.client(), [&] { return CallOnce(ends.channel()); });
  ASSERT_TRUE(events.Wait("started"));
  EXPECT_EQ(ends.server().in_flight(), 1u);
  call.Drop();
  EXPECT_TRUE(events.Wait("dropped"));
}

Task<Bytes> PassOn(GrpcChannel& next) {
  Bytes reply = co_await next.Unary(kUnary, Bytes(""));
  co_return reply;
}

TEST(CancelTest, ADroppedCallDropsTheWholeSubtree) {
  Events events;
  Ends last(WithUnary([&](Bytes) { return Forever(events); }));
  std::unique_ptr<GrpcChannel> to_last;
  Ends first(WithUnary([&](Bytes) { return PassOn(*to_last); }));
  to_last = std::make_unique<GrpcChannel>(last.server().addresses()[0], first.server().reactor(0),
                                          ChannelOptions());
  Started call(first.client(), [&] { return CallOnce(first.channel()); });
  ASSERT_TRUE(events.Wait("started"));
  call.Drop();
  EXPECT_TRUE(events.Wait("dropped"));
}

constexpr size_t kItemBytes = 32 * 1024;

Stream<Bytes> Endless(Events& events, Stream<Bytes>) {
  const Farewell farewell(events, "dropped");
  while (true) {
    events.Add("produced");
    co_yield Bytes(std::string(kItemBytes, 'x'));
  }
}
Task<int> TakeSome(Stream<Bytes> stream, int count) {
  for (int i = 0; i < count; ++i) {
    std::optional<Bytes> item = co_await stream.Next();
    if (!item) co_return i;
  }
  co_return count;
}

TEST(CancelTest, AClientThatLeavesAStreamStopsItsProducer) {
  Events events;
  Ends ends(WithStreaming(kServerStreaming, [&](Stream<Bytes> requests) {
    return Endless(events, std::move(requests));
  }));
  absl::StatusOr<int> taken = RunOn(ends.client(), [&] {
    return TakeSome(ends.channel().Streaming(kServerStreaming, Items({""})), 10);
  });
  EXPECT_EQ(*taken, 10);
  EXPECT_TRUE(events.Wait("dropped"));
}

// Takes one item, then waits without reading until it is dropped.
Task<void> TakeOneAndWait(Events& events, Stream<Bytes> stream) {
  std::optional<Bytes> item = co_await stream.Next();
  events.Add("took one");
  co_await Sleep(absl::Hours(1));
}

TEST(CancelTest, AClientThatDoesNotReadHoldsItsProducer) {
  Events events;
  Ends ends(WithStreaming(kServerStreaming, [&](Stream<Bytes> requests) {
    return Endless(events, std::move(requests));
  }));
  Started call(ends.client(), [&] {
    return TakeOneAndWait(events, ends.channel().Streaming(kServerStreaming, Items({""})));
  });
  ASSERT_TRUE(events.Wait("took one"));
  // Other calls are answered meanwhile, so the producer had every opportunity.
  for (int i = 0; i < 100; ++i) {
    absl::Status unknown = ends.Call(kUnary, "").status();
    ASSERT_EQ(unknown.code(), absl::StatusCode::kUnimplemented);
  }
  EXPECT_LE(events.Count("produced"), 40);
  call.Drop();
  EXPECT_TRUE(events.Wait("dropped"));
}

Stream<Bytes> OneThenWait(Events& events) {
  const Farewell farewell(events, "requests dropped");
  co_yield Bytes("one");
  co_await Sleep(absl::Hours(1));
}
Stream<Bytes> Commit(Events& events, Stream<Bytes> requests) {
  const Farewell farewell(events, "dropped");
  while (true) {
    std::optional<Bytes> request = co_await requests.Next();
    if (!request) break;
    events.Add("got one");
  }
  events.Add("committed");
  co_yield Bytes("done");
}
Task<void> SendAll(GrpcChannel& channel, Events& events) {
  Stream<Bytes> replies = channel.Streaming(kClientStreaming, OneThenWait(events));
  std::optional<Bytes> reply = co_await replies.Next();
}

TEST(CancelTest, AClientThatLeavesMidwayHasNotSentEverything) {
  for (int i = 0; i < 50; ++i) {
    Events events;
    Ends ends(WithStreaming(kClientStreaming, [&](Stream<Bytes> requests) {
      return Commit(events, std::move(requests));
    }));
    Started call(ends.client(), [&] { return SendAll(ends.channel(), events); });
    ASSERT_TRUE(events.Wait("got one"));
    call.Drop();
    EXPECT_TRUE(events.Wait("dropped"));
    EXPECT_EQ(events.Count("requests dropped"), 1);
    EXPECT_EQ(events.Count("committed"), 0);
  }
}

Stream<Bytes> FailingRequests() {
  co_yield Bytes("one");
  co_await absl::DataLossError("the disk is gone");
}

TEST(CancelTest, AFailedRequestStreamFailsTheCall) {
  Events events;
  Ends ends(WithStreaming(kClientStreaming, [&](Stream<Bytes> requests) {
    return Commit(events, std::move(requests));
  }));
  absl::Status status =
      RunOn(ends.client(), [&] {
        return Collect(ends.channel().Streaming(kClientStreaming, FailingRequests()));
      }).status();
  EXPECT_EQ(status, absl::DataLossError("the disk is gone"));
  EXPECT_TRUE(events.Wait("dropped"));
  EXPECT_EQ(events.Count("committed"), 0);
}

Stream<Bytes> AnswerEarly(Stream<Bytes> requests) {
  std::optional<Bytes> first = co_await requests.Next();
  co_yield Bytes("enough");
}

TEST(CancelTest, AnEarlyAnswerDropsTheRequests) {
  Events events;
  Ends ends(WithStreaming(kClientStreaming, AnswerEarly));
  absl::StatusOr<std::vector<std::string>> replies = RunOn(ends.client(), [&] {
    return Collect(ends.channel().Streaming(kClientStreaming, OneThenWait(events)));
  });
  ASSERT_TRUE(replies.ok()) << replies.status();
  EXPECT_THAT(*replies, ::testing::ElementsAre("enough"));
  EXPECT_EQ(events.Count("requests dropped"), 1);
}

Stream<Bytes> ManyLarge(Events& events) {
  const Farewell farewell(events, "requests dropped");
  while (true) co_yield Bytes(std::string(kItemBytes, 'x'));
}

TEST(CancelTest, AnEarlyAnswerArrivesWhileRequestsAreHeldBack) {
  for (int i = 0; i < 20; ++i) {
    Events events;
    Ends ends(WithStreaming(kClientStreaming, AnswerEarly));
    absl::StatusOr<std::vector<std::string>> replies = RunOn(ends.client(), [&] {
      return Collect(ends.channel().Streaming(kClientStreaming, ManyLarge(events)));
    });
    ASSERT_TRUE(replies.ok()) << replies.status();
    EXPECT_THAT(*replies, ::testing::ElementsAre("enough"));
    EXPECT_EQ(events.Count("requests dropped"), 1);
  }
}

// Works until it is asked to stop: by then the request has been dropped.
Task<Bytes> BlockThenAnswer(Events& events) {
  const Farewell farewell(events, "dropped");
  co_await Blocking([&](std::stop_token stop) {
    events.Add("started");
    std::latch asked(1);
    const std::stop_callback on_stop(std::move(stop), [&] { asked.count_down(); });
    asked.wait();
  });
  events.Add("went on");
  co_return Bytes("");
}

TEST(CancelTest, BlockingWorkOfADroppedHandlerIsWaitedFor) {
  Events events;
  Ends ends(WithUnary([&](Bytes) { return BlockThenAnswer(events); }));
  Started call(ends.client(), [&] { return CallOnce(ends.channel()); });
  ASSERT_TRUE(events.Wait("started"));
  call.Drop();
  ends.server().Drain(absl::Now() + absl::Seconds(30));
  EXPECT_EQ(events.Count("dropped"), 1);
  EXPECT_EQ(events.Count("went on"), 0);
}

TEST(CancelTest, AReactorThatStopsEndsItsCalls) {
  Events events;
  Ends ends(WithUnary([&](Bytes) { return Forever(events); }));
  Started call(ends.client(), [&] { return CallOnce(ends.channel()); });
  ASSERT_TRUE(events.Wait("started"));
  call.Drop();
  absl::Status status;
  std::thread caller([&] { status = ends.Call(kUnary, "").status(); });
  ASSERT_TRUE(events.Wait("started", 2));
  ends.client().Stop();
  caller.join();
  EXPECT_EQ(status.code(), absl::StatusCode::kUnavailable);
  EXPECT_TRUE(events.Wait("dropped", 2));
}

}  // namespace
}  // namespace chains
