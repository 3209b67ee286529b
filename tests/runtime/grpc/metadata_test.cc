// Trace and headers on their way from process to process.
#include "chains/grpc/metadata.h"

#include <map>
#include <string>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "absl/strings/str_join.h"
#include "chains/contract/status_path.h"
#include "chains/grpc/limits.h"
#include "ends.h"

namespace chains {
namespace {

using ::testing::Pair;
using ::testing::UnorderedElementsAre;

constexpr char kTrace[] = "4bf92f3577b34da6a3ce929d0e0e4736";

TEST(MetadataTest, ATraceBeginsWhereThereIsNone) {
  const Context one = internal::Receive(absl::InfiniteFuture(), {{"traceparent", "nonsense"}});
  const Context other = internal::Receive(absl::InfiniteFuture(), {});
  EXPECT_EQ(one.trace_id().size(), 32u);
  EXPECT_NE(one.trace_id(), other.trace_id());
}

TEST(MetadataTest, WhatBelongsToTheConnectionIsNoHeader) {
  const Context context =
      internal::Receive(absl::InfiniteFuture(), {{"x-user", "ada"},
                                                 {"user-agent", "grpc"},
                                                 {"grpc-timeout", "1S"},
                                                 {"x-key-bin", "1"},
                                                 {"te", "trailers"},
                                                 {":path", "/"},
                                                 {"authorization", "Bearer x"}});
  EXPECT_THAT(context.headers(),
              UnorderedElementsAre(Pair("x-user", "ada"), Pair("authorization", "Bearer x")));
}

TEST(MetadataTest, APriorityAndAFurtherAttemptTravelAndAreNoHeaders) {
  const Context context = internal::Receive(
      absl::InfiniteFuture(), {{"chains-priority", "2"}, {"chains-further-attempt", "1"}});
  EXPECT_EQ(context.priority(), 2);
  EXPECT_TRUE(context.further_attempt());
  EXPECT_TRUE(context.headers().empty());
}

TEST(MetadataTest, AQuestionForLoadIsNoHeader) {
  internal::Wishes asked;
  const Context context = internal::Receive(absl::InfiniteFuture(), {{"chains-load", "1"}}, &asked);
  EXPECT_TRUE(asked.load);
  EXPECT_TRUE(context.headers().empty());
  internal::Wishes silent;
  internal::Receive(absl::InfiniteFuture(), {{"x-user", "ada"}}, &silent);
  EXPECT_FALSE(silent.load);
}

TEST(MetadataTest, ALoadIsANumberOfCalls) {
  EXPECT_EQ(internal::ParseLoad("17"), 17);
  EXPECT_EQ(internal::ParseLoad("0"), 0);
  for (const char* text : {"", "-1", "x", "1e3", "99999999999999999999", "1000001"}) {
    EXPECT_EQ(internal::ParseLoad(text), std::nullopt) << text;
  }
}

TEST(MetadataTest, ACallWithoutAConnectionGivesItsRequestBackAndOneThatFailedDoesNot) {
  Service service;
  service.AddUnary(kUnary, [](Bytes) -> Task<Bytes> {
    // What a chainlet says has a path.
    co_return WithHop(absl::UnavailableError("failed to connect to all addresses of mine"),
                      {.chainlet = "test.Echo", .method = "One", .replica = "echo-0"});
  });
  Ends ends(std::move(service));
  std::optional<Bytes> unsent;
  GrpcChannel nowhere("127.0.0.1:1", ends.client());
  const auto lost = [&] { return nowhere.UnaryOrBack(kUnary, Bytes("hello"), unsent); };
  EXPECT_TRUE(absl::IsUnavailable(RunOn(ends.client(), lost).status()));
  ASSERT_TRUE(unsent.has_value());
  EXPECT_EQ(unsent->ToString(), "hello");
  unsent.reset();
  const auto failed = [&] { return ends.channel().UnaryOrBack(kUnary, Bytes("hello"), unsent); };
  EXPECT_TRUE(absl::IsUnavailable(RunOn(ends.client(), failed).status()));
  EXPECT_FALSE(unsent.has_value());
}

TEST(MetadataTest, AReplicaThatIsAskedSaysHowManyCallsItHas) {
  Service service;
  service.AddUnary(kUnary, [](Bytes) -> Task<Bytes> { co_return Bytes(""); });
  Ends ends(std::move(service));
  const std::string address = ends.server().addresses().front();
  GrpcChannel asking(address, ends.client(), ChannelOptions({.asks_load = true}));
  const GrpcChannel silent(address, ends.client());
  EXPECT_EQ(silent.server_load(), nullptr);
  ASSERT_NE(asking.server_load(), nullptr);
  for (int i = 0; i < 3; ++i) {  // more often than it asks
    const auto call = [&asking] { return asking.Unary(kUnary, Bytes("")); };
    ASSERT_TRUE(RunOn(ends.client(), call).ok());
  }
  EXPECT_GE(asking.server_load()->in_flight, 1);  // this call
  EXPECT_GE(asking.server_load()->reports, 1u);
}

TEST(MetadataTest, WhatIsNoPriorityIsTheUsualOne) {
  for (const char* text : {"", "8", "-1", "high", "22"}) {
    EXPECT_EQ(internal::Receive(absl::InfiniteFuture(), {{"chains-priority", text}}).priority(),
              Context::kUsualPriority)
        << text;
  }
}

// Answers with what it sees of its Context, and what the next hop sees, if there is one.
std::string Describe(const Context& context) {
  Headers headers = context.headers();
  std::sort(headers.begin(), headers.end());
  std::string seen =
      absl::StrCat(context.trace_id(), " ", absl::StrJoin(headers, ",", absl::PairFormatter("=")));
  if (context.priority() != Context::kUsualPriority) {
    absl::StrAppend(&seen, " priority ", context.priority());
  }
  if (context.further_attempt()) absl::StrAppend(&seen, " again");
  return seen;
}
Task<Bytes> Tell(Bytes) {
  Context context = co_await CurrentContext();
  co_return Bytes(Describe(context));
}
Task<Bytes> PassOn(GrpcChannel& next) {
  Bytes reply = co_await next.Unary(kUnary, Bytes());
  co_return reply;
}

Service WithUnary(Service::UnaryHandler handler) {
  Service service;
  service.AddUnary(kUnary, std::move(handler));
  return service;
}

TEST(MetadataTest, TraceAndHeadersReachTheLastHop) {
  Ends last(WithUnary(Tell));
  std::unique_ptr<GrpcChannel> to_last;
  Ends first(WithUnary([&](Bytes) { return PassOn(*to_last); }));
  to_last = std::make_unique<GrpcChannel>(last.server().addresses()[0], first.server().reactor(0),
                                          ChannelOptions());
  const Context context(absl::Now() + absl::Seconds(30), kTrace,
                        {{"x-user", "ada"}, {"x-tenant", "7"}});
  EXPECT_EQ(*first.Call(kUnary, "", context), absl::StrCat(kTrace, " x-tenant=7,x-user=ada"));
  EXPECT_EQ(*first.Call(kUnary, "", context.WithPriority(2).AsFurtherAttempt()),
            absl::StrCat(kTrace, " x-tenant=7,x-user=ada priority 2 again"));
}

TEST(MetadataTest, WhatCannotTravelIsLeftOut) {
  Ends ends(WithUnary(Tell));
  const Context context(absl::InfiniteFuture(), kTrace,
                        {{"x-ok", "1"},
                         {"x-newline", "a\nb"},
                         {"x-utf8", "ü"},
                         {"X-Upper", "1"},
                         {"x space", "1"},
                         {"", "1"},
                         {":authority", "1"},
                         {"grpc-timeout", "1n"},
                         {"x-large", std::string(kMaxHeaderBytes, 'x')},
                         {"content-length", "1000"}});
  EXPECT_EQ(*ends.Call(kUnary, "", context), absl::StrCat(kTrace, " x-ok=1"));
}

TEST(MetadataTest, ManyHeadersAreCutAtTheLimit) {
  Ends ends(WithUnary(Tell));
  Headers headers;
  for (int i = 0; i < 100; ++i) headers.emplace_back(absl::StrCat("x-", i), std::string(100, 'v'));
  absl::StatusOr<std::string> seen =
      ends.Call(kUnary, "", Context(absl::InfiniteFuture(), kTrace, headers));
  ASSERT_TRUE(seen.ok()) << seen.status();
  EXPECT_THAT(*seen, ::testing::HasSubstr("x-30="));
  EXPECT_THAT(*seen, ::testing::Not(::testing::HasSubstr("x-50=")));
}

}  // namespace
}  // namespace chains
