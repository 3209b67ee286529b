// Unary calls that share a stream: when they do, and what becomes of them when it ends. All else
// that is true of calls is tested of both ways (ends.h).
#include <algorithm>
#include <filesystem>
#include <latch>
#include <memory>
#include <optional>
#include <string>
#include <system_error>
#include <thread>
#include <utility>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "absl/strings/str_cat.h"
#include "chains/core/all.h"
#include "chains/core/blocking.h"
#include "chains/grpc/carried_reader.h"
#include "chains/grpc/carried_writer.h"
#include "chains/grpc/client_carrier.h"
#include "chains/testing/fault_proxy.h"
#include "chains/testing/status_matchers.h"
#include "ends.h"
#include "raw_carrier.h"

namespace chains {
namespace {

using testing::FaultProxy;
using ::testing::HasSubstr;
using testing::IsOk;
using testing::StatusIs;
using ::testing::UnorderedElementsAre;

Service WithUnary(Service::UnaryHandler handler) {
  Service service;
  service.AddUnary(kUnary, std::move(handler));
  return service;
}
Task<Bytes> Echo(Bytes request) { co_return request; }

GrpcServer::Options Known() {
  GrpcServer::Options options = Ends::Options();
  options.contracts = {&EchoContract()};
  return options;
}

// A server that knows carriers, and a channel whose calls share one. Calls that came alone are seen
// by their stream: gRPC tells the server of each.
class CarrierTest : public ::testing::Test {
 protected:
  void Serve(Service service, GrpcServer::Options options = Known()) {
    ends_.emplace(std::move(service), std::move(options));
    Connect(ends_->server().addresses().front());
  }
  void Connect(const std::string& address, GrpcChannel::Options options = {.carries = true}) {
    channel_ = std::make_unique<GrpcChannel>(address, ends_->client(), options);
    AwaitCarrier(*channel_, ends_->client());
  }
  void TearDown() override {
    if (ends_) OnClient([this] { channel_.reset(); });
  }
  void OnClient(absl::AnyInvocable<void()> work) {
    if (ends_->client().ended()) return work();
    std::latch done(1);
    ends_->client().Post([&] {
      work();
      done.count_down();
    });
    done.wait();
  }
  absl::StatusOr<std::string> Call(const std::string& request,
                                   absl::Duration timeout = absl::Seconds(50)) {
    const auto reply = RunOn(
        ends_->client(), [&] { return channel_->Unary(kUnary, Bytes(request)); }, Within(timeout));
    if (!reply.ok()) return reply.status();
    return reply->ToString();
  }
  bool Carrying() {
    bool carrying = false;
    OnClient([&] { carrying = channel_->carrying(); });
    return carrying;
  }

  std::optional<Ends> ends_;
  std::unique_ptr<GrpcChannel> channel_;
};

Task<int> AnsweredOf(GrpcChannel& channel, int calls) {
  std::vector<Task<Bytes>> tasks;
  for (int i = 0; i < calls; ++i) tasks.push_back(channel.Unary(kUnary, Bytes(absl::StrCat(i))));
  const std::vector<Bytes> replies = co_await All(std::move(tasks));
  int right = 0;
  for (int i = 0; i < calls; ++i) right += replies[i].ToString() == absl::StrCat(i) ? 1 : 0;
  co_return right;
}

TEST_F(CarrierTest, EachOfManyCallsGetsItsOwnAnswer) {
  Serve(WithUnary(Echo));
  for (const int calls : {1, 3, 1000, 10'000}) {  // some of the last go alone: there is a bound
    EXPECT_EQ(*RunOn(
                  ends_->client(), [&] { return AnsweredOf(*channel_, calls); },
                  Within(absl::Seconds(50))),
              calls);
  }
  EXPECT_TRUE(Carrying());
}

TEST_F(CarrierTest, AnswersComeInAnyOrder) {
  Events events;
  Serve(WithUnary([&](Bytes request) -> Task<Bytes> {
    const std::string text = request.ToString();
    if (text == "slow") {
      events.Add("slow began");
      co_await Sleep(absl::Milliseconds(20));
    }
    co_return Bytes(text);
  }));
  std::vector<std::string> order;
  const auto call = [&](std::string text) -> Task<void> {
    const Bytes reply = co_await channel_->Unary(kUnary, Bytes(text));
    order.push_back(reply.ToString());
  };
  const auto both = [&]() -> Task<void> {
    std::vector<Task<void>> calls;
    calls.push_back(call("slow"));
    calls.push_back(call("fast"));
    co_await All(std::move(calls));
  };
  EXPECT_THAT(RunOn(ends_->client(), both, Within(absl::Seconds(50))), IsOk());
  EXPECT_THAT(order, ::testing::ElementsAre("fast", "slow"));
}

TEST_F(CarrierTest, LargeMessagesGoAloneAndOthersGoOn) {
  Serve(WithUnary([](Bytes request) -> Task<Bytes> {
    const std::string text = request.ToString();
    co_return Bytes(text == "more" ? std::string(1'000'000, 'm') : text);
  }));
  const std::string large(2'000'000, 'l');
  EXPECT_EQ(*Call(large), large);
  EXPECT_EQ(Call("more")->size(), 1'000'000);  // on the carrier, once
  EXPECT_EQ(Call("more")->size(), 1'000'000);  // alone
  EXPECT_EQ(*Call("small"), "small");
  EXPECT_TRUE(Carrying());
}

TEST_F(CarrierTest, ACalleeThatTakesNoCarriersIsCalledAsEver) {
  GrpcServer::Options options = Known();
  options.carriers = false;
  ends_.emplace(WithUnary(Echo), std::move(options));
  channel_ = std::make_unique<GrpcChannel>(ends_->server().addresses().front(), ends_->client(),
                                           GrpcChannel::Options{.carries = true});
  for (int i = 0; i < 100; ++i) EXPECT_EQ(*Call("alone"), "alone");
  EXPECT_FALSE(Carrying());
}

TEST_F(CarrierTest, WhatRunsIsAnsweredWhenItsCalleeLeavesAndWhatComesThenIsNot) {
  Events events;
  std::latch answer(1);
  Serve(WithUnary([&](Bytes) -> Task<Bytes> {
    events.Add("began");
    co_await Blocking([&] { answer.wait(); });
    co_return Bytes("answered");
  }));
  std::optional<absl::StatusOr<Bytes>> outcome;
  const auto keep = [&]() -> Task<void> {
    auto answered = co_await Outcome(channel_->Unary(kUnary, Bytes("")));
    outcome.emplace(std::move(answered));
    events.Add("ended");
  };
  Started call(ends_->client(), [&] { return keep(); });
  ASSERT_TRUE(events.Wait("began"));
  std::thread drain([&] { ends_->server().Drain(absl::Now() + absl::Seconds(50)); });
  while (Carrying()) {  // until the callee has said that it leaves
  }
  answer.count_down();
  ASSERT_TRUE(events.Wait("ended"));
  EXPECT_EQ((*outcome)->ToString(), "answered");
  drain.join();
  EXPECT_THAT(Call("late"), StatusIs(absl::StatusCode::kUnavailable));
}

TEST_F(CarrierTest, ALostConnectionFailsWhatItsCalleeMayHaveSeenAndTheNextOneCarries) {
  Events events;
  Serve(WithUnary([&](Bytes request) -> Task<Bytes> {
    if (request.ToString() == "wait") return Forever(events);
    return Echo(std::move(request));
  }));
  FaultProxy::Options through;
  through.target = ends_->server().addresses().front();
  const auto proxy = FaultProxy::Start(through);
  ASSERT_THAT(proxy, IsOk());
  OnClient([this] { channel_.reset(); });
  Connect((*proxy)->address());
  absl::Status status;
  const auto keep = [&]() -> Task<void> {
    status = (co_await Outcome(channel_->Unary(kUnary, Bytes("wait")))).status();
    events.Add("ended");
  };
  Started call(ends_->client(), [&] { return keep(); });
  ASSERT_TRUE(events.Wait("started"));
  (*proxy)->ResetAll();
  ASSERT_TRUE(events.Wait("ended"));
  EXPECT_THAT(status, StatusIs(absl::StatusCode::kUnavailable, HasSubstr((*proxy)->address())));
  EXPECT_TRUE(events.Wait("dropped")) << "the callee goes on for nobody";
  AwaitCarrier(*channel_, ends_->client());
  EXPECT_EQ(*Call("again"), "again");
}

// Whose channel nobody calls any more, because its replica is gone.
TEST_F(CarrierTest, AnEndedCarrierKeepsNoConnection) {
  Serve(WithUnary(Echo));
  FaultProxy::Options through;
  through.target = ends_->server().addresses().front();
  const auto proxy = FaultProxy::Start(through);
  ASSERT_THAT(proxy, IsOk());
  OnClient([this] { channel_.reset(); });
  Connect((*proxy)->address());
  const auto open = [] {
    int count = 0;
    for (const auto& each : std::filesystem::directory_iterator("/proc/self/fd")) {
      std::error_code gone;
      count += std::filesystem::read_symlink(each.path(), gone).string().rfind("socket:", 0) == 0;
    }
    return count;
  };
  const int before = open();
  (*proxy)->ResetAll();
  const absl::Time late = absl::Now() + absl::Seconds(50);
  while (open() > before - 4 && absl::Now() < late) {  // both ends of both halves
  }
  EXPECT_LE(open(), before - 4);
}

TEST_F(CarrierTest, ManyDeadlinesPassEachForItself) {
  Events events;
  Serve(WithUnary([&](Bytes) { return Forever(events); }));
  constexpr int kCalls = 100;
  const auto late = [&](absl::Duration timeout) -> Task<bool> {
    const auto outcome = co_await Outcome(WithTimeout(channel_->Unary(kUnary, Bytes("")), timeout));
    co_return absl::IsDeadlineExceeded(outcome.status());
  };
  const auto all = [&]() -> Task<std::vector<bool>> {
    std::vector<Task<bool>> calls;
    for (int i = kCalls; i > 0; --i) calls.push_back(late(absl::Milliseconds(i)));
    std::vector<bool> outcomes = co_await All(std::move(calls));
    co_return outcomes;
  };
  const auto outcomes = RunOn(ends_->client(), all, Within(absl::Seconds(50)));
  ASSERT_THAT(outcomes, IsOk());
  EXPECT_EQ(std::count(outcomes->begin(), outcomes->end(), true), kCalls);
  EXPECT_TRUE(events.Wait("dropped", events.Count("started")));
  EXPECT_TRUE(Carrying());
}

// A sibling that fails drops the others, while their deadlines are being told of.
TEST_F(CarrierTest, CallsThatAreLateAtOnceMayDropEachOther) {
  Events events;
  Serve(WithUnary([&](Bytes) { return Forever(events); }));
  const auto all = [&]() -> Task<std::vector<Bytes>> {
    std::vector<Task<Bytes>> calls;
    for (int i = 0; i < 100; ++i) calls.push_back(channel_->Unary(kUnary, Bytes("")));
    return All(std::move(calls));
  };
  EXPECT_THAT(RunOn(ends_->client(), all, Within(absl::Milliseconds(20))).status(),
              StatusIs(absl::StatusCode::kDeadlineExceeded));
  EXPECT_TRUE(events.Wait("dropped", events.Count("started")));
}

TEST_F(CarrierTest, ACallOutlivesItsChannel) {
  Events events;
  std::latch answer(1);
  Serve(WithUnary([&](Bytes) -> Task<Bytes> {
    events.Add("began");
    co_await Blocking([&] { answer.wait(); });
    co_return Bytes("answered");
  }));
  std::string reply;
  const auto keep = [&]() -> Task<void> {
    const Bytes answered = co_await channel_->Unary(kUnary, Bytes(""));
    reply = answered.ToString();
    events.Add("ended");
  };
  Started call(ends_->client(), [&] { return keep(); });
  ASSERT_TRUE(events.Wait("began"));
  OnClient([this] { channel_.reset(); });
  answer.count_down();
  ASSERT_TRUE(events.Wait("ended"));
  EXPECT_EQ(reply, "answered");
}

TEST_F(CarrierTest, CarriersGrowOldAndNoCallIsLost) {
  GrpcServer::Options options = Known();
  options.max_connection_age = absl::Milliseconds(20);
  Serve(WithUnary(Echo), std::move(options));
  const GrpcChannel::Options again{.transparent_retries = true, .carries = true};
  OnClient([this] { channel_.reset(); });
  Connect(ends_->server().addresses().front(), again);
  int carriers = 0;
  bool carried = true;
  const absl::Time late = absl::Now() + absl::Seconds(50);
  for (int lost = 0; carriers < 5 && absl::Now() < late;) {
    const bool carries = Carrying();
    carriers += carries && !carried ? 1 : 0;
    carried = carries;
    const auto reply = Call("a");
    if (reply.ok()) {
      lost = 0;
      continue;
    }
    // One that came alone and met the end of its connection.
    ASSERT_THAT(reply, StatusIs(absl::StatusCode::kUnavailable));
    ASSERT_LT(++lost, 10) << reply.status();
  }
  EXPECT_GE(carriers, 5);
}

TEST_F(CarrierTest, MoreCallsThanTheLimitAreRefusedByItsName) {
  Events events;
  GrpcServer::Options options = Known();
  options.max_calls = 2;
  Serve(WithUnary([&](Bytes) { return Forever(events); }), std::move(options));
  Started one(ends_->client(), [&] { return CallOnce(*channel_); });
  Started other(ends_->client(), [&] { return CallOnce(*channel_); });
  ASSERT_TRUE(events.Wait("started", 2));
  EXPECT_THAT(Call(""), StatusIs(absl::StatusCode::kResourceExhausted, HasSubstr("max_calls")));
  one.Drop();
  other.Drop();
  EXPECT_TRUE(events.Wait("dropped", 2));
}

TEST_F(CarrierTest, ACallerThatDoesNotGoIsLeft) {
  Serve(WithUnary(Echo));
  RawCarrier stays(ends_->server().addresses().front());
  ASSERT_TRUE(stays.Read());  // it is open
  std::thread drain([&] { ends_->server().Drain(absl::Now() + absl::Seconds(600)); });
  bool leaving = false;
  while (const std::optional<Bytes> said = stays.Read()) {
    const absl::Status read = internal::ReadCarriedAnswers(
        *said, [](internal::ReceivedAnswer&) {}, [&leaving] { leaving = true; });
    EXPECT_THAT(read, IsOk());
  }
  EXPECT_TRUE(leaving);
  EXPECT_TRUE(stays.Finish().ok());
  drain.join();
}

TEST_F(CarrierTest, WhatAStrangerGetsWrongIsAnsweredOrLeftOut) {
  Serve(WithUnary(Echo));
  internal::CarriedWriter calls;
  calls.AddCall(1, kUnary.path, 0, Context(), false, Bytes("a"));
  calls.AddCall(1, kUnary.path, 0, Context(), false, Bytes("the same id"));
  calls.AddCall(2, kServerStreaming.path, 0, Context(), false, Bytes("c"));
  calls.AddCall(3, "/test.Echo/NoSuchMethod", 0, Context(), false, Bytes());
  calls.AddCancelled(99);
  RawCarrier stranger(ends_->server().addresses().front());
  ASSERT_TRUE(stranger.Write(calls.Take().ToString()));
  ASSERT_TRUE(stranger.SayAll());
  std::vector<std::string> answers;
  while (const std::optional<Bytes> said = stranger.Read()) {
    const absl::Status read = internal::ReadCarriedAnswers(
        *said,
        [&answers](internal::ReceivedAnswer& answer) {
          answers.push_back(absl::StrCat(answer.id, " ", answer.end.status.error_code()));
        },
        [] {});
    EXPECT_THAT(read, IsOk());
  }
  EXPECT_THAT(answers, UnorderedElementsAre("1 0", "2 12", "3 12"));
  EXPECT_TRUE(stranger.Finish().ok());
  EXPECT_EQ(*Call("still here"), "still here");
}

TEST_F(CarrierTest, NonsenseEndsItsStreamAlone) {
  Serve(WithUnary(Echo));
  RawCarrier stranger(ends_->server().addresses().front());
  ASSERT_TRUE(stranger.Write("\xff\xff\xff"));
  while (stranger.Read()) {
  }
  EXPECT_EQ(stranger.Finish().error_code(), grpc::StatusCode::INVALID_ARGUMENT);
  EXPECT_EQ(*Call("still here"), "still here");
}

}  // namespace
}  // namespace chains
