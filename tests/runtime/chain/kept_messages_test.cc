// Messages of every hop while a chain is recorded, wherever its chainlets run.
#include "chains/contract/kept_messages.h"

#include <memory>
#include <optional>
#include <string>
#include <utility>

#include <gmock/gmock.h>
#include <google/protobuf/util/delimited_message_util.h>
#include <gtest/gtest.h>

#include "chains/testing/placements.h"
#include "traces.h"
#include "zoo.h"

namespace zoo {
namespace {

using chains::Needs;
using chains::RunningChain;
using chains::v1::Span;
using ::testing::ElementsAre;
using ::testing::SizeIs;

class KeptMessagesTest : public ::testing::TestWithParam<chains::Placement> {
 protected:
  void SetUp() override {
    chains::Chain chain("zoo");
    chain.Add<ScriptedLeaf>(Script(script_));
    chain.Add<RootObject>(Needs<Leaf>{.attempts = 2}).Entrypoint();
    chains::LocalOptions options;
    options.spans = &queue_;
    auto running = RunningChain::Start(chain, GetParam(), std::move(options));
    ASSERT_TRUE(running.ok()) << running.status();
    running_ = *std::move(running);
  }
  // What is told of both ends of calls to that chainlet, but for the caller's end of the first: a
  // stub that stands behind no edge keeps nothing.
  static std::vector<Span> Of(const std::vector<Span>& spans, const std::string& chainlet) {
    std::vector<Span> found;
    for (const Span& span : spans) {
      const bool is_from_outside = span.kind() == Span::CLIENT && span.parent_span_id() == 0;
      if (span.chainlet() == chainlet && !is_from_outside) found.push_back(span);
    }
    EXPECT_FALSE(found.empty());
    return found;
  }
  template <typename M>
  static M Read(const std::string& bytes) {
    M message;
    EXPECT_TRUE(message.ParseFromString(bytes));
    return message;
  }
  static std::vector<int> Numbers(const std::string& bytes) {
    google::protobuf::io::ArrayInputStream in(bytes.data(), static_cast<int>(bytes.size()));
    std::vector<int> numbers;
    LeafReply next;
    bool clean_end = false;
    while (google::protobuf::util::ParseDelimitedFromZeroCopyStream(&next, &in, &clean_end)) {
      numbers.push_back(next.number());
      next.Clear();
    }
    EXPECT_TRUE(clean_end);
    return numbers;
  }

  LeafScript script_;
  chains::SpanQueue queue_{"test"};
  std::unique_ptr<RunningChain> running_;
};
INSTANTIATE_TEST_SUITE_P(Everywhere, KeptMessagesTest,
                         ::testing::ValuesIn(chains::testing::AllPlacements()),
                         chains::testing::PlacementName);

TEST_P(KeptMessagesTest, EveryHopHasWhatItWasAskedAndWhatItAnswered) {
  const TracedCall traced(*running_, queue_, "r1");
  ASSERT_TRUE(running_->Call(&Root::RunRemote, Calls(1, 21), traced.context()).ok());
  const std::vector<Span> spans = traced.spans();
  for (const Span& span : Of(spans, "zoo.Root")) {
    EXPECT_TRUE(span.recorded());
    EXPECT_EQ(Read<RootRequest>(span.request()).number(), 21);
    EXPECT_EQ(Read<RootReply>(span.reply()).result(), 42);
  }
  for (const Span& span : Of(spans, "zoo.Leaf")) {
    EXPECT_EQ(Read<LeafRequest>(span.request()).number(), 21);
    EXPECT_EQ(Read<LeafReply>(span.reply()).number(), 42);
  }
}

TEST_P(KeptMessagesTest, OfARequestThatIsOnlyTracedThereAreNone) {
  const TracedCall kept(*running_, queue_, "r1");
  const TracedCall traced(*running_, queue_);
  ASSERT_TRUE(running_->Call(&Root::RunRemote, Calls(1, 21), traced.context()).ok());
  for (const Span& span : traced.spans()) {
    EXPECT_FALSE(span.recorded());
    EXPECT_EQ(span.request(), "");
  }
}

TEST_P(KeptMessagesTest, WhatIsPrivateIsNotInThem) {
  std::string seen;
  script_.answer = [&seen](LeafRequest request) -> chains::Task<LeafReply> {
    seen = request.secret();
    co_return LeafReply();
  };
  LeafRequest request = Number(1);
  request.set_secret("hunter2");
  const TracedCall traced(*running_, queue_, "r1");
  ASSERT_TRUE(running_->Call(&Leaf::RunRemote, request, traced.context()).ok());
  EXPECT_EQ(seen, "hunter2");
  for (const Span& span : Of(traced.spans(), "zoo.Leaf")) {
    EXPECT_EQ(Read<LeafRequest>(span.request()).number(), 1);
    EXPECT_EQ(span.request().find("hunter2"), std::string::npos);
  }
}

TEST_P(KeptMessagesTest, AFailureHasItsRequest) {
  script_.answer = [](LeafRequest) { return chains::Done<LeafReply>(absl::DataLossError("no")); };
  const TracedCall traced(*running_, queue_, "r1");
  EXPECT_FALSE(running_->Call(&Root::RunRemote, Calls(1, 5), traced.context()).ok());
  for (const Span& span : Of(traced.spans(), "zoo.Leaf")) {
    EXPECT_EQ(Read<LeafRequest>(span.request()).number(), 5);
    EXPECT_EQ(span.reply(), "");
  }
}

TEST_P(KeptMessagesTest, AFurtherAttemptHasTheReply) {
  script_.answer = [this](LeafRequest) {
    if (script_.started == 1) return chains::Done<LeafReply>(absl::UnavailableError("not yet"));
    return chains::Done<LeafReply>(NumberReply(9));
  };
  const TracedCall traced(*running_, queue_, "r1");
  ASSERT_TRUE(running_->Call(&Root::RunRemote, Calls(1, 5), traced.context()).ok());
  bool has_reply = false;
  for (const Span& span : Of(traced.spans(), "zoo.Leaf")) {
    EXPECT_EQ(Read<LeafRequest>(span.request()).number(), 5);
    has_reply |= Read<LeafReply>(span.reply()).number() == 9;
  }
  EXPECT_TRUE(has_reply);
}

TEST_P(KeptMessagesTest, AMessageThatIsTooLargeIsCutAway) {
  script_.answer = [](LeafRequest) -> chains::Task<LeafReply> {
    LeafReply reply;
    reply.set_text(std::string(chains::internal::CallRecord::kMaxKeptMessage, 'x'));
    co_return reply;
  };
  const TracedCall traced(*running_, queue_, "r1");
  ASSERT_TRUE(running_->Call(&Leaf::RunRemote, Number(1), traced.context()).ok());
  for (const Span& span : Of(traced.spans(), "zoo.Leaf")) {
    EXPECT_TRUE(span.cut());
    EXPECT_EQ(span.reply(), "");
    EXPECT_EQ(Read<LeafRequest>(span.request()).number(), 1);
  }
}

chains::Task<int> CountOf(chains::Stream<LeafReply> replies) {
  int count = 0;
  while (std::optional<LeafReply> reply = co_await replies.Next()) ++count;
  co_return count;
}
chains::Stream<LeafRequest> UpTo(int count) {
  for (int i = 1; i <= count; ++i) {
    LeafRequest request = Number(i);
    co_yield std::move(request);
  }
}

TEST_P(KeptMessagesTest, AStreamHasEachOfItsMessagesBehindItsLength) {
  const TracedCall count(*running_, queue_, "r1");
  ASSERT_TRUE(
      running_
          ->Run<Leaf>([](Leaf& leaf) { return CountOf(leaf.Count(Number(3))); }, count.context())
          .ok());
  for (const Span& span : Of(count.spans(), "zoo.Leaf")) {
    EXPECT_EQ(Read<LeafRequest>(span.request()).number(), 3);
    EXPECT_THAT(Numbers(span.reply()), ElementsAre(0, 1, 2));
  }
  const TracedCall sum(*running_, queue_, "r1");
  ASSERT_TRUE(
      running_->Run<Leaf>([](Leaf& leaf) { return leaf.Sum(UpTo(3)); }, sum.context()).ok());
  for (const Span& span : Of(sum.spans(), "zoo.Leaf")) {
    EXPECT_THAT(Numbers(span.request()), ElementsAre(1, 2, 3));
    EXPECT_EQ(Read<LeafReply>(span.reply()).number(), 6);
  }
  const TracedCall twice(*running_, queue_, "r1");
  ASSERT_TRUE(
      running_->Run<Leaf>([](Leaf& leaf) { return CountOf(leaf.Double(UpTo(2))); }, twice.context())
          .ok());
  for (const Span& span : Of(twice.spans(), "zoo.Leaf")) {
    EXPECT_THAT(Numbers(span.request()), ElementsAre(1, 2));
    EXPECT_THAT(Numbers(span.reply()), ElementsAre(2, 4));
  }
}

TEST(PrivateFieldsTest, AreTakenOutHoweverDeepTheyAre) {
  LeafRequest leaf = Number(1);
  leaf.set_secret("hunter2");
  Drawer drawer;
  drawer.set_label("all");
  Drawer* const inner = drawer.mutable_inner();
  *inner->add_leaves() = leaf;
  (*inner->mutable_by_name())["one"] = leaf;
  inner->add_keys("hunter2");
  chains::internal::ClearPrivateFields(drawer);
  EXPECT_EQ(drawer.SerializeAsString().find("hunter2"), std::string::npos);
  EXPECT_EQ(drawer.label(), "all");
  EXPECT_EQ(drawer.inner().leaves(0).number(), 1);
  EXPECT_EQ(drawer.inner().by_name().at("one").number(), 1);
  EXPECT_THAT(drawer.inner().keys(), SizeIs(0));
}

TEST(PrivateFieldsTest, WhatTheContractDoesNotKnowMayBePrivate) {
  LeafRequest leaf = Number(1);
  leaf.GetReflection()->MutableUnknownFields(&leaf)->AddLengthDelimited(9, "hunter2");
  chains::internal::ClearPrivateFields(leaf);
  EXPECT_EQ(leaf.SerializeAsString().find("hunter2"), std::string::npos);
}

TEST(PrivateFieldsTest, TypesSayWhetherTheyHaveAny) {
  EXPECT_TRUE(chains::internal::HasPrivateFields(*LeafRequest::descriptor()));
  EXPECT_TRUE(chains::internal::HasPrivateFields(*Drawer::descriptor()));
  EXPECT_FALSE(chains::internal::HasPrivateFields(*RootReply::descriptor()));
}

}  // namespace
}  // namespace zoo
