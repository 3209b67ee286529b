// What a client accepts, what it asks in its query, and what an EventSource reads.
#include "gateway/body/accept.h"

#include <array>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "gateway/body/query.h"
#include "gateway/body/sse.h"

namespace chains::gateway {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Pair;

constexpr std::array<std::string_view, 3> kTypes = {"application/x-ndjson", "text/event-stream",
                                                    "application/json"};

TEST(BestTypeTest, TakesWhatTheClientLikesBest) {
  const struct {
    const char* accept;
    std::optional<size_t> best;
  } kCases[] = {
      {"*/*", 0},
      {"text/event-stream", 1},
      {"TEXT/Event-Stream;charset=utf-8", 1},
      {"application/json, text/plain, */*", 2},
      {"*/*, application/json", 0},
      {"*/*;q=0.1, application/json", 2},
      {"text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,*/*;q=0.8", 0},
      {"application/json;q=0.5, text/event-stream;q=0.7", 1},
      {"application/*", 0},
      {"application/*, application/x-ndjson;q=0", 2},
      {"text/*;q=0.3, application/json;q=0.2", 1},
      {"application/json ; q=1.000", 2},
      {"text/html", std::nullopt},
      {"application/json;q=0", std::nullopt},
      {"", std::nullopt},
      {",,;q=1,", std::nullopt},
      {"application/json;q=abc", std::nullopt},
      {"application/json;q=-1", std::nullopt},
      {"application/json;q=nan", std::nullopt},
  };
  for (const auto& [accept, best] : kCases) EXPECT_EQ(BestType(accept, kTypes), best) << accept;
}

TEST(QueryTest, IsDecodedLikeAForm) {
  EXPECT_THAT(*QueryOf("/run?name=Ada+L%2E&n=3&&flag&x=#y=1"),
              ElementsAre(Pair("name", "Ada L."), Pair("n", "3"), Pair("flag", ""), Pair("x", "")));
  EXPECT_THAT(*QueryOf("/run"), IsEmpty());
  EXPECT_THAT(*QueryOf("/run?"), IsEmpty());
  EXPECT_THAT(*QueryOf("/run?a=b=c"), ElementsAre(Pair("a", "b=c")));
  for (const char* target : {"/?a=%", "/?a=%4", "/?a=%4g", "/?%zz=1", "/?a=%+1"}) {
    EXPECT_THAT(QueryOf(target).status().ToString(), HasSubstr("INVALID_ARGUMENT: the query has"));
  }
}

TEST(SseTest, IsWhatAnEventSourceReads) {
  EXPECT_EQ(SseItem(7, "{\"a\":1}"), "id: 7\ndata: {\"a\":1}\n\n");
  EXPECT_EQ(SseEnd(), "event: end\nid: end\ndata: {}\n\n");
  EXPECT_EQ(SseError("{}"), "event: error\nid: end\ndata: {}\n\n");
  EXPECT_EQ(SseHeartbeat(), ": hb\n\n");
}

}  // namespace
}  // namespace chains::gateway
