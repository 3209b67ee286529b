#include "gateway/app/errors.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "absl/strings/cord.h"
#include "chains/contract/status_path.h"

namespace chains::gateway {
namespace {

TEST(Errors, HaveTheirCanonicalStatus) {
  const struct {
    absl::StatusCode code;
    int status;
  } kCases[] = {
      {absl::StatusCode::kInvalidArgument, 400},   {absl::StatusCode::kFailedPrecondition, 400},
      {absl::StatusCode::kOutOfRange, 400},        {absl::StatusCode::kUnauthenticated, 401},
      {absl::StatusCode::kPermissionDenied, 403},  {absl::StatusCode::kNotFound, 404},
      {absl::StatusCode::kAlreadyExists, 409},     {absl::StatusCode::kAborted, 409},
      {absl::StatusCode::kResourceExhausted, 429}, {absl::StatusCode::kCancelled, 499},
      {absl::StatusCode::kInternal, 500},          {absl::StatusCode::kUnknown, 500},
      {absl::StatusCode::kDataLoss, 500},          {absl::StatusCode::kUnimplemented, 501},
      {absl::StatusCode::kUnavailable, 503},       {absl::StatusCode::kDeadlineExceeded, 504},
  };
  for (const auto& [code, status] : kCases) EXPECT_EQ(HttpStatusOf(code), status);
}

TEST(Errors, SayWhatAndWhere) {
  absl::Status status = absl::NotFoundError("no \"such\" poem");
  status.SetPayload("type.googleapis.com/poems.Hint", absl::Cord("abc"));
  status = WithHop(
      status, {.chainlet = "poems.PhiLlm", .method = "Generate", .replica = "gpu-0", .attempt = 2});
  status = WithHop(status,
                   {.chainlet = "poems.PoemGenerator", .method = "RunRemote", .replica = "cpu-0"});
  const Response response = ErrorResponse(status);
  EXPECT_EQ(response.status, 404);
  EXPECT_EQ(FindHeader(response.headers, "content-type"), "application/json");
  EXPECT_EQ(response.body,
            R"({"error":{"code":"NOT_FOUND","message":"no \"such\" poem",)"
            R"("details":[{"type":"type.googleapis.com/poems.Hint","value_b64":"YWJj"}],"path":[)"
            R"({"chainlet":"poems.PoemGenerator","method":"RunRemote","replica":"cpu-0"},)"
            R"({"chainlet":"poems.PhiLlm","method":"Generate","replica":"gpu-0","attempt":2}]}})");
}

TEST(Errors, AskToBeTriedAgain) {
  EXPECT_TRUE(
      FindHeader(ErrorResponse(absl::ResourceExhaustedError("full")).headers, "retry-after"));
  EXPECT_TRUE(FindHeader(ErrorResponse(absl::UnavailableError("down")).headers, "retry-after"));
  EXPECT_FALSE(FindHeader(ErrorResponse(absl::InternalError("bug")).headers, "retry-after"));
}

}  // namespace
}  // namespace chains::gateway
