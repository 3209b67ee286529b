// When to come again: as a payload, over the wire, and what others may send.
#include "chains/contract/push_back.h"

#include <limits>
#include <string>

#include <gtest/gtest.h>

#include "absl/strings/cord.h"
#include "chains/contract/status_path.h"
#include "chains/v1/error.pb.h"

namespace chains {
namespace {

absl::Status Full() { return absl::ResourceExhaustedError("full"); }
absl::Status Sent(int64_t seconds, int32_t nanos) {
  v1::RetryInfo info;
  info.mutable_retry_delay()->set_seconds(seconds);
  info.mutable_retry_delay()->set_nanos(nanos);
  absl::Status status = Full();
  status.SetPayload(kPushBackType, absl::Cord(info.SerializeAsString()));
  return status;
}

TEST(PushBackTest, ARefusalSaysNothingOfItself) {
  EXPECT_EQ(RetryAfterOf(Full()), std::nullopt);
  EXPECT_EQ(RetryAfterOf(absl::OkStatus()), std::nullopt);
  EXPECT_EQ(WithRetryAfter(absl::OkStatus(), absl::Seconds(1)), absl::OkStatus());
}

TEST(PushBackTest, SaysWhenAndKeepsCodeAndMessage) {
  const absl::Status status = WithRetryAfter(Full(), absl::Milliseconds(1500));
  EXPECT_EQ(RetryAfterOf(status), absl::Milliseconds(1500));
  EXPECT_EQ(status.code(), absl::StatusCode::kResourceExhausted);
  EXPECT_EQ(status.message(), "full");
  EXPECT_EQ(RetryAfterOf(WithRetryAfter(status, absl::ZeroDuration())), absl::ZeroDuration());
}

TEST(PushBackTest, IsGoogleRpcRetryInfoOnTheWire) {
  const absl::Status status = WithRetryAfter(Full(), absl::Seconds(2) + absl::Nanoseconds(3));
  EXPECT_EQ(status.GetPayload("type.googleapis.com/google.rpc.RetryInfo"),
            absl::Cord(std::string("\x0a\x04\x08\x02\x10\x03")));
}

TEST(PushBackTest, NegativeMeansNotAtAllWhateverItsSize) {
  EXPECT_LT(RetryAfterOf(WithRetryAfter(Full(), absl::Nanoseconds(-1))), absl::ZeroDuration());
  EXPECT_LT(RetryAfterOf(WithRetryAfter(Full(), -absl::InfiniteDuration())), absl::ZeroDuration());
  EXPECT_LT(RetryAfterOf(Sent(0, -1)), absl::ZeroDuration());
  EXPECT_LT(RetryAfterOf(Sent(std::numeric_limits<int64_t>::min(), 0)), absl::ZeroDuration());
}

TEST(PushBackTest, NothingAsksForMoreThanADay) {
  EXPECT_EQ(RetryAfterOf(WithRetryAfter(Full(), absl::InfiniteDuration())), kLongestPushBack);
  EXPECT_EQ(RetryAfterOf(Sent(std::numeric_limits<int64_t>::max(), 999'999'999)), kLongestPushBack);
}

TEST(PushBackTest, WhatCannotBeReadSaysNothing) {
  EXPECT_EQ(RetryAfterOf(Sent(1, 1'000'000'000)), std::nullopt);
  EXPECT_EQ(RetryAfterOf(Sent(1, std::numeric_limits<int32_t>::min())), std::nullopt);
  absl::Status status = Full();
  status.SetPayload(kPushBackType, absl::Cord("\xff\xff"));
  EXPECT_EQ(RetryAfterOf(status), std::nullopt);
  status.SetPayload(kPushBackType, absl::Cord());
  EXPECT_EQ(RetryAfterOf(status), std::nullopt);
}

TEST(PushBackTest, TravelsBesideThePathAndBeforeWhatChainletsAttach) {
  absl::Status status = WithRetryAfter(Full(), absl::Milliseconds(250));
  status = WithHop(status, {.chainlet = "hello.SayHello", .method = "RunRemote", .replica = "a"});
  for (int i = 0; i < 20; ++i) {
    status.SetPayload("type/" + std::to_string(i), absl::Cord(std::string(1000, 'x')));
  }
  const absl::Status arrived = DecodeDetails(Full(), EncodeDetails(status));
  EXPECT_EQ(RetryAfterOf(arrived), absl::Milliseconds(250));
  EXPECT_EQ(PathOf(arrived).size(), 1u);
}

TEST(PushBackTest, WhatIsTooLargeToBeOneDoesNotTravel) {
  absl::Status status = Full();
  status.SetPayload(kPushBackType, absl::Cord(std::string(8000, 'x')));
  EXPECT_EQ(EncodeDetails(status), "");
}

}  // namespace
}  // namespace chains
