#include "chains/http/failure.h"

#include <string>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "chains/contract/push_back.h"
#include "chains/testing/status_matchers.h"

namespace chains::http {
namespace {

using ::testing::HasSubstr;
using testing::StatusIs;

Response Answer(int status, std::string body) {
  Response response;
  response.status = status;
  response.body = std::move(body);
  return response;
}

absl::Status Of(int status, std::string body) {
  return FailureOf("https://m/v1", Answer(status, std::move(body)));
}

TEST(FailureOf, TakesTheCodeOfTheHttpStatus) {
  EXPECT_THAT(Of(400, ""), StatusIs(absl::StatusCode::kInvalidArgument));
  EXPECT_THAT(Of(401, ""), StatusIs(absl::StatusCode::kUnauthenticated));
  EXPECT_THAT(Of(403, ""), StatusIs(absl::StatusCode::kPermissionDenied));
  EXPECT_THAT(Of(404, ""), StatusIs(absl::StatusCode::kNotFound));
  EXPECT_THAT(Of(418, ""), StatusIs(absl::StatusCode::kFailedPrecondition));
  EXPECT_THAT(Of(429, ""), StatusIs(absl::StatusCode::kResourceExhausted));
  EXPECT_THAT(Of(500, ""), StatusIs(absl::StatusCode::kInternal));
  EXPECT_THAT(Of(502, ""), StatusIs(absl::StatusCode::kUnavailable));
  EXPECT_THAT(Of(503, ""), StatusIs(absl::StatusCode::kUnavailable));
  EXPECT_THAT(Of(504, ""), StatusIs(absl::StatusCode::kDeadlineExceeded));
  EXPECT_THAT(Of(0, ""), StatusIs(absl::StatusCode::kFailedPrecondition));
}

TEST(FailureOf, SaysWhatTheBodySays) {
  EXPECT_EQ(Of(400, R"({"error": {"message": "no such model", "code": null}})").message(),
            "https://m/v1: HTTP 400: no such model");
  EXPECT_EQ(Of(400, R"({"error": "full"})").message(), "https://m/v1: HTTP 400: full");
  EXPECT_EQ(Of(400, R"({"detail": "not here"})").message(), "https://m/v1: HTTP 400: not here");
  EXPECT_EQ(Of(400, R"({"message": "ach"})").message(), "https://m/v1: HTTP 400: ach");
  EXPECT_EQ(Of(502, "Bad gateway\n<html>").message(), "https://m/v1: HTTP 502: Bad gateway");
  EXPECT_EQ(Of(502, "").message(), "https://m/v1: HTTP 502");
}

TEST(FailureOf, TakesTheServersOwnCode) {
  EXPECT_THAT(Of(400, R"({"error": {"code": "FAILED_PRECONDITION", "message": "m"}})"),
              StatusIs(absl::StatusCode::kFailedPrecondition));
  EXPECT_THAT(Of(400, R"({"error": {"code": 400, "status": "OUT_OF_RANGE"}})"),
              StatusIs(absl::StatusCode::kOutOfRange));
  EXPECT_THAT(Of(400, R"({"error": {"code": "OK"}})"),
              StatusIs(absl::StatusCode::kInvalidArgument));
}

TEST(FailureOf, IsNotFooledByABody) {
  const absl::Status long_one = Of(500, std::string(100'000, 'x'));
  EXPECT_LT(long_one.message().size(), 2000u);
  EXPECT_EQ(Of(500, "a\tb\x01").message(), "https://m/v1: HTTP 500: a b");
  EXPECT_EQ(Of(500, "a\xff\xfe").message(), "https://m/v1: HTTP 500: a");
  EXPECT_THAT(Of(500, std::string(100'000, '{')), StatusIs(absl::StatusCode::kInternal));
  EXPECT_THAT(Of(500, R"({"error":)"), StatusIs(absl::StatusCode::kInternal));
}

TEST(FailureOf, SaysWhenToComeAgain) {
  Response response = Answer(429, "");
  response.headers["retry-after"] = "7";
  EXPECT_EQ(RetryAfterOf(FailureOf("u", response)), absl::Seconds(7));
  response.headers["retry-after"] = "99999999999";
  EXPECT_EQ(RetryAfterOf(FailureOf("u", response)), kLongestPushBack);
  for (const char* other : {"-1", "soon", "", "Thu, 26 Nov 2026 00:00:00 GMT"}) {
    response.headers["retry-after"] = other;
    EXPECT_EQ(RetryAfterOf(FailureOf("u", response)), std::nullopt) << other;
  }
}

TEST(FailureOf, NamesWhereItIsInstead) {
  Response response = Answer(301, "");
  response.headers["location"] = "https://n/v2";
  EXPECT_THAT(FailureOf("u", response),
              StatusIs(absl::StatusCode::kFailedPrecondition, HasSubstr("https://n/v2")));
}

TEST(FailureIn, IsAnObjectWithAnErrorAlone) {
  EXPECT_THAT(*FailureIn("u", R"({"error": {"code": "UNAVAILABLE", "message": "m"}})"),
              StatusIs(absl::StatusCode::kUnavailable, "u: m"));
  EXPECT_THAT(*FailureIn("u", R"({"error": "m"})"), StatusIs(absl::StatusCode::kUnknown, "u: m"));
  for (const char* other : {"", "1", "{}", R"({"error": 1})", R"({"error": "m", "a": 1})",
                            R"({"a": 1, "error": "m"})", R"({"error": "m"} 2)", R"({"error": {)"}) {
    EXPECT_EQ(FailureIn("u", other), std::nullopt) << other;
  }
}

}  // namespace
}  // namespace chains::http
