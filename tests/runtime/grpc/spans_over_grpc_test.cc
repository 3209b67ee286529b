// Traced calls from process to process: whose span is below whose, and that one is told of however
// it ends.
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "chains/contract/spans.h"
#include "chains/grpc/metadata.h"
#include "chains/grpc/receipts.h"
#include "ends.h"

namespace chains {
namespace {

using internal::Purpose;
using internal::Receipt;
using internal::Traceparent;
using ::testing::IsEmpty;
using ::testing::Pair;
using ::testing::SizeIs;
using ::testing::UnorderedElementsAre;

constexpr internal::TraceId kTrace = {.high = 0x4bf92f3577b34da6, .low = 0xa3ce929d0e0e4736};
constexpr uint64_t kParent = 0x00f067aa0ba902b7;

GrpcServer::Options Telling(SpanQueue& spans) {
  GrpcServer::Options options = Ends::Options();
  options.spans = &spans;
  return options;
}

Context FromOutside(bool sampled, absl::Duration timeout = absl::Seconds(50),
                    Headers headers = {}) {
  const Traceparent parent = {.trace = kTrace, .parent = kParent, .sampled = sampled};
  return Context(absl::Now() + timeout, parent, std::move(headers));
}

Service Unary(Service::UnaryHandler handler) {
  Service service;
  service.AddUnary(kUnary, std::move(handler));
  return service;
}
Service Answering(absl::Status status) {
  return Unary(
      [status](Bytes) { return status.ok() ? Done<Bytes>(Bytes("hello")) : Done<Bytes>(status); });
}

// Spans come when a call has ended at its server, which a caller that left does not wait for.
std::vector<v1::Span> AwaitSpans(SpanQueue& queue) {
  const absl::Time until = absl::Now() + absl::Seconds(40);
  while (queue.empty() && absl::Now() < until) std::this_thread::yield();
  return queue.TakeAll();
}

TEST(SpansOverGrpcTest, ACallThatIsTracedAboveIsTracedHere) {
  SpanQueue queue("echo-0");
  Ends ends(Answering(absl::OkStatus()), Telling(queue));
  ASSERT_TRUE(
      ends.Call(kUnary, "", FromOutside(true, absl::Seconds(50), {{"x-request-id", "q1"}})).ok());
  const std::vector<v1::Span> spans = queue.TakeAll();
  ASSERT_THAT(spans, SizeIs(1));
  EXPECT_EQ(spans[0].trace_id(), internal::BytesOf(kTrace));
  EXPECT_EQ(spans[0].parent_span_id(), kParent);
  EXPECT_EQ(spans[0].kind(), v1::Span::SERVER);
  EXPECT_EQ(spans[0].chainlet(), "test.Echo");
  EXPECT_EQ(spans[0].method(), "One");
  EXPECT_EQ(spans[0].replica(), "echo-0");
  EXPECT_EQ(spans[0].request_id(), "q1");
  // Nobody of ours is above.
  EXPECT_TRUE(spans[0].outermost());
  EXPECT_TRUE(spans[0].asked());
  EXPECT_FALSE(spans[0].recorded());
}

TEST(SpansOverGrpcTest, NobodyIsTracedWhoDoesNotSaySo) {
  SpanQueue queue("echo-0");
  Ends ends(Answering(absl::OkStatus()), Telling(queue));
  ASSERT_TRUE(ends.Call(kUnary, "", FromOutside(false)).ok());
  ASSERT_TRUE(ends.Call(kUnary, "").ok());
  EXPECT_TRUE(queue.empty());
}

TEST(SpansOverGrpcTest, WithAReceiptAloneThereIsNoSpan) {
  SpanQueue queue("echo-0");
  Ends ends(Answering(absl::OkStatus()), Telling(queue));
  const auto receipt = Receipt::Begin(ends.client());
  ASSERT_TRUE(ends.Call(kUnary, "", receipt->Under(Within(absl::Seconds(50)))).ok());
  EXPECT_EQ(receipt->root().calls().front()->figures.callee, internal::CalleeSide::kKnown);
  EXPECT_TRUE(queue.empty());
}

TEST(SpansOverGrpcTest, ACallsSpanIsBelowThatOfItsCaller) {
  SpanQueue queue("echo-0");
  Ends ends(Answering(absl::OkStatus()), Telling(queue));
  const auto receipt = Receipt::Begin(
      ends.client(), {.receipt = false, .traced = true, .trace = kTrace, .span = kParent});
  ASSERT_TRUE(ends.Call(kUnary, "", receipt->Under(Within(absl::Seconds(50)))).ok());
  const std::vector<v1::Span> own = SpansOf(*receipt, "caller");
  const std::vector<v1::Span> callees = queue.TakeAll();
  ASSERT_THAT(own, SizeIs(1));
  ASSERT_THAT(callees, SizeIs(1));
  EXPECT_EQ(own[0].kind(), v1::Span::CLIENT);
  EXPECT_EQ(own[0].parent_span_id(), kParent);
  EXPECT_EQ(callees[0].parent_span_id(), own[0].span_id());
  EXPECT_FALSE(callees[0].outermost());
  EXPECT_FALSE(callees[0].asked());
  // The callee says what it took itself, so that the rest is known to be the network's.
  const internal::CallRecord& call = *receipt->root().calls().front();
  EXPECT_EQ(call.figures.callee, internal::CalleeSide::kKnown);
  EXPECT_GT(own[0].network_us(), 0u);
  EXPECT_LE(own[0].network_us(), own[0].duration_us());
}

TEST(SpansOverGrpcTest, AFailureIsToldOfWhereItBegan) {
  SpanQueue queue("echo-0");
  Ends ends(Answering(absl::DataLossError("a hole")), Telling(queue));
  EXPECT_FALSE(ends.Call(kUnary, "", FromOutside(true)).ok());
  const std::vector<v1::Span> spans = queue.TakeAll();
  ASSERT_THAT(spans, SizeIs(1));
  EXPECT_EQ(spans[0].code(), 15u);
  EXPECT_EQ(spans[0].message(), "a hole");
}

TEST(SpansOverGrpcTest, ACallWhoseCallerLeavesIsToldOf) {
  Events events;
  SpanQueue queue("echo-0");
  Ends ends(Unary([&events](Bytes) { return Forever(events); }), Telling(queue));
  const auto receipt = Receipt::Begin(
      ends.client(), {.receipt = false, .traced = true, .trace = kTrace, .span = kParent});
  {
    const Context context = receipt->Under(Context());
    std::optional<internal::Root<void>> root;
    ends.client().Post([&] {
      root.emplace(ends.client(), context, CallOnce(ends.channel()),
                   [](const absl::StatusOr<internal::Unit>&) {});
      root->Start();
    });
    ASSERT_TRUE(events.Wait("started"));
    std::latch dropped(1);
    ends.client().Post([&] {
      root.reset();
      dropped.count_down();
    });
    dropped.wait();
  }
  const std::vector<v1::Span> spans = AwaitSpans(queue);
  ASSERT_THAT(spans, SizeIs(1));
  EXPECT_EQ(spans[0].code(), 1u);
  EXPECT_EQ(spans[0].message(), "its caller left");
  const std::vector<v1::Span> own = SpansOf(*receipt, "caller");
  ASSERT_THAT(own, SizeIs(1));
  EXPECT_EQ(own[0].code(), 1u);
  ASSERT_THAT(own[0].events(), SizeIs(1));
  EXPECT_EQ(own[0].events(0).name(), "cancelled");
}

TEST(SpansOverGrpcTest, ACallThatIsTooLateIsToldOf) {
  Events events;
  SpanQueue queue("echo-0");
  Ends ends(Unary([&events](Bytes) { return Forever(events); }), Telling(queue));
  EXPECT_FALSE(ends.Call(kUnary, "", FromOutside(true, absl::Milliseconds(300))).ok());
  const std::vector<v1::Span> spans = AwaitSpans(queue);
  ASSERT_THAT(spans, SizeIs(1));
  EXPECT_TRUE(spans[0].code() == 4u || spans[0].code() == 1u) << spans[0].code();
}

TEST(SpansOverGrpcTest, AStreamIsOneSpan) {
  SpanQueue queue("echo-0");
  Service service;
  service.AddStreaming(kBidirectional, [](Stream<Bytes> requests) { return requests; });
  Ends ends(std::move(service), Telling(queue));
  const auto replies = ends.Exchange(kBidirectional, {"a", "b"}, FromOutside(true));
  ASSERT_TRUE(replies.ok()) << replies.status();
  const std::vector<v1::Span> spans = AwaitSpans(queue);
  ASSERT_THAT(spans, SizeIs(1));
  EXPECT_EQ(spans[0].method(), "Each");
  EXPECT_EQ(spans[0].code(), 0u);
}

TEST(SpansOverGrpcTest, WithoutAQueueTheTraceIsHandedOnAsItCame) {
  Ends ends(Unary([](Bytes) -> Task<Bytes> {
    const Context context = co_await CurrentContext();
    co_return Bytes(context.traceparent());
  }));
  EXPECT_EQ(*ends.Call(kUnary, "", FromOutside(true)),
            "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01");
  EXPECT_EQ(*ends.Call(kUnary, "", FromOutside(false)),
            "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-00");
}

TEST(SpansOverGrpcTest, TracestateAndBaggageAreHandedOn) {
  Ends last(Unary([](Bytes) -> Task<Bytes> {
    const Context context = co_await CurrentContext();
    co_return Bytes(absl::StrCat(std::string(context.Header("tracestate").value_or("-")), " ",
                                 context.Header("baggage").value_or("-").size(), " ",
                                 context.headers().size()));
  }));
  std::unique_ptr<GrpcChannel> to_last;
  Ends first(Unary([&](Bytes) -> Task<Bytes> {
    Bytes reply = co_await to_last->Unary(kUnary, Bytes());
    co_return reply;
  }));
  to_last = std::make_unique<GrpcChannel>(last.server().addresses()[0], first.server().reactor(0),
                                          ChannelOptions());
  const auto call = [&](Headers headers) {
    return *first.Call(kUnary, "", FromOutside(true, absl::Seconds(50), std::move(headers)));
  };
  const std::string large = "k=" + std::string(8190, 'v');
  EXPECT_EQ(
      call({{"tracestate", "a=1,b=2"}, {"baggage", large}, {"x-user", std::string(4000, 'u')}}),
      "a=1,b=2 8192 3");
  EXPECT_EQ(call({{"tracestate", "nonsense"}, {"baggage", large + "v"}}), "- 1 0");
}

TEST(SpansOverGrpcTest, WishesAreNoHeaders) {
  internal::Wishes wishes;
  const Context context =
      internal::Receive(absl::InfiniteFuture(),
                        {{"traceparent", "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"},
                         {"chains-traced", "1"},
                         {"chains-recording", "r-1"},
                         {"chains-receipt", "1"},
                         {"chains-token", "t"}},
                        &wishes);
  EXPECT_THAT(context.headers(), UnorderedElementsAre(Pair("chains-token", "t")));
  EXPECT_TRUE(wishes.traced);
  EXPECT_TRUE(wishes.told_above);
  EXPECT_TRUE(wishes.receipt);
  EXPECT_EQ(wishes.recording, "r-1");
  const Purpose purpose = internal::PurposeOf(wishes, true);
  EXPECT_TRUE(purpose.traced);
  EXPECT_EQ(purpose.span, kParent);
  EXPECT_EQ(purpose.recording, "r-1");
  EXPECT_FALSE(internal::PurposeOf(wishes, false).traced);
  EXPECT_THAT(internal::PurposeOf(wishes, false).recording, IsEmpty());
  EXPECT_FALSE(wishes.own_figures);
  internal::Receive(absl::InfiniteFuture(), {{"chains-receipt", "own"}}, &(wishes = {}));
  EXPECT_TRUE(wishes.own_figures);
  EXPECT_FALSE(wishes.receipt);
}

TEST(SpansOverGrpcTest, AStrangerHasNoMessagesKept) {
  internal::Wishes wishes;
  internal::Receive(absl::InfiniteFuture(),
                    {{"traceparent", "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"},
                     {"chains-recording", "r-1"}},
                    &wishes);
  EXPECT_TRUE(internal::PurposeOf(wishes, true).traced);
  EXPECT_EQ(internal::PurposeOf(wishes, true).recording, "");
  for (const char* id : {"", "a b", "../x", "\n"}) EXPECT_FALSE(internal::IsRecordingId(id)) << id;
  EXPECT_FALSE(internal::IsRecordingId(std::string(65, 'x')));
}

}  // namespace
}  // namespace chains
