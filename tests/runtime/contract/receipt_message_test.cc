// Receipts as bytes: what is kept of one that is too large, and what is made of a peer's.
#include "chains/contract/receipt_message.h"

#include <memory>
#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "absl/strings/str_cat.h"
#include "chains/testing/fake_clock.h"

namespace chains {
namespace {

using internal::CalleeSide;
using internal::CallFigures;
using internal::CallRecord;
using internal::Receipt;
using ::testing::ElementsAre;

constexpr absl::Duration kMs = absl::Milliseconds(1);

class ReceiptMessageTest : public ::testing::Test {
 protected:
  // A call that took so long.
  CallRecord& Add(CallRecord& caller, std::string_view method, absl::Duration elapsed) {
    CallFigures figures;
    figures.chainlet = "test.Callee";
    figures.method = method;
    figures.elapsed = elapsed;
    figures.code = absl::StatusCode::kOk;
    return *caller.Add(std::move(figures), clock_.Now());
  }
  static std::vector<std::string> NamesOf(const v1::ReceiptCall& call) {
    std::vector<std::string> names = {call.method()};
    for (const v1::ReceiptCall& each : call.calls()) {
      for (const std::string& name : NamesOf(each)) names.push_back(name);
    }
    return names;
  }
  static size_t CountIn(const v1::ReceiptCall& call) { return NamesOf(call).size(); }

  testing::FakeClock clock_;
  std::shared_ptr<Receipt> receipt_ = Receipt::Begin(clock_);
  const Context context_ = receipt_->Under(Context());
  CallRecord& first_ = Add(*context_.record(), "First", 100 * kMs);
};

TEST_F(ReceiptMessageTest, HoldsEveryFigure) {
  first_.figures = {.chainlet = "a.A",
                    .method = "Run",
                    .replica = "a-0",
                    .attempt = 2,
                    .code = absl::StatusCode::kAborted,
                    .callee = CalleeSide::kKnown,
                    .start = absl::Microseconds(1),
                    .elapsed = absl::Microseconds(2),
                    .retries = absl::Microseconds(3),
                    .total = absl::Microseconds(4),
                    .queue = absl::Microseconds(5),
                    .user = absl::Microseconds(6),
                    .serialize = absl::Microseconds(7),
                    .network = absl::Microseconds(8),
                    .items = 9,
                    .calls_left_out = 10};
  EXPECT_EQ(MessageOf(first_).ShortDebugString(),
            "call { chainlet: \"a.A\" method: \"Run\" replica: \"a-0\" attempt: 2 code: 10 "
            "start_us: 1 elapsed_us: 2 retries_us: 3 total_us: 4 queue_us: 5 user_us: 6 "
            "serialize_us: 7 network_us: 8 items: 9 calls_left_out: 10 }");
}

TEST_F(ReceiptMessageTest, LeavesOutTheShortestCallsFirst) {
  CallRecord& longest = Add(first_, "Longest", 90 * kMs);
  Add(longest, "Below", 80 * kMs);
  Add(first_, "Short", 1 * kMs);
  CallRecord& middle = Add(first_, "Middle", 50 * kMs);
  Add(middle, "Shortest", 0 * kMs);
  const auto at_most = [](size_t count) {
    return [count](const v1::Receipt& receipt) { return CountIn(receipt.call()) <= count; };
  };
  const v1::Receipt whole = MessageOf(first_);
  EXPECT_THAT(NamesOf(CutReceipt(whole, at_most(9)).call()),
              ElementsAre("First", "Longest", "Below", "Short", "Middle", "Shortest"));
  const v1::Receipt four = CutReceipt(whole, at_most(4));
  EXPECT_THAT(NamesOf(four.call()), ElementsAre("First", "Longest", "Below", "Middle"));
  EXPECT_EQ(four.calls_left_out(), 2u);
  EXPECT_EQ(four.call().calls_left_out(), 1u);
  EXPECT_EQ(four.call().calls(1).calls_left_out(), 1u);
  EXPECT_THAT(NamesOf(CutReceipt(whole, at_most(2)).call()), ElementsAre("First", "Longest"));
  EXPECT_FALSE(CutReceipt(whole, at_most(0)).has_call());
}

TEST_F(ReceiptMessageTest, OfEquallyLongOnesLeavesOutTheDeeperThenTheLater) {
  first_.figures.elapsed = absl::ZeroDuration();
  CallRecord& early = Add(first_, "Early", absl::ZeroDuration());
  Add(early, "Below", absl::ZeroDuration());
  Add(first_, "Late", absl::ZeroDuration());
  const auto kept = [&](size_t count) {
    return NamesOf(CutReceipt(MessageOf(first_), [count](const v1::Receipt& receipt) {
                     return CountIn(receipt.call()) <= count;
                   }).call());
  };
  EXPECT_THAT(kept(3), ElementsAre("First", "Early", "Late"));
  EXPECT_THAT(kept(2), ElementsAre("First", "Early"));
}

TEST_F(ReceiptMessageTest, FitsIntoWhatItIsGiven) {
  for (int i = 0; i < 500; ++i) Add(first_, absl::StrCat("Method", i), i * kMs);
  for (const size_t max : {4096, 1000, 100}) {
    const std::string bytes = EncodeReceipt(first_, max);
    v1::Receipt receipt;
    ASSERT_TRUE(receipt.ParseFromString(bytes));
    EXPECT_LE(bytes.size(), max);
    EXPECT_GT(bytes.size(), max - 70);  // no more is cut than must be
    EXPECT_EQ(CountIn(receipt.call()) + receipt.calls_left_out(), 501u);
  }
  EXPECT_EQ(EncodeReceipt(first_, 5), "");
}

TEST_F(ReceiptMessageTest, ADeepChainIsCutToWhatAPeerCanRead) {
  CallRecord* deepest = &first_;
  for (int i = 1; i < 200; ++i) deepest = &Add(*deepest, "Deeper", 100 * kMs);
  const v1::Receipt whole = MessageOf(first_);
  EXPECT_EQ(CountIn(whole.call()), kMaxReceiptDepth);
  EXPECT_EQ(whole.calls_left_out(), 200u - kMaxReceiptDepth);
  v1::Receipt read;
  EXPECT_TRUE(read.ParseFromString(EncodeReceipt(first_, 1 << 20)));
}

TEST_F(ReceiptMessageTest, APeersCallsArePlacedInTheMiddleOfTheNetworksTime) {
  v1::Receipt peers;
  v1::ReceiptCall& there = *peers.mutable_call();
  there.set_replica("a-1");
  there.set_total_us(6000);
  there.set_queue_us(1000);
  there.set_user_us(2000);
  there.set_serialize_us(500);
  v1::ReceiptCall& below = *there.add_calls();
  below.set_method("Below");
  below.set_start_us(3000);
  below.add_calls()->set_start_us(7);
  first_.figures.queue = 2 * kMs;
  first_.figures.serialize = 1 * kMs;

  const absl::Time sent = clock_.Now() + 3 * kMs;
  AddAnswer(first_, peers.SerializeAsString(), sent, sent + 10 * kMs);
  const CallFigures& figures = first_.figures;
  EXPECT_EQ(figures.callee, CalleeSide::kKnown);
  EXPECT_EQ(figures.method, "First");
  EXPECT_EQ(figures.replica, "a-1");
  EXPECT_EQ(figures.total, 6 * kMs);
  EXPECT_EQ(figures.network, 4 * kMs);
  EXPECT_EQ(figures.queue, 3 * kMs);
  EXPECT_EQ(figures.user, 2 * kMs);
  EXPECT_EQ(figures.serialize, absl::Microseconds(1500));
  EXPECT_EQ(first_.calls().front()->figures.start, 3 * kMs + 2 * kMs + 3 * kMs);
  EXPECT_EQ(first_.calls().front()->calls().front()->figures.start, absl::Microseconds(7));
}

TEST_F(ReceiptMessageTest, WhatIsNoReceiptIsNotedAsSuch) {
  const std::string huge(9000, '\0');
  for (const std::string& bytes : {std::string("\xff\xff"), std::string("?"), std::string(), huge,
                                   v1::Receipt().SerializeAsString()}) {
    first_.figures.callee = CalleeSide::kSilent;
    AddAnswer(first_, bytes, clock_.Now(), clock_.Now());
    EXPECT_EQ(first_.figures.callee, CalleeSide::kUnreadable);
    EXPECT_TRUE(first_.calls().empty());
  }
}

TEST_F(ReceiptMessageTest, APeersFiguresAreBroughtWithinBounds) {
  v1::Receipt peers;
  peers.set_calls_left_out(0xFFFFFFFF);
  v1::ReceiptCall& there = *peers.mutable_call();
  there.set_total_us(~uint64_t{0});
  there.set_items(~uint64_t{0});
  there.set_replica(std::string(1000, 'x'));
  for (int i = 0; i < 1000; ++i) there.add_calls()->set_code(99);
  AddAnswer(first_, peers.SerializeAsString(), clock_.Now(), clock_.Now());
  EXPECT_EQ(first_.figures.callee, CalleeSide::kKnown);
  EXPECT_EQ(first_.figures.network, absl::ZeroDuration());
  EXPECT_LE(first_.figures.total, absl::Hours(24 * 30));
  EXPECT_EQ(first_.figures.replica.size(), kMaxReceiptName);
  EXPECT_EQ(first_.calls().size(), Receipt::kMaxCalls - 1);
  EXPECT_EQ(first_.calls().front()->figures.code, absl::StatusCode::kUnknown);
  EXPECT_EQ(first_.calls().front()->figures.attempt, 1);
  EXPECT_GT(MessageOf(first_).calls_left_out(), 1'000'000u);
}

}  // namespace
}  // namespace chains
