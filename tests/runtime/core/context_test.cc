// Context: what a request carries, and who inherits it.
#include "chains/core/context.h"

#include <string>

#include <gtest/gtest.h>

#include "chains/core/all.h"
#include "chains/core/stream.h"
#include "chains/testing/status_matchers.h"
#include "support.h"

namespace chains {
namespace {

using testing::IsOkAndHolds;
using ::testing::Optional;

const absl::Time kSoon = absl::FromUnixSeconds(1'900'000'100);

Context Request() {
  return Context(kSoon, "0af7651916cd43dd8448eb211c80319c", {{"x-user", "ada"}, {"x-user", "bob"}});
}
Task<std::string> User() {
  const Context context = co_await CurrentContext();
  co_return std::string(context.Header("x-user").value_or("nobody"));
}
Task<absl::Time> Deadline() {
  const Context context = co_await CurrentContext();
  co_return context.deadline();
}

TEST(ContextTest, CarriesNothingByDefault) {
  const Context context;
  EXPECT_EQ(context.deadline(), absl::InfiniteFuture());
  EXPECT_EQ(context.trace_id(), "");
  EXPECT_EQ(context.Header("x-user"), std::nullopt);
  EXPECT_TRUE(context.headers().empty());
}

TEST(ContextTest, FindsTheFirstHeaderWhateverItsCase) {
  EXPECT_THAT(Request().Header("X-User"), Optional(std::string_view("ada")));
  EXPECT_EQ(Request().Header("x-use"), std::nullopt);
}

TEST(ContextTest, DeadlinesOnlyShrink) {
  EXPECT_EQ(Request().WithDeadline(absl::InfiniteFuture()).deadline(), kSoon);
  EXPECT_EQ(Request().WithDeadline(kSoon - absl::Seconds(1)).deadline(), kSoon - absl::Seconds(1));
}

TEST(ContextTest, StaysValidAfterTheOriginal) {
  Context copy;
  {
    const Context original = Request();
    copy = original.WithDeadline(absl::InfiniteFuture());
  }
  EXPECT_EQ(copy.trace_id(), "0af7651916cd43dd8448eb211c80319c");
  EXPECT_THAT(copy.Header("x-user"), Optional(std::string_view("ada")));
}

TEST(ContextTest, FollowsEveryAwait) {
  auto outer = []() -> Task<std::string> { co_return co_await User(); };
  EXPECT_THAT(Await(outer(), Request()), IsOkAndHolds("ada"));
}

TEST(ContextTest, FollowsAllAndAllSettled) {
  auto outer = []() -> Task<std::string> {
    auto [a, b] = co_await All(User(), User());
    std::vector<Task<std::string>> more;
    more.push_back(User());
    std::vector<absl::StatusOr<std::string>> settled = co_await AllSettled(std::move(more));
    co_return a + b + *settled[0];
  };
  EXPECT_THAT(Await(outer(), Request()), IsOkAndHolds("adaadaada"));
}

TEST(ContextTest, OfAStreamIsThatOfWhoAsksForTheItem) {
  auto deadlines = []() -> Stream<absl::Time> {
    while (true) co_yield co_await Deadline();
  };
  auto next = [](Stream<absl::Time>& stream) -> Task<absl::Time> {
    std::optional<absl::Time> item = co_await stream.Next();
    co_return *item;
  };
  auto outer = [](Stream<absl::Time> stream, auto ask) -> Task<bool> {
    const absl::Time shorter = co_await WithTimeout(ask(stream), absl::Seconds(1));
    const absl::Time longer = co_await ask(stream);
    co_return shorter == kSoon - absl::Seconds(99) && longer == kSoon;
  };
  EXPECT_THAT(Await(outer(deadlines(), next), Request()), IsOkAndHolds(true));
}

TEST(ContextTest, DeadlineShrinksBelowATimeoutAndIsRestoredAfterIt) {
  auto outer = []() -> Task<bool> {
    const absl::Time inside = co_await WithTimeout(Deadline(), absl::Seconds(10));
    const absl::Time outside = co_await Deadline();
    co_return inside == kSoon - absl::Seconds(90) && outside == kSoon;
  };
  EXPECT_THAT(Await(outer(), Request()), IsOkAndHolds(true));
}

TEST(ContextTest, ALongerTimeoutDoesNotMoveTheDeadline) {
  EXPECT_THAT(Await(WithTimeout(Deadline(), absl::Hours(1)), Request()), IsOkAndHolds(kSoon));
}

}  // namespace
}  // namespace chains
