#include "gateway/app/call_headers.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "chains/core/trace.h"

namespace chains::gateway {
namespace {

using ::testing::ElementsAre;
using ::testing::Pair;
using ::testing::SizeIs;

RequestHead With(HttpHeaders headers) {
  return {.method = "POST", .target = "/", .headers = std::move(headers)};
}

TEST(Timeout, IsAsTheHeaderSays) {
  const auto timeout = [](const char* text) {
    return TimeoutOf(With({{"chains-Timeout", text}}), absl::Seconds(60), absl::Hours(1));
  };
  EXPECT_EQ(*timeout("200ms"), absl::Milliseconds(200));
  EXPECT_EQ(*timeout("5s"), absl::Seconds(5));
  EXPECT_EQ(*timeout("2.5"), absl::Milliseconds(2500));
  EXPECT_EQ(*timeout("100h"), absl::Hours(1));
  EXPECT_EQ(*timeout("1e300"), absl::Hours(1));
  EXPECT_EQ(*TimeoutOf(With({}), absl::Seconds(60), absl::Hours(1)), absl::Seconds(60));
  for (const char* text : {"", "0", "-1s", "soon", "5 s", "-inf", "nan", "0s"}) {
    EXPECT_EQ(timeout(text).status().code(), absl::StatusCode::kInvalidArgument) << text;
  }
}

std::string TraceGiven(const std::string& parent) {
  return internal::ToString(TraceOf(With({{"traceparent", parent}})).trace);
}
TEST(Trace, ContinuesAValidOne) {
  const std::string id = "0af7651916cd43dd8448eb211c80319c";
  EXPECT_EQ(TraceGiven("00-" + id + "-b7ad6b7169203331-01"), id);
  EXPECT_TRUE(TraceOf(With({{"traceparent", "00-" + id + "-b7ad6b7169203331-01"}})).sampled);
  EXPECT_FALSE(TraceOf(With({{"traceparent", "00-" + id + "-b7ad6b7169203331-00"}})).sampled);
  EXPECT_FALSE(TraceOf(With({})).sampled);
  for (const std::string& parent :
       {std::string("00-00000000000000000000000000000000-b7ad6b7169203331-01"), std::string("00"),
        "00-" + id, std::string("00-ZZf7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01")}) {
    EXPECT_THAT(TraceGiven(parent), SizeIs(32));
    EXPECT_NE(TraceGiven(parent), TraceGiven(parent));
  }
  EXPECT_EQ(internal::ToString(TraceOf(With({})).trace).size(), 32u);
}

TEST(RequestId, IsTheClientsWhereItIsFitToPrint) {
  EXPECT_EQ(RequestIdOf(With({{"X-Request-Id", "abc-1"}})), "abc-1");
  EXPECT_THAT(RequestIdOf(With({})), SizeIs(16));
  EXPECT_THAT(RequestIdOf(With({{"X-Request-Id", "\x01"}})), SizeIs(16));
  EXPECT_THAT(RequestIdOf(With({{"X-Request-Id", std::string(200, 'x')}})), SizeIs(16));
}

TEST(Forwarded, LeavesOutWhatIsNotForChainlets) {
  EXPECT_THAT(ForwardedOf(With({{"X-User", "ada"},
                                {"Authorization", "Api-Key secret"},
                                {"Cookie", "a=b"},
                                {"Host", "a"},
                                {"Content-Length", "1"},
                                {"Connection", "keep-alive, X-Hop"},
                                {"X-Hop", "1"},
                                {"grpc-timeout", "1S"},
                                {"x-data-bin", "AAAA"},
                                {"X-Umlaut", "\xC3\xA4"},
                                {"X-Strange$", "1"},
                                {"X-Request-Id", "spoofed"},
                                {"Accept-Language", "de"}}),
                          "id"),
              ElementsAre(Pair("x-request-id", "id"), Pair("x-user", "ada"),
                          Pair("accept-language", "de")));
}

std::string ParentWith(const std::string& flags) {
  return "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-" + flags;
}

TEST(Forwarded, HasWhatTravelsBesideATraceWhole) {
  const std::string large = "k=" + std::string(8000, 'v');
  EXPECT_THAT(ForwardedOf(With({{"Traceparent", ParentWith("01")},
                                {"Tracestate", "a=1,b=2"},
                                {"tracestate", "c=3"},
                                {"Baggage", large},
                                {"x-large", std::string(4000, 'x')}}),
                          "id"),
              ElementsAre(Pair("x-request-id", "id"), Pair("x-large", std::string(4000, 'x')),
                          Pair("tracestate", "a=1,b=2,c=3"), Pair("baggage", large)));
}

TEST(Forwarded, HasNoneThatIsWrongOrTooLarge) {
  const auto lists = [](const HttpHeaders& headers) { return ForwardedOf(With(headers), "id"); };
  EXPECT_THAT(lists({{"baggage", "no list"}}), SizeIs(1));
  EXPECT_THAT(lists({{"baggage", "a=1"}, {"baggage", "b"}}), SizeIs(1));
  EXPECT_THAT(lists({{"baggage", "k=" + std::string(8200, 'v')}}), SizeIs(1));
  const std::string half = "k=" + std::string(5000, 'v');
  EXPECT_THAT(lists({{"baggage", half}, {"baggage", half}}), SizeIs(1));
  EXPECT_THAT(lists({{"traceparent", ParentWith("01")}, {"tracestate", "="}}), SizeIs(1));
  // It is about a traceparent, which is not there.
  EXPECT_THAT(lists({{"tracestate", "a=1"}}), SizeIs(1));
  EXPECT_THAT(lists({{"traceparent", "01"}, {"tracestate", "a=1"}}), SizeIs(1));
}

TEST(SetTraceparent, TakesThePlaceOfWhatWasThere) {
  RequestHead head = With({{"Traceparent", ParentWith("00")}, {"x-user", "ada"}});
  SetTraceparent(head, ParentWith("01"));
  EXPECT_TRUE(TraceOf(head).sampled);
  EXPECT_THAT(head.headers, SizeIs(2));
}

TEST(Forwarded, IsBounded) {
  HttpHeaders headers = {{"x-large", std::string(5000, 'x')}};
  for (int i = 0; i < 1000; ++i) headers.emplace_back("x-" + std::to_string(i), "value");
  size_t bytes = 0;
  for (const auto& [name, value] : ForwardedOf(With(headers), "id"))
    bytes += name.size() + value.size();
  EXPECT_LE(bytes, 4096u);
  EXPECT_GT(bytes, 500u);
}

}  // namespace
}  // namespace chains::gateway
