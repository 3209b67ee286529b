// Task, Outcome, Annotate, Done, co_await of a status: values and failures on their way.
#include "chains/core/task.h"

#include <memory>
#include <string>
#include <utility>

#include <gtest/gtest.h>

#include "chains/core/all.h"
#include "chains/testing/status_matchers.h"
#include "support.h"

namespace chains {
namespace {

using ::testing::HasSubstr;
using testing::IsOk;
using testing::IsOkAndHolds;
using testing::StatusIs;

Task<int> Sum(int a, int b) {
  const int first = co_await Value(a);
  const int second = co_await Value(b);
  co_return first + second;
}

TEST(TaskTest, YieldsTheValueOfWhatItAwaits) { EXPECT_THAT(Await(Sum(2, 3)), IsOkAndHolds(5)); }

TEST(TaskTest, DoesNothingUntilItIsAwaited) {
  bool ran = false;
  auto runs = [](bool& flag) -> Task<void> {
    flag = true;
    co_return;
  };
  { Task<void> dropped = runs(ran); }
  EXPECT_FALSE(ran);
  EXPECT_THAT(Await(runs(ran)), IsOk());
  EXPECT_TRUE(ran);
}

TEST(TaskTest, CarriesWhatCanOnlyBeMoved) {
  auto make = []() -> Task<std::unique_ptr<int>> { co_return std::make_unique<int>(7); };
  auto pass = [](Task<std::unique_ptr<int>> inner) -> Task<std::unique_ptr<int>> {
    std::unique_ptr<int> value = co_await std::move(inner);
    co_return value;
  };
  absl::StatusOr<std::unique_ptr<int>> got = Await(pass(make()));
  ASSERT_THAT(got, IsOk());
  EXPECT_EQ(**got, 7);
}

TEST(TaskTest, LeavesTheAwaitingCoroutinesWithTheStatus) {
  int after = 0;
  int destroyed = 0;
  auto middle = [](int& reached, int& ends) -> Task<int> {
    Witness witness(ends);
    const int value = co_await Fails(absl::NotFoundError("no such poem"));
    ++reached;
    co_return value;
  };
  auto outer = [](Task<int> inner, int& reached, int& ends) -> Task<int> {
    Witness witness(ends);
    const int value = co_await std::move(inner);
    ++reached;
    co_return value;
  };
  EXPECT_THAT(Await(outer(middle(after, destroyed), after, destroyed)),
              StatusIs(absl::StatusCode::kNotFound, "no such poem"));
  EXPECT_EQ(after, 0);
  EXPECT_EQ(destroyed, 2);
}

TEST(TaskTest, FailsLateAsItFailsAtOnce) {
  auto outer = [](Task<int> inner) -> Task<int> { co_return co_await std::move(inner) + 1; };
  EXPECT_THAT(Await(outer(FailsAfter(absl::Seconds(5), absl::AbortedError("late")))),
              StatusIs(absl::StatusCode::kAborted, "late"));
}

TEST(TaskTest, KeepsThePayloadsOfAFailure) {
  absl::Status status = absl::DataLossError("gone");
  status.SetPayload("type/a", absl::Cord("bytes"));
  EXPECT_EQ(Await(Fails(status)).status(), status);
}

TEST(OutcomeTest, YieldsValueAndFailure) {
  auto decide = []() -> Task<std::string> {
    const absl::StatusOr<int> good = co_await Outcome(Value(1));
    const absl::StatusOr<int> bad = co_await Outcome(Fails(absl::NotFoundError("none")));
    co_return good.ok() && !bad.ok() ? std::string(bad.status().message()) : "wrong";
  };
  EXPECT_THAT(Await(decide()), IsOkAndHolds("none"));
}

TEST(OutcomeTest, DestroysTheFramesBeforeItGoesOn) {
  auto fails = [](int& ends) -> Task<int> {
    Witness witness(ends);
    co_await absl::NotFoundError("none");
    co_return 1;
  };
  auto decide = [](Task<int> inner, int& ends) -> Task<int> {
    absl::StatusOr<int> outcome = co_await Outcome(std::move(inner));
    co_return ends;
  };
  int destroyed = 0;
  EXPECT_THAT(Await(decide(fails(destroyed), destroyed)), IsOkAndHolds(1));
}

TEST(OutcomeTest, OfTaskOfVoidSaysWhetherItSucceeded) {
  auto fails = []() -> Task<void> { co_await absl::NotFoundError("none"); };
  auto fine = []() -> Task<void> { co_return; };
  auto decide = [](Task<void> a, Task<void> b) -> Task<bool> {
    const bool first = (co_await Outcome(std::move(a))).ok();
    const bool second = (co_await Outcome(std::move(b))).ok();
    co_return !first && second;
  };
  EXPECT_THAT(Await(decide(fails(), fine())), IsOkAndHolds(true));
}

TEST(StatusTest, OkGoesOnAndAnErrorLeaves) {
  auto checks = [](absl::Status status, int& after) -> Task<int> {
    co_await status;
    ++after;
    co_return 1;
  };
  int after = 0;
  EXPECT_THAT(Await(checks(absl::OkStatus(), after)), IsOkAndHolds(1));
  EXPECT_THAT(Await(checks(absl::AbortedError("stop"), after)),
              StatusIs(absl::StatusCode::kAborted, "stop"));
  EXPECT_EQ(after, 1);
}

TEST(StatusTest, StatusOrYieldsItsValueOrLeaves) {
  auto takes = [](absl::StatusOr<std::unique_ptr<int>> value) -> Task<int> {
    std::unique_ptr<int> taken = co_await std::move(value);
    co_return *taken;
  };
  EXPECT_THAT(Await(takes(std::make_unique<int>(3))), IsOkAndHolds(3));
  EXPECT_THAT(Await(takes(absl::OutOfRangeError("end"))), StatusIs(absl::StatusCode::kOutOfRange));
}

TEST(AnnotateTest, PutsInFrontWhatWasBeingDone) {
  EXPECT_THAT(Await(Annotate(Fails(absl::NotFoundError("no model")), "loading weights")),
              StatusIs(absl::StatusCode::kNotFound, "loading weights: no model"));
  EXPECT_THAT(Await(Annotate(Value(4), "loading weights")), IsOkAndHolds(4));
}

TEST(AnnotateTest, KeepsPayloads) {
  absl::Status status = absl::NotFoundError("no model");
  status.SetPayload("type/a", absl::Cord("1"));
  status.SetPayload("type/b", absl::Cord("2"));
  const absl::Status annotated = Await(Annotate(Fails(status), "loading")).status();
  EXPECT_EQ(annotated.GetPayload("type/a"), absl::Cord("1"));
  EXPECT_EQ(annotated.GetPayload("type/b"), absl::Cord("2"));
}

TEST(AnnotateTest, TakesATaskOfVoid) {
  auto fails = []() -> Task<void> { co_await absl::NotFoundError("none"); };
  EXPECT_THAT(Await(Annotate(fails(), "looking")),
              StatusIs(absl::StatusCode::kNotFound, "looking: none"));
}

TEST(DoneTest, IsATaskThatIsDone) {
  EXPECT_THAT(Await(Done<int>(5)), IsOkAndHolds(5));
  EXPECT_THAT(Await(Done<int>(absl::AbortedError("no"))), StatusIs(absl::StatusCode::kAborted));
}

TEST(ExceptionTest, BecomesInternalAtTheEdgeOfItsCoroutine) {
  auto throws = []() -> Task<int> { co_return Throws(); };
  EXPECT_THAT(Await(throws()),
              StatusIs(absl::StatusCode::kInternal, HasSubstr("exception: vector")));
}

TEST(ExceptionTest, OfMemoryThatIsNotToBeHadSaysThatItIsUsedUp) {
  auto throws = []() -> Task<int> { co_return NoMemory(); };
  EXPECT_THAT(Await(throws()),
              StatusIs(absl::StatusCode::kResourceExhausted, HasSubstr("declare more")));
}

TEST(ExceptionTest, OfAnyTypeBecomesInternal) {
  auto throws = []() -> Task<void> {
    ThrowsInt();
    co_return;
  };
  EXPECT_THAT(Await(throws()),
              StatusIs(absl::StatusCode::kInternal, HasSubstr("exception of an unknown type")));
}

TEST(ExceptionTest, AfterAnAwaitIsCaughtToo) {
  auto throws = [](int& destroyed) -> Task<int> {
    Witness witness(destroyed);
    const int slept = co_await After(absl::Seconds(1), 1);
    co_return slept + Throws();
  };
  auto decides = [](Task<int> task) -> Task<std::string> {
    absl::StatusOr<int> outcome = co_await Outcome(std::move(task));
    co_return std::string(outcome.status().message());
  };
  int destroyed = 0;
  EXPECT_THAT(Await(decides(throws(destroyed))), IsOkAndHolds(HasSubstr("exception: ")));
  EXPECT_EQ(destroyed, 1);
}

TEST(DropTest, DestroysAnUnstartedTaskWithItsArguments) {
  std::weak_ptr<int> argument;
  auto takes = [](std::shared_ptr<int> value) -> Task<int> { co_return *value; };
  {
    auto value = std::make_shared<int>(1);
    argument = value;
    Task<int> task = takes(std::move(value));
    EXPECT_FALSE(argument.expired());
  }
  EXPECT_TRUE(argument.expired());
}

TEST(DropTest, DestroysTheInnermostFrameFirst) {
  class Says {
   public:
    Says(std::string& log, char what) : log_(log), what_(what) {}
    ~Says() { log_ += what_; }

   private:
    std::string& log_;
    const char what_;
  };
  auto inner = [](std::string& log) -> Task<int> {
    Says says(log, 'i');
    co_await Sleep(absl::InfiniteDuration());
    co_return 1;
  };
  auto outer = [](Task<int> task, std::string& log) -> Task<int> {
    Says says(log, 'o');
    co_return co_await std::move(task);
  };
  std::string log;
  EXPECT_THAT(Await(WithTimeout(outer(inner(log), log), absl::Seconds(1))),
              StatusIs(absl::StatusCode::kDeadlineExceeded));
  EXPECT_EQ(log, "io");
}

TEST(DropTest, AssignmentDropsWhatWasThere) {
  int destroyed = 0;
  auto holds = [](std::shared_ptr<Witness> witness) -> Task<int> { co_return witness ? 1 : 0; };
  Task<int> task = holds(std::make_shared<Witness>(destroyed));
  task = Value(2);
  EXPECT_EQ(destroyed, 1);
  EXPECT_THAT(Await(std::move(task)), IsOkAndHolds(2));
}

}  // namespace
}  // namespace chains
