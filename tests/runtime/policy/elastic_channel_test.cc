#include "chains/policy/elastic_channel.h"

#include <algorithm>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "chains/core/all.h"
#include "chains/core/wait.h"
#include "chains/testing/running.h"
#include "scripted_channel.h"

namespace chains {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using testing::Running;

constexpr Method kMethod = {.chainlet = "t.T", .name = "Run", .path = "/t.T/Run"};
constexpr Method kStream = {
    .chainlet = "t.T", .name = "Each", .path = "/t.T/Each", .kind = MethodKind::kBidirectional};

// What the ways of a test do, and what was done to them.
struct World {
  absl::Duration hold = absl::Milliseconds(1);
  std::map<std::string, absl::Status> failures;
  std::map<std::string, int> connected;
  std::vector<std::string> destroyed;
  std::vector<std::string> calls;    // "address:request"
  std::vector<std::string> dropped;  // of those that did not end
};

class FakeWay final : public Channel {
 public:
  FakeWay(World& world, std::string address) : world_(world), address_(std::move(address)) {
    ++world_.connected[address_];
  }
  ~FakeWay() override { world_.destroyed.push_back(address_); }
  Task<Bytes> Unary(const Method&, Bytes request) override {
    Call call(world_, address_ + ":" + request.ToString());
    co_await Sleep(world_.hold);
    call.ended = true;
    co_await world_.failures[address_];
    co_return Bytes(address_);
  }
  Stream<Bytes> Streaming(const Method&, Stream<Bytes> requests) override {
    while (std::optional<Bytes> request = co_await requests.Next()) {
      Call call(world_, address_ + ":" + request->ToString());
      call.ended = true;
      co_yield Bytes(address_);
    }
  }

 private:
  struct Call {
    Call(World& in, std::string name) : world(in), what(std::move(name)) {
      world.calls.push_back(what);
    }
    ~Call() {
      if (!ended) world.dropped.push_back(what);
    }
    World& world;
    const std::string what;
    bool ended = false;
  };
  World& world_;
  const std::string address_;
};

class ElasticChannelTest : public ::testing::Test {
 protected:
  ElasticChannel Make(ElasticChannel::Options options = {.name = "t.T"}) {
    return ElasticChannel(
        [this](const ElasticChannel::Way& way) {
          return std::make_unique<FakeWay>(world_, way.address);
        },
        std::move(options), [this] { ++began_to_wait_; });
  }
  static std::vector<ElasticChannel::Way> At(const std::vector<std::string>& addresses) {
    std::vector<ElasticChannel::Way> ways;
    for (const std::string& address : addresses) ways.push_back({.address = address});
    return ways;
  }
  static Task<std::string> Call(ElasticChannel& channel, std::string request = "x") {
    Bytes reply = co_await channel.Unary(kMethod, Bytes(request));
    co_return reply.ToString();
  }
  static Stream<Bytes> Items(int count) {
    for (int i = 0; i < count; ++i) co_yield Bytes(std::to_string(i));
  }
  static Task<int> CountReplies(ElasticChannel& channel, int count) {
    Stream<Bytes> replies = channel.Streaming(kStream, Items(count));
    int received = 0;
    while (std::optional<Bytes> reply = co_await replies.Next()) ++received;
    co_return received;
  }
  static Task<int> CallMany(ElasticChannel& channel, int count) {
    std::vector<Task<std::string>> calls;
    for (int i = 0; i < count; ++i) calls.push_back(Call(channel));
    std::vector<absl::StatusOr<std::string>> outcomes = co_await AllSettled(std::move(calls));
    co_return static_cast<int>(std::count_if(outcomes.begin(), outcomes.end(),
                                             [](const auto& each) { return !each.ok(); }));
  }
  // Lets time pass until all are done.
  template <typename... Call>
  void Await(const Call&... calls) {
    clock_.RunUntil([&] { return (calls.done() && ...); });
  }
  int CallsAt(const std::string& address) const {
    return static_cast<int>(
        std::count_if(world_.calls.begin(), world_.calls.end(), [&](const std::string& call) {
          return call.compare(0, address.size() + 1, address + ":") == 0;
        }));
  }

  testing::FakeClock clock_;
  World world_;
  int began_to_wait_ = 0;
};

TEST_F(ElasticChannelTest, SpreadsCallsEvenlyOverTwoWays) {
  ElasticChannel channel = Make();
  channel.SetWays(At({"a", "b"}));
  EXPECT_EQ(*Wait(CallMany(channel, 100), clock_), 0);
  EXPECT_EQ(CallsAt("a"), 50);
  EXPECT_EQ(CallsAt("b"), 50);
}

TEST_F(ElasticChannelTest, LeavesAFailingWayOutAfterThreeFailuresInARowForAWhile) {
  ElasticChannel channel = Make({.name = "t.T", .balancing = {.warm_up = absl::ZeroDuration()}});
  channel.SetWays(At({"a", "b"}));
  world_.failures["a"] = absl::UnavailableError("gone");
  int failed = 0;
  for (int i = 0; i < 300; ++i) failed += *Wait(CallMany(channel, 1), clock_);
  EXPECT_EQ(failed, 3);
  world_.failures.clear();
  clock_.Advance(absl::Seconds(2));
  for (int i = 0; i < 100; ++i) failed += *Wait(CallMany(channel, 1), clock_);
  EXPECT_EQ(failed, 3);
  EXPECT_GT(CallsAt("a"), 10);
}

TEST_F(ElasticChannelTest, CallsWithoutAWayWaitInOrderUntilThereIsOne) {
  ElasticChannel channel = Make();
  Running first(clock_, Call(channel, "1"));
  Running second(clock_, Call(channel, "2"));
  Running stream(clock_, CountReplies(channel, 1));
  clock_.Settle();
  EXPECT_EQ(channel.waiting(), 3u);
  EXPECT_EQ(began_to_wait_, 1);

  channel.SetWays(At({"a"}));
  Await(first, second, stream);
  EXPECT_EQ(channel.waiting(), 0u);
  EXPECT_THAT(world_.calls, ElementsAre("a:1", "a:2", "a:0"));
  EXPECT_EQ(*first.outcome(), "a");
  EXPECT_EQ(*stream.outcome(), 1);
}

TEST_F(ElasticChannelTest, SaysAgainThatCallsWaitOnceNoneDidBetween) {
  ElasticChannel channel = Make();
  for (int i = 1; i <= 2; ++i) {
    channel.SetWays({});
    Running call(clock_, Call(channel));
    Running other(clock_, Call(channel));
    clock_.Settle();
    EXPECT_EQ(began_to_wait_, i);
    channel.SetWays(At({"a"}));
    Await(call, other);
  }
}

TEST_F(ElasticChannelTest, ADroppedCallLeavesTheQueue) {
  ElasticChannel channel = Make();
  std::optional<Running<std::string>> first(std::in_place, clock_, Call(channel, "1"));
  Running second(clock_, Call(channel, "2"));
  clock_.Settle();
  first.reset();
  EXPECT_EQ(channel.waiting(), 1u);
  channel.SetWays(At({"a"}));
  Await(second);
  EXPECT_THAT(world_.calls, ElementsAre("a:2"));
}

TEST_F(ElasticChannelTest, ACallThatWaitsEndsWithItsDeadline) {
  ElasticChannel channel = Make();
  absl::StatusOr<std::string> reply =
      Wait(Call(channel), clock_, Context().WithDeadline(clock_.Now() + absl::Seconds(5)));
  EXPECT_EQ(reply.status().code(), absl::StatusCode::kDeadlineExceeded);
  EXPECT_EQ(channel.waiting(), 0u);
}

TEST_F(ElasticChannelTest, ACallThatIsDroppedBetweenTheWayAndItsTurnIsNotMade) {
  ElasticChannel channel = Make();
  std::optional<Running<std::string>> call(std::in_place, clock_, Call(channel));
  clock_.Settle();
  channel.SetWays(At({"a"}));
  call.reset();
  clock_.Settle();
  EXPECT_THAT(world_.calls, IsEmpty());
  EXPECT_EQ(channel.waiting(), 0u);
}

TEST_F(ElasticChannelTest, CallsKeepTheirPlaceWhenTheWayIsGoneBeforeTheirTurn) {
  ElasticChannel channel = Make();
  Running first(clock_, Call(channel, "1"));
  Running second(clock_, Call(channel, "2"));
  clock_.Settle();
  channel.SetWays(At({"a"}));
  channel.SetWays({});
  clock_.Settle();
  EXPECT_EQ(channel.waiting(), 2u);
  channel.SetWays(At({"b"}));
  Await(first, second);
  EXPECT_THAT(world_.calls, ElementsAre("b:1", "b:2"));
}

TEST_F(ElasticChannelTest, RefusesMoreThanMayWait) {
  ElasticChannel channel = Make({.max_waiting = 2, .name = "hello.SayHello"});
  Running first(clock_, Call(channel));
  Running second(clock_, Call(channel));
  absl::StatusOr<std::string> third = Wait(Call(channel), clock_);
  EXPECT_EQ(third.status().code(), absl::StatusCode::kResourceExhausted);
  EXPECT_THAT(std::string(third.status().message()), ::testing::HasSubstr("hello.SayHello"));
  EXPECT_EQ(channel.waiting(), 2u);
}

TEST_F(ElasticChannelTest, AWayThatStaysKeepsItsChannel) {
  ElasticChannel channel = Make();
  channel.SetWays(At({"a", "b"}));
  channel.SetWays(At({"c", "b", "b"}));
  EXPECT_EQ(channel.ways(), 2u);
  EXPECT_THAT(world_.destroyed, ElementsAre("a"));
  EXPECT_EQ(world_.connected["b"], 1);
}

TEST_F(ElasticChannelTest, AWayWithOtherConnectionsIsAnother) {
  ElasticChannel channel = Make();
  channel.SetWays({{.address = "a", .connections = 1}});
  channel.SetWays({{.address = "a", .connections = 2}});
  EXPECT_EQ(world_.connected["a"], 2);
  EXPECT_THAT(world_.destroyed, ElementsAre("a"));
}

TEST_F(ElasticChannelTest, CallsOnAWayThatLeftFinishThere) {
  ElasticChannel channel = Make();
  channel.SetWays(At({"a"}));
  world_.hold = absl::Seconds(10);
  Running old_call(clock_, Call(channel, "1"));
  clock_.Settle();
  channel.SetWays(At({"b"}));
  Running new_call(clock_, Call(channel, "2"));
  EXPECT_EQ(channel.ways(), 1u);
  EXPECT_EQ(channel.leaving(), 1u);
  Await(old_call, new_call);
  EXPECT_EQ(*old_call.outcome(), "a");
  EXPECT_EQ(*new_call.outcome(), "b");
  EXPECT_EQ(channel.leaving(), 0u);
  EXPECT_THAT(world_.destroyed, ElementsAre("a"));
}

TEST_F(ElasticChannelTest, DroppingTheLastCallOfAWayThatLeftDestroysItsChannelAfterTheCall) {
  ElasticChannel channel = Make();
  channel.SetWays(At({"a"}));
  world_.hold = absl::Hours(1);
  std::optional<Running<std::string>> call(std::in_place, clock_, Call(channel, "1"));
  clock_.Settle();
  channel.SetWays({});
  EXPECT_THAT(world_.destroyed, IsEmpty());
  call.reset();
  EXPECT_THAT(world_.dropped, ElementsAre("a:1"));
  EXPECT_THAT(world_.destroyed, ElementsAre("a"));
  EXPECT_EQ(channel.leaving(), 0u);
}

TEST_F(ElasticChannelTest, AStreamOnAWayThatLeftFinishesThere) {
  ElasticChannel channel = Make();
  channel.SetWays(At({"a"}));
  auto leave_in_the_middle = [](ElasticChannel& elastic) -> Task<std::string> {
    Stream<Bytes> replies = elastic.Streaming(kStream, Items(3));
    std::string from;
    while (std::optional<Bytes> reply = co_await replies.Next()) {
      from += reply->ToString();
      elastic.SetWays(At({"b"}));
    }
    co_return from;
  };
  EXPECT_EQ(*Wait(leave_in_the_middle(channel), clock_), "aaa");
  EXPECT_EQ(world_.destroyed.front(), "a");
}

TEST_F(ElasticChannelTest, AWayThatComesBackIsANewOne) {
  ElasticChannel channel = Make();
  channel.SetWays(At({"a"}));
  channel.SetWays({});
  channel.SetWays(At({"a"}));
  EXPECT_EQ(world_.connected["a"], 2);
}

// Ways of which one is gone without anybody having said so yet.
class UnsentTest : public ElasticChannelTest {
 protected:
  ElasticChannel channel_{[this](const ElasticChannel::Way& way) {
                            testing::Script& script = way.address == "gone" ? gone_ : there_;
                            return std::make_unique<testing::ScriptedChannel>(script);
                          },
                          {.name = "t.T"}};
  UnsentTest() { gone_.unreachable = true; }
  testing::Script gone_;
  testing::Script there_;
};

TEST_F(UnsentTest, ARequestThatNeverLeftWaitsForNewsOfTheWays) {
  channel_.SetWays(At({"gone"}));
  Running<std::string> call(clock_, Call(channel_));
  clock_.Advance(absl::Milliseconds(50));
  EXPECT_FALSE(call.done());
  channel_.SetWays(At({"there"}));
  Await(call);
  EXPECT_EQ(*call.outcome(), "x");
  EXPECT_EQ(there_.calls, 1);
}

TEST_F(UnsentTest, WhereNoNewsComeItFailsAfterAWhile) {
  channel_.SetWays(At({"gone"}));
  Running<std::string> call(clock_, Call(channel_));
  const absl::Time began = clock_.Now();
  Await(call);
  EXPECT_EQ(call.outcome().status().code(), absl::StatusCode::kUnavailable);
  EXPECT_GE(clock_.Now() - began, absl::Seconds(1));
  EXPECT_LE(gone_.calls, 10);
}

TEST_F(UnsentTest, ItDoesNotWaitBeyondItsDeadline) {
  channel_.SetWays(At({"gone"}));
  const Context context = Context().WithDeadline(clock_.Now() + absl::Milliseconds(100));
  Running<std::string> call(clock_, Call(channel_), context);
  Await(call);
  EXPECT_EQ(call.outcome().status().code(), absl::StatusCode::kUnavailable);
  EXPECT_LT(clock_.Now(), context.deadline());
}

}  // namespace
}  // namespace chains
