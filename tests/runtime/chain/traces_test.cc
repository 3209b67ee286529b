// A trace says the same of a chain wherever its chainlets run.
#include "traces.h"

#include <memory>
#include <optional>
#include <string>
#include <utility>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "chains/testing/placements.h"
#include "zoo.h"

namespace zoo {
namespace {

using chains::Needs;
using chains::RunningChain;
using chains::v1::Span;
using ::testing::AnyOf;
using ::testing::Contains;
using ::testing::Each;
using ::testing::IsEmpty;
using ::testing::StartsWith;

class TracesTest : public ::testing::TestWithParam<chains::Placement> {
 protected:
  void Start(Needs<Leaf> needs = {}, chains::Limits limits = {}) {
    chains::Chain chain("zoo");
    chain.Add<ScriptedLeaf>(Script(script_), limits);
    chain.Add<RootObject>(std::move(needs));
    chain.Add<TopObject>(Needs<Root>{}).Entrypoint();
    chains::LocalOptions options;
    options.spans = &queue_;
    auto running = RunningChain::Start(chain, GetParam(), std::move(options));
    ASSERT_TRUE(running.ok()) << running.status();
    running_ = *std::move(running);
  }
  std::vector<Span> SpansOfRoot(RootRequest request) {
    const TracedCall traced(*running_, queue_);
    running_->Call(&Root::RunRemote, std::move(request), traced.context()).status().IgnoreError();
    return traced.spans();
  }
  static std::vector<std::string> EventsOf(const std::vector<Span>& spans) {
    std::vector<std::string> events;
    for (const Span& span : spans) {
      for (const auto& event : span.events()) {
        events.push_back(event.name() + " " + event.detail());
      }
    }
    return events;
  }

  LeafScript script_;
  chains::SpanQueue queue_{"test"};
  std::unique_ptr<RunningChain> running_;
};
INSTANTIATE_TEST_SUITE_P(Everywhere, TracesTest,
                         ::testing::ValuesIn(chains::testing::AllPlacements()),
                         chains::testing::PlacementName);

TEST_P(TracesTest, HasEveryCallBelowTheOneThatMadeIt) {
  Start();
  const TracedCall traced(*running_, queue_);
  ASSERT_TRUE(running_->Call(&Top::RunRemote, Calls(2, 7), traced.context()).ok());
  const std::vector<Span> spans = traced.spans();
  EXPECT_EQ(ShapeBelow(spans, 0),
            "Top.RunRemote["
            "Root.RunRemote[Leaf.RunRemote Leaf.RunRemote] "
            "Root.RunRemote[Leaf.RunRemote Leaf.RunRemote]]");
  for (const Span& span : spans) {
    EXPECT_EQ(span.trace_id(), chains::internal::BytesOf({.high = 1, .low = 2}));
    EXPECT_FALSE(span.replica().empty());
    EXPECT_FALSE(span.outermost());
  }
}

TEST_P(TracesTest, NoOtherRequestIsInIt) {
  Start();
  const TracedCall traced(*running_, queue_);
  ASSERT_TRUE(running_->Call(&Top::RunRemote, Calls(1, 1)).ok());
  EXPECT_THAT(traced.spans(), IsEmpty());
}

TEST_P(TracesTest, AFailureIsToldOfOnceWhereItBegan) {
  script_.answer = [](LeafRequest) { return chains::Done<LeafReply>(absl::DataLossError("no")); };
  Start();
  const std::vector<Span> spans = SpansOfRoot(Calls(1, 5));
  EXPECT_EQ(ShapeBelow(spans, 0), "Root.RunRemote:15[Leaf.RunRemote:15]");
  for (const Span& span : spans) {
    const bool begins = span.chainlet() == "zoo.Leaf" && span.kind() == Span::SERVER;
    EXPECT_EQ(span.message(), begins ? "no" : "") << span.chainlet();
  }
}

TEST_P(TracesTest, HasAllAttempts) {
  script_.answer = [this](LeafRequest) {
    if (script_.started == 1) return chains::Done<LeafReply>(absl::UnavailableError("not yet"));
    return chains::Done<LeafReply>(LeafReply());
  };
  Start({.attempts = 3});
  const std::vector<Span> spans = SpansOfRoot(Calls(1, 5));
  EXPECT_THAT(EventsOf(spans), Contains("attempt 2, after UNAVAILABLE"));
  const std::string shape = ShapeBelow(spans, 0);
  EXPECT_THAT(shape, AnyOf("Root.RunRemote[Leaf.RunRemote]",
                           "Root.RunRemote[Leaf.RunRemote:14 Leaf.RunRemote]"));
}

TEST_P(TracesTest, HasTheCallThatWasNotAnsweredInTime) {
  script_.answer = [](LeafRequest) -> chains::Task<LeafReply> {
    co_await chains::Sleep(absl::Hours(1));
    co_return LeafReply();
  };
  Start({.timeout = absl::Milliseconds(30)});
  const std::vector<Span> spans = SpansOfRoot(Calls(1, 5));
  EXPECT_THAT(ShapeBelow(spans, 0), StartsWith("Root.RunRemote:4[Leaf.RunRemote:"));
}

TEST_P(TracesTest, SaysWhoWaitedForAPlaceAndWhoGotNone) {
  Start({}, {.concurrency_limit = 1, .max_queued = 1});
  script_.answer = [](LeafRequest) -> chains::Task<LeafReply> {
    co_await chains::Sleep(absl::Milliseconds(5));
    co_return LeafReply();
  };
  const std::vector<std::string> waited = EventsOf(SpansOfRoot(Calls(2, 1)));
  EXPECT_THAT(waited, Contains(StartsWith("queued ")));
  const std::vector<std::string> refused = EventsOf(SpansOfRoot(Calls(3, 1)));
  EXPECT_THAT(refused, Contains("refused RESOURCE_EXHAUSTED"));
}

TEST_P(TracesTest, AChainletSeesItsOwnSpan) {
  std::string seen;
  script_.answer = [&seen](LeafRequest) -> chains::Task<LeafReply> {
    const chains::Context context = co_await chains::CurrentContext();
    seen = context.traceparent();
    co_return LeafReply();
  };
  Start();
  const std::vector<Span> spans = SpansOfRoot(Calls(1, 1));
  std::vector<std::string> of_leaf;
  for (const Span& span : spans) {
    if (span.chainlet() != "zoo.Leaf" || span.kind() != Span::SERVER) continue;
    of_leaf.push_back(chains::internal::TraceparentOf({.high = 1, .low = 2}, span.span_id()));
  }
  EXPECT_THAT(of_leaf, ::testing::ElementsAre(seen));
}

}  // namespace
}  // namespace zoo
