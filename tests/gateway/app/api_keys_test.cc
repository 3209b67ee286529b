#include "gateway/app/api_keys.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "absl/strings/escaping.h"
#include "chains/core/text.h"

namespace chains::gateway {
namespace {

using ::testing::HasSubstr;

// Of "secret" and "other".
constexpr std::string_view kKeys =
    "# who may call\n"
    "2bb80d537b1da3e38bd30361aa855686bde0eacd7162fef6a25fe97bf527a25b  ada's laptop\r\n\n"
    "D9298A10D1B0735837DC4BD85DAC641B0F3CEF27A47E5D53A54F2F3F5B2FCFFA\n";

const absl::Time kNow = absl::FromUnixSeconds(1'000'000);

absl::StatusCode Checked(std::optional<std::string_view> authorization) {
  return ApiKeys::Parse(kKeys)->Check(authorization, kNow).code();
}

TEST(ApiKeys, KnowsAKeyByItsHash) {
  EXPECT_EQ(Checked("Api-Key secret"), absl::StatusCode::kOk);
  EXPECT_EQ(Checked("Bearer secret"), absl::StatusCode::kOk);
  EXPECT_EQ(Checked("bearer  secret "), absl::StatusCode::kOk);
  EXPECT_EQ(Checked("Api-Key other"), absl::StatusCode::kOk);
}

TEST(ApiKeys, WantsAKeyThatIsKnown) {
  for (const char* none : {"", "Api-Key", "Api-Key ", "Bearer   ", "Basic secret", "secret"}) {
    EXPECT_EQ(Checked(none), absl::StatusCode::kUnauthenticated) << none;
  }
  EXPECT_EQ(Checked(std::nullopt), absl::StatusCode::kUnauthenticated);
  EXPECT_EQ(Checked("Api-Key Secret"), absl::StatusCode::kUnauthenticated);
  EXPECT_EQ(Checked("Api-Key 2bb80d537b1da3e38bd30361aa855686bde0eacd7162fef6a25fe97bf527a25b"),
            absl::StatusCode::kUnauthenticated);
}

TEST(ApiKeys, RefusesAFileThatHoldsSomethingElse) {
  EXPECT_THAT(std::string(MessageOf(ApiKeys::Parse("# a\nsecret\n").status())),
              HasSubstr("line 2"));
  EXPECT_THAT(std::string(MessageOf(ApiKeys::Parse("# nobody\n").status())), HasSubstr("no key"));
  EXPECT_THAT(std::string(MessageOf(ApiKeys::Load("/no/such/file").status())),
              HasSubstr("/no/such/file"));
}

TEST(ApiKeys, AFileSaysForWhichChainsAKeyIsAndUntilWhen) {
  const auto keys = ApiKeys::Parse(
      "2bb80d537b1da3e38bd30361aa855686bde0eacd7162fef6a25fe97bf527a25b  ada's laptop chain=hello "
      "chain=poems expires=1970-01-12T13:46:41Z\n");
  ASSERT_TRUE(keys.ok()) << keys.status();
  EXPECT_TRUE(keys->any_restricted());
  EXPECT_TRUE(keys->CheckFor("poems", "Api-Key secret", kNow).ok());
  const absl::Status other = keys->CheckFor("shop", "Api-Key secret", kNow);
  EXPECT_EQ(other.code(), absl::StatusCode::kPermissionDenied);
  EXPECT_THAT(std::string(MessageOf(other)), HasSubstr("'shop', only hello, poems"));
  const absl::Status late = keys->Check("Api-Key secret", kNow + absl::Seconds(1));
  EXPECT_EQ(late.code(), absl::StatusCode::kUnauthenticated);
  EXPECT_THAT(std::string(MessageOf(late)), HasSubstr("expired at 1970-01-12T13:46:41"));
  EXPECT_FALSE(ApiKeys::Parse(kKeys)->any_restricted());
}

TEST(ApiKeys, RefusesALineThatNamesNoChainOrNoTime) {
  for (const char* word : {"chain=", "expires=soon", "expires="}) {
    const std::string text = Text(std::string(64, '0'), " ", word);
    EXPECT_THAT(std::string(MessageOf(ApiKeys::Parse(text).status())), HasSubstr("line 1"));
  }
}

v1::KnownKey Rotated() {
  v1::KnownKey key;
  key.set_sha256(
      absl::HexStringToBytes("2bb80d537b1da3e38bd30361aa855686bde0eacd7162fef6a25fe97bf527a25b"));
  key.set_previous_sha256(
      absl::HexStringToBytes("d9298a10d1b0735837dc4bd85dac641b0f3cef27a47e5d53a54f2f3f5b2fcffa"));
  key.set_previous_until_unix_ms(absl::ToUnixMillis(kNow) + 1000);
  key.set_invoke(true);
  key.add_chains("hello");
  return key;
}

TEST(ApiKeys, ARotatedKeyCountsByBothTextsUntilItsGraceIsOver) {
  google::protobuf::RepeatedPtrField<v1::KnownKey> known;
  *known.Add() = Rotated();
  const auto keys = ApiKeys::From(known);
  ASSERT_TRUE(keys.ok());
  for (const char* text : {"Api-Key secret", "Api-Key other"}) {
    EXPECT_TRUE(keys->Check(text, kNow).ok()) << text;
    EXPECT_TRUE(keys->CheckFor("hello", text, kNow).ok()) << text;
    EXPECT_FALSE(keys->CheckFor("shop", text, kNow).ok()) << text;
  }
  EXPECT_TRUE(keys->Check("Api-Key secret", kNow + absl::Seconds(1)).ok());
  EXPECT_EQ(keys->Check("Api-Key other", kNow + absl::Seconds(1)).code(),
            absl::StatusCode::kUnauthenticated);
}

TEST(ApiKeys, APlatformThatSaysHalfAHashIsNotBelieved) {
  google::protobuf::RepeatedPtrField<v1::KnownKey> known;
  *known.Add() = Rotated();
  known[0].set_previous_sha256("short");
  EXPECT_THAT(std::string(MessageOf(ApiKeys::From(known).status())),
              HasSubstr("keys[0].previous_sha256 has 5 bytes"));
}

}  // namespace
}  // namespace chains::gateway
