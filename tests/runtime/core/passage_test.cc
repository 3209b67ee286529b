// Passages of a task: in which order it goes through them, and how it leaves them.
#include "chains/core/passage.h"

#include <string>
#include <utility>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "absl/strings/str_cat.h"
#include "chains/core/all.h"
#include "chains/testing/running.h"
#include "chains/testing/status_matchers.h"
#include "support.h"

namespace chains {
namespace {

using ::testing::ElementsAre;
using testing::FakeClock;
using ::testing::IsEmpty;
using testing::IsOkAndHolds;
using testing::Running;
using testing::StatusIs;

using Log = std::vector<std::string>;

class LoggingPassage final : public internal::Passage {
 public:
  LoggingPassage(std::string name, Log& log) : name_(std::move(name)), log_(log) {}

  absl::Status Describe(const absl::Status& failure, int) override {
    return absl::Status(failure.code(), absl::StrCat(name_, ": ", failure.message()));
  }

  // The long way is the detour's.
  absl::StatusOr<Context> Enter(const Context& caller, absl::Time) override { return caller; }
  Gate* gate() override { return nullptr; }
  void Started() override {}
  void Ended(absl::StatusCode) override {}
  bool LastAttempt(int) const override { return true; }
  std::optional<absl::Duration> RetryAfter(const absl::Status&, int) override {
    return std::nullopt;
  }

  bool open = true;

 private:
  bool TryEnterByItself(const Context&, absl::Time) override {
    log_.push_back(absl::StrCat(open ? "enter " : "closed ", name_));
    return open;
  }
  void LeaveByItself(absl::StatusCode code) override {
    log_.push_back(absl::StrCat("leave ", name_, " ", absl::StatusCodeToString(code)));
  }

  const std::string name_;
  Log& log_;
};

// A detour that only says that it was taken.
Task<int> LongWay(Task<int> call, LoggingPassage& passage, Log& log) {
  log.push_back("long way");
  passage.open = true;
  absl::StatusOr<int> outcome = co_await Outcome(std::move(call));
  log.push_back("end of long way");
  co_return outcome;
}

class PassageTest : public ::testing::Test {
 protected:
  static inline Log* detours = nullptr;
  static internal::Promise& Detour(internal::Promise& call, internal::Passage& passage) {
    auto made = Task<int>::Adopt(static_cast<internal::TaskPromise<int>&>(call));
    return LongWay(std::move(made), static_cast<LoggingPassage&>(passage), *detours).Release();
  }

  PassageTest() { detours = &log_; }
  Task<int> Through(Task<int> call) {
    EXPECT_TRUE(call.promise().AddPassage(inner_, &Detour));
    EXPECT_TRUE(call.promise().AddPassage(outer_, &Detour));
    return call;
  }
  Task<int> Logged(Task<int> call) {
    log_.push_back("run");
    co_return co_await Outcome(std::move(call));
  }

  Log log_;
  FakeClock clock_;
  LoggingPassage inner_{"inner", log_};
  LoggingPassage outer_{"outer", log_};
};

TEST_F(PassageTest, AreEnteredFromTheLastToTheFirstAndLeftTheOtherWay) {
  EXPECT_THAT(Wait(Through(Logged(Value(7))), clock_), IsOkAndHolds(7));
  EXPECT_THAT(log_,
              ElementsAre("enter outer", "enter inner", "run", "leave inner OK", "leave outer OK"));
}

TEST_F(PassageTest, DescribeAFailureFromTheFirstToTheLast) {
  EXPECT_THAT(Wait(Through(Logged(Fails(absl::AbortedError("no")))), clock_),
              StatusIs(absl::StatusCode::kAborted, "outer: inner: no"));
  EXPECT_THAT(log_, ElementsAre("enter outer", "enter inner", "run", "leave inner ABORTED",
                                "leave outer ABORTED"));
}

TEST_F(PassageTest, AreNotEnteredBeforeTheTaskIsAwaited) {
  { Task<int> dropped = Through(Logged(Value(7))); }
  EXPECT_THAT(log_, IsEmpty());
}

TEST_F(PassageTest, AreLeftByATaskThatIsDropped) {
  { Running<int> running(clock_, Through(After(absl::Seconds(1), 7))); }
  EXPECT_THAT(log_, ElementsAre("enter outer", "enter inner", "leave inner CANCELLED",
                                "leave outer CANCELLED"));
}

TEST_F(PassageTest, OfWhichTheFirstIsClosedLeadToADetourAroundAll) {
  outer_.open = false;
  EXPECT_THAT(Wait(Through(Logged(Value(7))), clock_), IsOkAndHolds(7));
  EXPECT_THAT(log_, ElementsAre("closed outer", "long way", "enter inner", "run", "leave inner OK",
                                "end of long way"));
}

TEST_F(PassageTest, OfWhichAnotherIsClosedLeadToADetourBehindTheFirst) {
  inner_.open = false;
  EXPECT_THAT(Wait(Through(Logged(Value(7))), clock_), IsOkAndHolds(7));
  EXPECT_THAT(log_, ElementsAre("enter outer", "closed inner", "long way", "run", "end of long way",
                                "leave outer OK"));
}

TEST_F(PassageTest, ADetourThatFailsIsDescribedByWhatIsOutsideOfIt) {
  inner_.open = false;
  EXPECT_THAT(Wait(Through(Logged(Fails(absl::AbortedError("no")))), clock_),
              StatusIs(absl::StatusCode::kAborted, "outer: no"));
}

TEST_F(PassageTest, ADroppedDetourLeavesWhatWasEntered) {
  inner_.open = false;
  { Running<int> running(clock_, Through(After(absl::Seconds(1), 7))); }
  EXPECT_THAT(log_,
              ElementsAre("enter outer", "closed inner", "long way", "leave outer CANCELLED"));
}

TEST_F(PassageTest, AreAtMostTwo) {
  Task<int> call = Through(Value(7));
  EXPECT_FALSE(call.promise().AddPassage(outer_, &Detour));
}

TEST_F(PassageTest, WorkInAGather) {
  std::vector<Task<int>> calls;
  calls.push_back(Through(Logged(Value(1))));
  calls.push_back(Value(2));
  EXPECT_THAT(Wait(All(std::move(calls)), clock_), IsOkAndHolds(ElementsAre(1, 2)));
  EXPECT_EQ(log_.back(), "leave outer OK");
}

}  // namespace
}  // namespace chains
