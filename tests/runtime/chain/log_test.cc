// Lines of JSON: what chainlets log, and calls that failed.
#include "chains/chain/log.h"

#include <cstdlib>
#include <string>
#include <unistd.h>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "chains/chain/failure_log.h"
#include "chains/contract/status_path.h"
#include "chains/core/wait.h"

namespace chains {
namespace {

using ::testing::ElementsAre;
using ::testing::EndsWith;
using ::testing::HasSubstr;
using ::testing::SizeIs;

constexpr std::string_view kTrace = "4bf92f3577b34da6a3ce929d0e0e4736";
const absl::Time kTime = absl::FromUnixMicros(1'790'000'000'000'042);

TEST(LogTest, ALineHasTimeLevelMessageAndTheRequests) {
  const Context context(absl::InfiniteFuture(), kTrace, {{"x-request-id", "r-17"}});
  EXPECT_EQ(internal::LogLine(kTime, context, Severity::kWarning, "no voice"),
            R"({"time":"2026-09-21T14:13:20.000042Z","level":"warning","message":"no voice",)"
            R"("request_id":"r-17","trace_id":"4bf92f3577b34da6a3ce929d0e0e4736"})"
            "\n");
}

TEST(LogTest, LeavesOutWhatTheRequestDoesNotHave) {
  EXPECT_THAT(internal::LogLine(kTime, Context(), Severity::kInfo, "m"),
              EndsWith(R"("level":"info","message":"m"})"
                       "\n"));
}

TEST(LogTest, AnyBytesMakeOneValidLine) {
  const std::string line = internal::LogLine(kTime, Context(), Severity::kError,
                                             std::string("a\"b\\c\nd\0e\xff\x1b", 11));
  EXPECT_THAT(line, HasSubstr("a\\\"b\\\\c\\nd\\u0000e\xEF\xBF\xBD"));
  EXPECT_EQ(line.find('\n'), line.size() - 1);
}

TEST(LogTest, CutsALongMessageBetweenCharacters) {
  std::string message = "x";
  while (message.size() < 40'000) message += "ä";
  const std::string line = internal::LogLine(kTime, Context(), Severity::kInfo, message);
  EXPECT_THAT(line, HasSubstr("ä… (23618 bytes more)"));
  EXPECT_EQ(line.find("\xEF\xBF\xBD"), std::string::npos);
}

// What is written to standard error while it lives.
class CapturedStderr {
 public:
  CapturedStderr() { ::testing::internal::CaptureStderr(); }
  std::string Take() { return ::testing::internal::GetCapturedStderr(); }
};

TEST(LogTest, ACoroutineLogsForItsRequest) {
  auto run = []() -> Task<void> { co_await Log(Severity::kInfo, "loaded"); };
  CapturedStderr captured;
  const Context context(absl::InfiniteFuture(), kTrace, {{"X-Request-Id", "r-1"}});
  ASSERT_TRUE(Wait(run(), context).ok());
  Log(Context(), Severity::kError, "elsewhere");
  const std::string lines = captured.Take();
  EXPECT_THAT(lines, HasSubstr(R"("message":"loaded","request_id":"r-1")"));
  EXPECT_THAT(lines, EndsWith("\"level\":\"error\",\"message\":\"elsewhere\"}\n"));
}

constexpr Method kMethod = {.chainlet = "t.T", .name = "Run", .path = "/t.T/Run"};

class FailureLogTest : public ::testing::Test {
 protected:
  std::vector<std::string> lines_;
  internal::FailureLog log_{{.lines_a_second = 2},
                            [this](const std::string& line) { lines_.push_back(line); }};
};

TEST_F(FailureLogTest, NamesMethodCodeAndMessage) {
  log_.Note(Context(absl::InfiniteFuture(), "", {{"x-request-id", "r-1"}}), kMethod,
            WithHop(absl::InternalError("exception: no weights"),
                    {.chainlet = "t.T", .method = "Run", .replica = "t-0"}),
            kTime);
  ASSERT_THAT(lines_, SizeIs(1));
  EXPECT_THAT(lines_[0], HasSubstr(R"("level":"error")"));
  EXPECT_THAT(lines_[0], HasSubstr("t.T.Run failed: INTERNAL: exception: no weights (t.T.Run"));
  EXPECT_THAT(lines_[0], HasSubstr(R"("method":"t.T.Run","code":"INTERNAL","request_id":"r-1")"));
}

TEST_F(FailureLogTest, IsSilentAboutFailuresThatAreAnswers) {
  for (const absl::StatusCode code :
       {absl::StatusCode::kInvalidArgument, absl::StatusCode::kUnavailable,
        absl::StatusCode::kDeadlineExceeded, absl::StatusCode::kCancelled,
        absl::StatusCode::kResourceExhausted}) {
    log_.Note(Context(), kMethod, absl::Status(code, "no"), kTime);
  }
  EXPECT_THAT(lines_, SizeIs(0));
  log_.Note(Context(), kMethod, absl::DataLossError("half"), kTime);
  log_.Note(Context(), kMethod, absl::UnknownError("what"), kTime);
  EXPECT_THAT(lines_, SizeIs(2));
}

TEST_F(FailureLogTest, WritesSoManyLinesASecondAndSaysHowManyWereLeftOut) {
  for (int i = 0; i < 7; ++i) log_.Note(Context(), kMethod, absl::InternalError("no"), kTime);
  EXPECT_THAT(lines_, SizeIs(2));
  log_.Tick(kTime + absl::Milliseconds(900));
  EXPECT_THAT(lines_, SizeIs(2));
  log_.Tick(kTime + absl::Seconds(1));
  ASSERT_THAT(lines_, SizeIs(3));
  EXPECT_THAT(lines_[2], HasSubstr("5 more calls failed"));
  log_.Note(Context(), kMethod, absl::InternalError("no"), kTime + absl::Seconds(1));
  EXPECT_THAT(lines_, SizeIs(4));
  log_.Tick(kTime + absl::Seconds(5));
  EXPECT_THAT(lines_, SizeIs(4));
}

TEST(LogTest, FieldsAreJsonOfTheirOwn) {
  const std::string name = "en";
  EXPECT_THAT(
      internal::LogLine(
          kTime, Context(), Severity::kDebug, "m",
          {{"voices", 3}, {"model", name}, {"warm", true}, {"share", 0.5}, {"no", ""}}, "a.A"),
      EndsWith(R"("level":"debug","message":"m","voices":3,"model":"en","warm":true,"share":0.5,)"
               R"("chainlet":"a.A"})"
               "\n"));
}

TEST(LogTest, AFieldWithANameThatIsTakenGetsAnother) {
  EXPECT_THAT(internal::LogLine(kTime, Context(), Severity::kInfo, "m", {{"level", "loud"}}),
              HasSubstr(R"("level":"info","message":"m","level_":"loud")"));
}

TEST(LogTest, FieldsStickToARequest) {
  const Context plain(absl::InfiniteFuture(), kTrace, {{"x-request-id", "r-17"}});
  const Context context = plain.WithLogFields(internal::FieldsAsJson({{"user", "ada"}}))
                              .WithLogFields(internal::FieldsAsJson({{"try", 2}}));
  EXPECT_THAT(internal::LogLine(kTime, context, Severity::kInfo, "m"),
              EndsWith(R"("user":"ada","try":2})"
                       "\n"));
  EXPECT_EQ(context.trace_id(), kTrace);
  EXPECT_EQ(context.Header("x-request-id"), "r-17");
  EXPECT_EQ(plain.log_fields(), "");
}

TEST(LogTest, WhatIsBelowItsThresholdIsNotWritten) {
  ::testing::internal::CaptureStderr();
  Log(Context(), Severity::kDebug, "hidden");
  internal::SetLogThresholds({{"", Severity::kDebug}});
  Log(Context(), Severity::kDebug, "shown");
  internal::SetLogThresholds({{"", Severity::kError}});
  Log(Context(), Severity::kWarning, "hidden, too");
  internal::SetLogThresholds({});
  const std::string said = ::testing::internal::GetCapturedStderr();
  EXPECT_THAT(said, HasSubstr("shown"));
  EXPECT_THAT(said, ::testing::Not(HasSubstr("hidden")));
}

}  // namespace
}  // namespace chains
