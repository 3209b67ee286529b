// What chainlets answered while a request was recorded, in their places.
#include "chains/chain/recorded_calls.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "chains/contract/status_path.h"
#include "chains/core/text.h"
#include "chains/testing/collect.h"
#include "chains/testing/fake_clock.h"
#include "chains/testing/testing.h"
#include "tests/runtime/chain/recorded.h"
#include "zoo.chains.h"

namespace chains {
namespace {

using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

// A stub over a recording.
class RecordedCallsTest : public ::testing::Test {
 protected:
  void Set(const v1::RecordedRequest& request) {
    calls = std::make_unique<RecordedCalls>(request);
    channel = std::make_unique<RecordedChannel>(*calls);
    leaf = Contract<zoo::Leaf>::Connect(*channel);
  }
  absl::StatusOr<zoo::LeafReply> Ask(int number) {
    return chains::Wait(leaf->RunRemote(LeafOf(number)), clock);
  }
  int Answer(int number) {
    const absl::StatusOr<zoo::LeafReply> reply = Ask(number);
    EXPECT_TRUE(reply.ok()) << reply.status();
    return reply.ok() ? reply->number() : -1;
  }

  testing::FakeClock clock;
  std::unique_ptr<RecordedCalls> calls;
  std::unique_ptr<RecordedChannel> channel;
  std::unique_ptr<zoo::Leaf> leaf;
};

TEST_F(RecordedCallsTest, TheSameRequestsAreAnsweredInTheirOrderAndTheLastFromThenOn) {
  Set(RootOfTwo());
  EXPECT_EQ(calls->Unused().size(), 3U);
  EXPECT_EQ(Answer(4), 8);
  EXPECT_EQ(Answer(4), 9);
  EXPECT_EQ(Answer(4), 9);
  ASSERT_EQ(calls->Unused().size(), 1U);
  EXPECT_EQ(calls->Unused()[0].chainlet, "zoo.Root");
}

TEST_F(RecordedCallsTest, ACallThatWasNotRecordedSaysWhatToDo) {
  Set(RootOfTwo());
  const absl::Status status = Ask(5).status();
  EXPECT_EQ(status.code(), absl::StatusCode::kFailedPrecondition);
  EXPECT_THAT(std::string(MessageOf(status)),
              AllOf(HasSubstr("zoo.Leaf/RunRemote"), HasSubstr("2 others are recorded"),
                    HasSubstr("number: 5"), HasSubstr("--real zoo.Leaf")));
}

TEST_F(RecordedCallsTest, TheEntryIsWhatCameFromOutside) {
  Set(RootOfTwo());
  const absl::StatusOr<NamedCall> entry = calls->EntryTo("zoo.Root");
  ASSERT_TRUE(entry.ok()) << entry.status();
  EXPECT_EQ(entry->method, "RunRemote");
  EXPECT_EQ(entry->caller, "");
  EXPECT_EQ(calls->EntryTo("zoo.Leaf").status().code(), absl::StatusCode::kNotFound);
}

TEST_F(RecordedCallsTest, BothEndsOfACallAreOneWithItsCaller) {
  v1::RecordedRequest request = RootOfTwo();
  request.mutable_spans(2)->set_kind(v1::Span::CLIENT);
  Says(AddSpan(request, 5, 3, "zoo.Leaf"), LeafOf(4), LeafAnswer(8));
  const std::vector<NamedCall> told =
      CallsOf(request, *google::protobuf::DescriptorPool::generated_pool());
  ASSERT_EQ(told.size(), 3U);
  EXPECT_EQ(told[0].caller, "");
  EXPECT_EQ(told[1].caller, "zoo.Root");
  EXPECT_EQ(told[2].caller, "zoo.Root");
}

TEST_F(RecordedCallsTest, SpansThatAreEachOthersParentsEnd) {
  v1::RecordedRequest request;
  AddSpan(request, 1, 2, "zoo.Leaf").set_kind(v1::Span::CLIENT);
  AddSpan(request, 2, 1, "zoo.Leaf").set_kind(v1::Span::CLIENT);
  EXPECT_EQ(CallsOf(request, *google::protobuf::DescriptorPool::generated_pool()).size(), 2U);
}

TEST_F(RecordedCallsTest, AFailureHasItsMessageAndPath) {
  v1::RecordedRequest request;
  AddSpan(request, 1, 0, "zoo.Root").set_code(14);
  v1::Span& began = AddSpan(request, 2, 1, "zoo.Leaf");
  began.set_code(14);
  began.set_message("the model is gone");
  began.set_replica("leaf-0");
  Set(request);
  const absl::Status status = calls->EntryTo("zoo.Root")->call.status;
  EXPECT_EQ(status.code(), absl::StatusCode::kUnavailable);
  EXPECT_EQ(std::string(MessageOf(status)), "the model is gone");
  EXPECT_EQ(PathText(status), "zoo.Leaf.RunRemote (replica leaf-0)");
}

TEST_F(RecordedCallsTest, StreamsAreAnsweredMessageByMessage) {
  v1::RecordedRequest request;
  v1::Span& count = AddSpan(request, 1, 0, "zoo.Leaf", "Count");
  count.set_request(LeafOf(2).SerializeAsString());
  const std::string one = LeafAnswer(1).SerializeAsString();
  count.set_reply(std::string("\0", 1) + char(one.size()) + one);
  count.set_code(4);
  count.set_message("too late");
  Set(request);
  Stream<zoo::LeafReply> replies = leaf->Count(LeafOf(2));
  auto take = [](Stream<zoo::LeafReply>* from, std::vector<int>* numbers) -> Task<void> {
    while (std::optional<zoo::LeafReply> reply = co_await from->Next()) {
      numbers->push_back(reply->number());
    }
  };
  std::vector<int> numbers;
  const absl::Status end = chains::Wait(take(&replies, &numbers), clock).status();
  EXPECT_THAT(numbers, ElementsAre(0, 1));
  EXPECT_EQ(end.code(), absl::StatusCode::kDeadlineExceeded);
}

TEST_F(RecordedCallsTest, StreamsBothWaysAreAnsweredInTheOrderInWhichTheyBegan) {
  v1::RecordedRequest request;
  for (const uint64_t id : {1, 2}) {
    AddSpan(request, id, 0, "zoo.Leaf", "Double").set_reply(id == 1 ? std::string("\0", 1) : "");
  }
  Set(request);
  for (const size_t items : {1U, 0U}) {
    auto replies = chains::Wait(
        testing::Collect(leaf->Double(testing::StreamOf<zoo::LeafRequest>({LeafOf(1)}))), clock);
    ASSERT_TRUE(replies.ok()) << replies.status();
    EXPECT_EQ(replies->size(), items);
  }
}

TEST_F(RecordedCallsTest, AMessageThatWasTooLargeToBeRecordedIsSaid) {
  v1::RecordedRequest request = RootOfTwo();
  request.mutable_spans(2)->set_cut(true);
  Set(request);
  EXPECT_THAT(std::string(MessageOf(Ask(4).status())), HasSubstr("were too large"));
}

TEST(IsAsRecorded, LooksAtCodeAndWhatWasKeptOfTheMessage) {
  const std::string text(600, 'x');
  EXPECT_TRUE(IsAsRecorded(absl::OkStatus(), absl::OkStatus()));
  EXPECT_FALSE(IsAsRecorded(absl::OkStatus(), absl::UnavailableError("")));
  EXPECT_FALSE(IsAsRecorded(absl::UnavailableError("a"), absl::UnavailableError("ab")));
  EXPECT_TRUE(
      IsAsRecorded(absl::UnavailableError(text.substr(0, 512)), absl::UnavailableError(text)));
  EXPECT_TRUE(IsAsRecorded(absl::UnavailableError(std::string(kUnknownMessage)),
                           absl::UnavailableError("why")));
}

}  // namespace
}  // namespace chains
