// How calls fail, and what their callers learn.
#include <latch>
#include <netinet/in.h>
#include <sstream>
#include <string>
#include <sys/socket.h>
#include <unistd.h>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "chains/contract/status_path.h"
#include "chains/core/wait.h"
#include "ends.h"

namespace chains {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;

std::string MessageOf(const absl::Status& status) { return std::string(status.message()); }

Service WithUnary(Service::UnaryHandler handler) {
  Service service;
  service.AddUnary(kUnary, std::move(handler));
  return service;
}

TEST(FailuresTest, ADeadlinePassesWhileTheHandlerWaits) {
  Events events;
  Ends ends(WithUnary([&](Bytes) { return Forever(events); }));
  // Where everything is slow the deadline may pass before the call arrives.
  while (events.Count("started") == 0) {
    absl::StatusOr<std::string> reply = ends.Call(kUnary, "", Within(absl::Milliseconds(200)));
    ASSERT_EQ(reply.status().code(), absl::StatusCode::kDeadlineExceeded);
  }
  EXPECT_TRUE(events.Wait("dropped"));
}

Stream<Bytes> ForeverReplies(Events& events, Stream<Bytes>) {
  const Farewell farewell(events, "dropped");
  events.Add("started");
  co_yield Bytes("first");
  co_await Sleep(absl::Hours(1));
}

TEST(FailuresTest, ADeadlinePassesInAStream) {
  Events events;
  Service service;
  service.AddStreaming(kServerStreaming, [&](Stream<Bytes> requests) {
    return ForeverReplies(events, std::move(requests));
  });
  Ends ends(std::move(service));
  while (events.Count("started") == 0) {
    absl::Status status =
        ends.Exchange(kServerStreaming, {"a"}, Within(absl::Milliseconds(200))).status();
    ASSERT_EQ(status.code(), absl::StatusCode::kDeadlineExceeded);
  }
  EXPECT_TRUE(events.Wait("dropped"));
}

TEST(FailuresTest, ADeadlinePassesWhileTheServerHangs) {
  std::latch may_go(1);
  Ends ends(WithUnary([&](Bytes) {
    may_go.wait();  // holds the server's reactor
    return Done<Bytes>(Bytes("late"));
  }));
  absl::StatusOr<std::string> reply = ends.Call(kUnary, "", Within(absl::Milliseconds(200)));
  EXPECT_EQ(reply.status().code(), absl::StatusCode::kDeadlineExceeded);
  may_go.count_down();
}

// Takes connections and says nothing.
class Mute {
 public:
  Mute() : fd_(socket(AF_INET, SOCK_STREAM, 0)) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    EXPECT_EQ(bind(fd_, reinterpret_cast<sockaddr*>(&address), sizeof(address)), 0);
    EXPECT_EQ(listen(fd_, 16), 0);
    socklen_t size = sizeof(address);
    getsockname(fd_, reinterpret_cast<sockaddr*>(&address), &size);
    port_ = ntohs(address.sin_port);
  }
  ~Mute() { close(fd_); }
  std::string address() const { return absl::StrCat("127.0.0.1:", port_); }

 private:
  const int fd_;
  int port_ = 0;
};

TEST(FailuresTest, ADeadlinePassesWhileTheConnectionIsSetUp) {
  Mute mute;
  WorkerPool workers;
  Reactor reactor(workers);
  GrpcChannel channel(mute.address(), reactor);
  reactor.Start();
  absl::StatusOr<Bytes> reply = RunOn(
      reactor, [&] { return channel.Unary(kUnary, Bytes("")); }, Within(absl::Milliseconds(200)));
  EXPECT_EQ(reply.status().code(), absl::StatusCode::kDeadlineExceeded);
}

// Answers how many milliseconds its caller waits at most.
Task<Bytes> Remaining(Bytes) {
  Context context = co_await CurrentContext();
  co_return Bytes(absl::StrCat(absl::ToInt64Milliseconds(context.deadline() - absl::Now())));
}
// Asks the next hop, with less time than it has itself; answers both.
Task<Bytes> AskWithLess(GrpcChannel& next) {
  Bytes mine = co_await Remaining(Bytes());
  Bytes rest = co_await WithTimeout(next.Unary(kUnary, Bytes()), absl::Seconds(20));
  co_return Bytes(absl::StrCat(mine.ToString(), " ", rest.ToString()));
}
// Asks the next hop within what is left.
Task<Bytes> Ask(GrpcChannel& next) {
  Bytes mine = co_await Remaining(Bytes());
  Bytes rest = co_await next.Unary(kUnary, Bytes());
  co_return Bytes(absl::StrCat(mine.ToString(), " ", rest.ToString()));
}

TEST(FailuresTest, DeadlinesShrinkFromHopToHop) {
  Ends last(WithUnary(Remaining));
  std::unique_ptr<GrpcChannel> to_last, to_middle;
  Ends middle(WithUnary([&](Bytes) { return AskWithLess(*to_last); }));
  Ends first(WithUnary([&](Bytes) { return Ask(*to_middle); }));
  to_last = std::make_unique<GrpcChannel>(last.server().addresses()[0], middle.server().reactor(0),
                                          ChannelOptions());
  to_middle = std::make_unique<GrpcChannel>(middle.server().addresses()[0],
                                            first.server().reactor(0), ChannelOptions());
  absl::StatusOr<std::string> reply = first.Call(kUnary, "", Within(absl::Seconds(40)));
  ASSERT_TRUE(reply.ok()) << reply.status();
  std::vector<int> milliseconds;
  std::istringstream numbers(*reply);
  for (int each = 0; numbers >> each;) milliseconds.push_back(each);
  ASSERT_EQ(milliseconds.size(), 3u);
  // gRPC rounds up, by 1 % at most.
  EXPECT_LE(milliseconds[0], 40'400);
  EXPECT_LE(milliseconds[1], milliseconds[0] * 1.01);
  EXPECT_LE(milliseconds[2], 20'200);
}

TEST(FailuresTest, AnUnknownMethodIsNamedWithWhatIsServed) {
  Ends ends(WithUnary([](Bytes) { return Done<Bytes>(Bytes("")); }));
  constexpr Method kOther{.chainlet = "test.Other", .name = "Run", .path = "/test.Other/Run"};
  absl::Status status = ends.Call(kOther, "").status();
  EXPECT_EQ(status.code(), absl::StatusCode::kUnimplemented);
  EXPECT_THAT(MessageOf(status), AllOf(HasSubstr("/test.Other/Run"), HasSubstr("echo-0"),
                                       HasSubstr("serves test.Echo")));
}

TEST(FailuresTest, AFailureCarriesMessagePayloadsAndPath) {
  Ends ends(WithUnary([](Bytes) {
    absl::Status failure = absl::InvalidArgumentError("names ist leer – grüß dich");
    failure.SetPayload("example.com/why", absl::Cord("because"));
    const Hop hop{.chainlet = "hello.SayHello", .method = "RunRemote", .replica = "say-0"};
    return Done<Bytes>(WithHop(failure, hop));
  }));
  absl::Status status = ends.Call(kUnary, "").status();
  EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument);
  EXPECT_EQ(MessageOf(status), "names ist leer – grüß dich");
  EXPECT_EQ(status.GetPayload("example.com/why"), absl::Cord("because"));
  ASSERT_EQ(PathOf(status).size(), 1u);
  EXPECT_EQ(PathOf(status)[0].replica, "say-0");
}

TEST(FailuresTest, ALongMessageIsCutBetweenCharacters) {
  Ends ends(WithUnary([](Bytes) {
    std::string text = "x";
    for (int i = 0; i < 5000; ++i) text += "ü";
    return Done<Bytes>(absl::InternalError(text));
  }));
  absl::Status status = ends.Call(kUnary, "").status();
  EXPECT_EQ(status.code(), absl::StatusCode::kInternal);
  EXPECT_EQ(status.message().size(), 2047u);
  EXPECT_THAT(MessageOf(status), ::testing::EndsWith("ü"));
}

// gRPC drops what has more than 8 KiB of trailing metadata, and quotes characters in three bytes.
TEST(FailuresTest, AMessageThatIsQuotedIsCutWhereThereIsNoRoom) {
  Ends ends(WithUnary([](Bytes) {
    absl::Status failure = absl::NotFoundError(std::string(2048, '\n'));
    failure.SetPayload("example.com/why", absl::Cord(std::string(3900, 'w')));
    return Done<Bytes>(failure);
  }));
  absl::Status status = ends.Call(kUnary, "").status();
  EXPECT_EQ(status.code(), absl::StatusCode::kNotFound) << status;
  EXPECT_THAT(status.message().size(), ::testing::AllOf(::testing::Gt(500u), ::testing::Lt(900u)));
  EXPECT_EQ(status.GetPayload("example.com/why")->size(), 3900u);
}

TEST(FailuresTest, AnExceptionIsInternal) {
  Ends ends(WithUnary([](Bytes) -> Task<Bytes> {
    if (true) std::vector<int>().at(1);
    co_return Bytes();
  }));
  EXPECT_EQ(ends.Call(kUnary, "").status().code(), absl::StatusCode::kInternal);
}

TEST(FailuresTest, ATooLargeReplyIsRefusedWithItsSize) {
  Ends ends(WithUnary([](Bytes) { return Done<Bytes>(Bytes(std::string(110'000'000, 'x'))); }));
  absl::Status status = ends.Call(kUnary, "").status();
  EXPECT_EQ(status.code(), absl::StatusCode::kResourceExhausted);
  EXPECT_THAT(MessageOf(status), HasSubstr("110000000 bytes"));
}

TEST(FailuresTest, WhereNothingListensIsNamedAtOnce) {
  std::string address;
  {
    Mute mute;
    address = mute.address();
  }
  WorkerPool workers;
  Reactor reactor(workers);
  GrpcChannel channel(address, reactor);
  reactor.Start();
  for (int i = 0; i < 3; ++i) {
    absl::Status status = RunOn(reactor, [&] { return channel.Unary(kUnary, Bytes("")); }).status();
    EXPECT_EQ(status.code(), absl::StatusCode::kUnavailable);
    EXPECT_THAT(MessageOf(status), HasSubstr(address));
  }
}

Task<std::string> CallUntilItAnswers(GrpcChannel& channel) {
  while (true) {
    absl::StatusOr<Bytes> reply = co_await Outcome(channel.Unary(kUnary, Bytes("")));
    if (reply.ok()) co_return reply->ToString();
    if (reply.status().code() != absl::StatusCode::kUnavailable) co_return reply.status();
    co_await Sleep(absl::Milliseconds(5));
  }
}

TEST(FailuresTest, AChannelConnectsWhenItsServerComes) {
  const std::string path = absl::StrCat("unix:", SocketPath());
  WorkerPool workers;
  Reactor reactor(workers);
  GrpcChannel channel(path, reactor);
  reactor.Start();
  EXPECT_FALSE(RunOn(reactor, [&] { return channel.Unary(kUnary, Bytes("")); }).ok());
  GrpcServer::Options options = Ends::Options();
  options.listen = {path};
  for (int restarts = 0; restarts < 2; ++restarts) {
    Ends ends(WithUnary([](Bytes) { return Done<Bytes>(Bytes("here")); }), options);
    absl::StatusOr<std::string> reply = RunOn(
        reactor, [&] { return CallUntilItAnswers(channel); }, Within(absl::Seconds(30)));
    ASSERT_TRUE(reply.ok()) << reply.status();
    EXPECT_EQ(*reply, "here");
  }
}

TEST(FailuresTest, ACallFromAnotherLoopIsRefused) {
  Ends ends(WithUnary([](Bytes) { return Done<Bytes>(Bytes("")); }));
  absl::Status status = Wait(ends.channel().Unary(kUnary, Bytes(""))).status();
  EXPECT_EQ(status.code(), absl::StatusCode::kFailedPrecondition);
  EXPECT_THAT(MessageOf(status), HasSubstr("another loop"));
  status = Wait(Collect(ends.channel().Streaming(kBidirectional, Items({"a"})))).status();
  EXPECT_EQ(status.code(), absl::StatusCode::kFailedPrecondition);
}

TEST(FailuresTest, MoreCallsThanTheLimitAreRefusedByItsName) {
  GrpcServer::Options options = Ends::Options();
  options.max_calls = 2;
  Events events;
  Ends ends(WithUnary([&](Bytes) { return Forever(events); }), options);
  Started one(ends.client(), [&] { return CallOnce(ends.channel()); });
  Started other(ends.client(), [&] { return CallOnce(ends.channel()); });
  ASSERT_TRUE(events.Wait("started", 2));
  absl::Status status = ends.Call(kUnary, "").status();
  EXPECT_EQ(status.code(), absl::StatusCode::kResourceExhausted);
  EXPECT_THAT(MessageOf(status), HasSubstr("max_calls"));
}

TEST(FailuresTest, APortInUseIsNamed) {
  Ends ends(WithUnary([](Bytes) { return Done<Bytes>(Bytes("")); }));
  GrpcServer::Options options = Ends::Options();
  options.listen = ends.server().addresses();
  absl::Status status = GrpcServer::Listen(options, ends.workers()).status();
  EXPECT_EQ(status.code(), absl::StatusCode::kUnavailable);
  EXPECT_THAT(MessageOf(status), AllOf(HasSubstr(options.listen[0]), HasSubstr("in use")));
}

TEST(FailuresTest, AUnixSocketInUseIsNotTakenOver) {
  GrpcServer::Options options = Ends::Options();
  options.listen = {absl::StrCat("unix:", SocketPath())};
  Ends ends(WithUnary([](Bytes) { return Done<Bytes>(Bytes("first")); }), options);
  absl::Status status = GrpcServer::Listen(options, ends.workers()).status();
  EXPECT_THAT(MessageOf(status), HasSubstr(options.listen[0]));
  EXPECT_EQ(*ends.Call(kUnary, ""), "first");
}

TEST(FailuresTest, WhatIsNoAddressIsNamed) {
  WorkerPool workers;
  GrpcServer::Options options = Ends::Options();
  options.listen = {"nonsense"};
  EXPECT_THAT(MessageOf(GrpcServer::Listen(options, workers).status()),
              HasSubstr("nonsense: an address is host:port or unix:/path"));
}

}  // namespace
}  // namespace chains
