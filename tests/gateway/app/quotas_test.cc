// What keys may use, and what the gateway takes in all.
#include "gateway/app/quotas.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "chains/contract/push_back.h"
#include "chains/testing/status_matchers.h"

namespace chains::gateway {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using testing::IsOk;
using ::testing::Pair;
using testing::StatusIs;

constexpr absl::Time kNow = absl::FromUnixSeconds(1'900'000'000);

Quotas::Owner OwnerWith(v1::KeyLimits limits, const std::string& id = "phone") {
  return std::make_shared<const ApiKeys::Owner>(ApiKeys::Owner{id, std::move(limits)});
}
Quotas::Owner Rate(double per_second, int burst) {
  v1::KeyLimits limits;
  limits.set_requests_per_second(per_second);
  limits.set_burst(burst);
  return OwnerWith(std::move(limits));
}
Quotas::Owner InFlight(int most) {
  v1::KeyLimits limits;
  limits.set_max_in_flight(most);
  return OwnerWith(std::move(limits));
}

TEST(QuotasTest, WithoutLimitsNothingIsCounted) {
  Quotas quotas({});
  const absl::StatusOr<Quotas::Stay> stay = quotas.Enter(nullptr, kNow);
  EXPECT_THAT(stay, IsOk());
  EXPECT_THAT(quotas.Foresee(nullptr, kNow), IsOk());
  EXPECT_EQ(quotas.in_flight(), 0u);
}

TEST(QuotasTest, AKeyHasItsRateAndIsToldWhenToComeAgain) {
  Quotas quotas({});
  const Quotas::Owner owner = Rate(10, 2);
  EXPECT_THAT(quotas.Enter(owner, kNow), IsOk());
  EXPECT_THAT(quotas.Enter(owner, kNow), IsOk());
  const absl::Status refused = quotas.Enter(owner, kNow).status();
  EXPECT_THAT(refused, StatusIs(absl::StatusCode::kResourceExhausted,
                                HasSubstr("may make 10/s requests, and 2 at once")));
  const absl::Duration wait = RetryAfterOf(refused).value_or(absl::InfiniteDuration());
  EXPECT_GE(wait, absl::Milliseconds(100));
  EXPECT_LT(wait, absl::Milliseconds(101));
  EXPECT_THAT(quotas.Foresee(owner, kNow), StatusIs(absl::StatusCode::kResourceExhausted));
  EXPECT_EQ(quotas.counts().rate, 2u);
  EXPECT_THAT(quotas.Foresee(owner, kNow + wait), IsOk());
  EXPECT_THAT(quotas.Enter(owner, kNow + wait), IsOk());
}

TEST(QuotasTest, ToForeseeCostsNothing) {
  Quotas quotas({});
  const Quotas::Owner owner = Rate(1, 1);
  for (int i = 0; i < 5; ++i) EXPECT_THAT(quotas.Foresee(owner, kNow), IsOk());
  EXPECT_THAT(quotas.Enter(owner, kNow), IsOk());
}

TEST(QuotasTest, AKeyHasSoManyAtATime) {
  Quotas quotas({});
  const Quotas::Owner owner = InFlight(1);
  {
    absl::StatusOr<Quotas::Stay> stay = quotas.Enter(owner, kNow);
    const Quotas::Stay moved = *std::move(stay);
    EXPECT_THAT(quotas.Enter(owner, kNow),
                StatusIs(absl::StatusCode::kResourceExhausted, HasSubstr("1 requests in flight")));
    EXPECT_THAT(quotas.Enter(OwnerWith(owner->limits, "other"), kNow), IsOk());
  }
  EXPECT_EQ(quotas.in_flight(), 0u);
  EXPECT_THAT(quotas.Enter(owner, kNow), IsOk());
  EXPECT_EQ(quotas.counts().key_in_flight, 1u);
}

TEST(QuotasTest, AGatewayHasSoManyOfAll) {
  Quotas quotas({.max_in_flight = 1});
  const absl::StatusOr<Quotas::Stay> stay = quotas.Enter(nullptr, kNow);
  const absl::Status refused = quotas.Enter(InFlight(9), kNow).status();
  EXPECT_THAT(refused, StatusIs(absl::StatusCode::kUnavailable, HasSubstr("--max-in-flight")));
  EXPECT_TRUE(RetryAfterOf(refused));
  EXPECT_EQ(quotas.counts().all_in_flight, 1u);
}

TEST(QuotasTest, OnTrialNothingIsRefusedAndAllIsCounted) {
  Quotas all({.max_in_flight = 1, .dry_run = true});
  const absl::StatusOr<Quotas::Stay> first = all.Enter(nullptr, kNow);
  EXPECT_THAT(all.Enter(nullptr, kNow), IsOk());
  EXPECT_EQ(all.counts().would_refuse, 1u);
  EXPECT_EQ(all.counts().all_in_flight, 0u);

  v1::KeyLimits limits;
  limits.set_requests_per_second(1);
  limits.set_dry_run(true);
  Quotas quotas({});
  for (int i = 0; i < 3; ++i) EXPECT_THAT(quotas.Enter(OwnerWith(limits), kNow), IsOk());
  EXPECT_EQ(quotas.counts().would_refuse, 2u);
}

TEST(QuotasTest, WhatWasUsedOutlivesAnExchangeOfRoutesUnlessLimitsChanged) {
  Quotas quotas({});
  EXPECT_THAT(quotas.Enter(Rate(1, 1), kNow), IsOk());
  EXPECT_THAT(quotas.Enter(Rate(1, 1), kNow), StatusIs(absl::StatusCode::kResourceExhausted));
  EXPECT_THAT(quotas.Enter(Rate(5, 5), kNow), IsOk());
}

TEST(QuotasTest, ForgetsKeysThatAreGoneOnceTheyHaveNothingInFlight) {
  Quotas quotas({});
  {
    const absl::StatusOr<Quotas::Stay> stay = quotas.Enter(InFlight(1), kNow);
    quotas.KeepOnly({});
    EXPECT_EQ(quotas.known(), 1u);
  }
  quotas.KeepOnly({"phone"});
  EXPECT_EQ(quotas.known(), 1u);
  quotas.KeepOnly({});
  EXPECT_EQ(quotas.known(), 0u);
}

TEST(QuotasTest, TellsAClientOfItsRate) {
  Quotas quotas({});
  const Quotas::Owner owner = Rate(10, 25);
  EXPECT_THAT(quotas.Enter(owner, kNow), IsOk());
  HttpHeaders headers;
  quotas.AddHeaders(owner, kNow, headers);
  EXPECT_THAT(headers, ElementsAre(Pair("RateLimit-Policy", "\"key\";q=25;w=3"),
                                   Pair("RateLimit", "\"key\";r=24;t=1")));
  headers.clear();
  quotas.AddHeaders(InFlight(1), kNow, headers);
  quotas.AddHeaders(nullptr, kNow, headers);
  EXPECT_THAT(headers, IsEmpty());
}

// ---- Where limits come from.

TEST(KeyFileLimitsTest, StandBesideTheName) {
  const std::string hash(64, 'a');
  const absl::StatusOr<ApiKeys> keys = ApiKeys::Parse(
      hash + " the phone rate=50/s burst=100 max-in-flight=20 priority-ceiling=6 priority=2\n");
  ASSERT_THAT(keys, IsOk());
  EXPECT_TRUE(keys->any_limits());
  EXPECT_FALSE(ApiKeys::Parse(hash + " the phone")->any_limits());
}

TEST(KeyFileLimitsTest, WhatIsNoLimitNamesItsLine) {
  const std::string hash(64, 'a');
  for (const char* word : {"rate=x", "rate=0/s", "burst=1", "max-in-flight=", "priority=8",
                           "priority=5", "priority-ceiling=-1", "burst=99999999999 rate=1"}) {
    EXPECT_THAT(ApiKeys::Parse("# keys\n" + hash + " phone " + word),
                StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("line 2")))
        << word;
  }
}

TEST(PlatformKeyLimitsTest, AreThoseOfItsOwner) {
  google::protobuf::RepeatedPtrField<v1::KnownKey> known;
  v1::KnownKey& key = *known.Add();
  // Of "secret".
  key.set_sha256(
      std::string("\x2b\xb8\x0d\x53\x7b\x1d\xa3\xe3\x8b\xd3\x03\x61\xaa\x85\x56\x86"
                  "\xbd\xe0\xea\xcd\x71\x62\xfe\xf6\xa2\x5f\xe9\x7b\xf5\x27\xa2\x5b",
                  32));
  key.set_name("phone");
  key.set_invoke(true);
  key.mutable_limits()->set_max_in_flight(3);
  absl::StatusOr<ApiKeys> keys = ApiKeys::From(known);
  ASSERT_THAT(keys, IsOk());
  const Quotas::Owner owner = keys->OwnerOf("Api-Key secret", kNow);
  ASSERT_NE(owner, nullptr);
  EXPECT_EQ(owner->id, "phone");
  EXPECT_EQ(owner->limits.max_in_flight(), 3);
  EXPECT_EQ(keys->OwnerOf("Api-Key other", kNow), nullptr);
  key.mutable_limits()->set_priority(9);
  EXPECT_THAT(ApiKeys::From(known),
              StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("keys[0].limits.priority")));
}

}  // namespace
}  // namespace chains::gateway
