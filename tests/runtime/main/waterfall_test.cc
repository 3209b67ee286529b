#include "chains/main/waterfall.h"

#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "absl/strings/str_split.h"

namespace chains::internal {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::SizeIs;

v1::Span SpanOf(uint64_t id, uint64_t parent, std::string method, int64_t start,
                uint64_t duration) {
  v1::Span span;
  span.set_span_id(id);
  span.set_parent_span_id(parent);
  span.set_chainlet("a.A");
  span.set_method(std::move(method));
  span.set_start_unix_us(1'000'000 + start);
  span.set_duration_us(duration);
  span.set_attempt(1);
  return span;
}

std::vector<std::string> LinesOf(const std::vector<v1::Span>& spans, size_t columns = 46) {
  return absl::StrSplit(Waterfall(spans, columns), '\n', absl::SkipEmpty());
}

TEST(WaterfallTest, ShowsWhatWasCalledByWhatAndWhen) {
  EXPECT_THAT(LinesOf({SpanOf(1, 0, "Top", 0, 1000), SpanOf(3, 1, "Late", 500, 500),
                       SpanOf(2, 1, "Soon", 0, 500), SpanOf(4, 2, "Deep", 100, 100)}),
              ElementsAre("a.A.Top         ██████████████████ 1ms",
                          "├─ a.A.Soon     █████████          500us",
                          "│  └─ a.A.Deep   ██                100us",
                          "└─ a.A.Late              █████████ 500us"));
}

TEST(WaterfallTest, TheTwoEndsOfACallAreOneLine) {
  v1::Span client = SpanOf(2, 1, "Run", 10, 80);
  client.set_kind(v1::Span::CLIENT);
  EXPECT_THAT(LinesOf({SpanOf(1, 0, "Top", 0, 100), client, SpanOf(3, 2, "Run", 20, 60),
                       SpanOf(4, 3, "Deep", 30, 10)}),
              SizeIs(3));
}

TEST(WaterfallTest, SaysWhatFailedAndHow) {
  v1::Span failed = SpanOf(1, 0, "Run", 0, 100);
  failed.set_code(14);
  failed.set_attempt(3);
  failed.set_queue_us(7);
  failed.set_message("gone\x1b[2J");
  EXPECT_THAT(Waterfall({failed}, 80), HasSubstr("queue 7us  attempt 3  UNAVAILABLE: gone [2J"));
  EXPECT_THAT(Waterfall({failed}, 80), Not(HasSubstr("\x1b")));
}

TEST(WaterfallTest, TimesThatMakeNoSenseAreShownAllTheSame) {
  v1::Span wild = SpanOf(1, 0, "Run", 0, UINT64_MAX);
  wild.set_start_unix_us(INT64_MIN);
  EXPECT_THAT(LinesOf({wild, SpanOf(2, 1, "Run", 0, 1), SpanOf(3, 3, "Self", 0, 1)}), SizeIs(3));
}

TEST(WaterfallTest, ThereIsNoneOfNothing) { EXPECT_EQ(Waterfall({}, 80), ""); }

}  // namespace
}  // namespace chains::internal
