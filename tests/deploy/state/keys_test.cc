// Keys: what they look like, and whom they let in.
#include "deploy/state/keys.h"

#include <algorithm>
#include <set>
#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "absl/strings/ascii.h"
#include "absl/strings/escaping.h"
#include "chains/testing/status_matchers.h"

namespace chains::deploy {
namespace {

using ::chains::testing::IsOk;
using ::chains::testing::IsOkAndHolds;
using ::chains::testing::StatusIs;
using ::testing::HasSubstr;
using ::testing::StartsWith;

state::KeyRecord Record(const std::string& name, const std::string& text,
                        std::vector<v1::KeyScope> scopes) {
  state::KeyRecord record;
  record.set_name(name);
  record.set_sha256(HashKey(text));
  for (const v1::KeyScope scope : scopes) record.add_scopes(scope);
  return record;
}

class KeysTest : public ::testing::Test {
 protected:
  absl::StatusOr<std::string> Who(std::optional<std::string_view> authorization,
                                  v1::KeyScope scope = v1::KEY_SCOPE_INVOKE) {
    const auto found = FindKey(keys_, authorization, scope, now_);
    if (!found.ok()) return found.status();
    return (*found)->name();
  }

  absl::Time now_ = absl::FromUnixSeconds(1'000'000);
  std::vector<state::KeyRecord> keys_ = {
      Record("ada", "ck_a", {v1::KEY_SCOPE_INVOKE}),
      Record("bob", "ck_b", {v1::KEY_SCOPE_MANAGE}),
      Record("nobody", "ck_n", {v1::KEY_SCOPE_UNKNOWN}),
  };
};

TEST_F(KeysTest, ANewKeyIsLongAndOfLettersAndDigitsAndNoTwoAreAlike) {
  std::set<std::string> seen;
  std::set<char> characters;
  for (int i = 0; i < 200; ++i) {
    const auto key = NewKey();
    ASSERT_THAT(key, IsOk());
    EXPECT_EQ(key->text.size(), 43u);
    EXPECT_THAT(key->text, StartsWith("ck_"));
    EXPECT_TRUE(std::all_of(key->text.begin() + 3, key->text.end(), absl::ascii_isalnum));
    EXPECT_EQ(key->sha256, HashKey(key->text));
    EXPECT_EQ(key->prefix, key->text.substr(0, 7));
    seen.insert(key->text);
    characters.insert(key->text.begin() + 3, key->text.end());
  }
  EXPECT_EQ(seen.size(), 200u);
  EXPECT_EQ(characters.size(), 62u);
}

TEST_F(KeysTest, AHashIsTheSha256) {
  EXPECT_EQ(absl::BytesToHexString(HashKey("abc")),
            "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
}

TEST_F(KeysTest, BothSchemesAreTakenWhateverTheirCase) {
  EXPECT_THAT(Who("Api-Key ck_a"), IsOkAndHolds("ada"));
  EXPECT_THAT(Who("Bearer ck_a"), IsOkAndHolds("ada"));
  EXPECT_THAT(Who("bearer  ck_b "), IsOkAndHolds("bob"));
}

TEST_F(KeysTest, WithoutAKeyOneIsAskedFor) {
  for (const char* header : {"", "Api-Key", "Api-Key  ", "Basic ck_a", "ck_a", "Bearerck_a"}) {
    EXPECT_THAT(Who(header), StatusIs(absl::StatusCode::kUnauthenticated,
                                      HasSubstr("Authorization: Api-Key KEY")))
        << header;
  }
  EXPECT_THAT(Who(std::nullopt), StatusIs(absl::StatusCode::kUnauthenticated, HasSubstr("key")));
}

TEST_F(KeysTest, AnUnknownKeyIsRefused) {
  EXPECT_THAT(Who("Api-Key ck_c"),
              StatusIs(absl::StatusCode::kPermissionDenied, "this key is not known here"));
}

TEST_F(KeysTest, AKeyIsForItsScopeAndManageIncludesInvoke) {
  EXPECT_THAT(Who("Api-Key ck_a", v1::KEY_SCOPE_MANAGE),
              StatusIs(absl::StatusCode::kPermissionDenied,
                       "the key 'ada' is not for this; it needs the scope 'manage'"));
  EXPECT_THAT(Who("Api-Key ck_b", v1::KEY_SCOPE_MANAGE), IsOkAndHolds("bob"));
  EXPECT_THAT(Who("Api-Key ck_b", v1::KEY_SCOPE_INVOKE), IsOkAndHolds("bob"));
  EXPECT_THAT(Who("Api-Key ck_n"),
              StatusIs(absl::StatusCode::kPermissionDenied, HasSubstr("nobody")));
  EXPECT_THAT(Who("Api-Key ck_n", v1::KEY_SCOPE_UNKNOWN),
              StatusIs(absl::StatusCode::kPermissionDenied, HasSubstr("nobody")));
}

TEST_F(KeysTest, AnExpiredKeyIsRefusedAndItsOwnerIsStillKnown) {
  keys_[0].set_expires_unix_ms(absl::ToUnixMillis(now_) + 1);
  EXPECT_THAT(Who("Api-Key ck_a"), IsOkAndHolds("ada"));
  now_ += absl::Milliseconds(1);
  EXPECT_THAT(Who("Api-Key ck_a"),
              StatusIs(absl::StatusCode::kPermissionDenied,
                       ::testing::AllOf(HasSubstr("'ada' expired at 1970"), HasSubstr("rotate"))));
  ASSERT_NE(OwnerOf(keys_, "Api-Key ck_a", now_), nullptr);
  EXPECT_EQ(OwnerOf(keys_, "Api-Key ck_a", now_)->name(), "ada");
  EXPECT_EQ(OwnerOf(keys_, "Api-Key ck_x", now_), nullptr);
  EXPECT_EQ(OwnerOf(keys_, std::nullopt, now_), nullptr);
}

TEST_F(KeysTest, ARotatedKeyCountsByBothTextsUntilItsGraceIsOver) {
  NewApiKey made;
  made.text = "ck_new";
  made.sha256 = HashKey(made.text);
  made.prefix = "ck_new";
  Rotate(keys_[1], made, now_, absl::Hours(1));
  EXPECT_EQ(keys_[1].rotated_unix_ms(), absl::ToUnixMillis(now_));
  EXPECT_EQ(keys_[1].prefix(), "ck_new");
  EXPECT_THAT(Who("Api-Key ck_b", v1::KEY_SCOPE_MANAGE), IsOkAndHolds("bob"));
  EXPECT_THAT(Who("Api-Key ck_new", v1::KEY_SCOPE_MANAGE), IsOkAndHolds("bob"));
  now_ += absl::Hours(1);
  EXPECT_THAT(Who("Api-Key ck_b"), StatusIs(absl::StatusCode::kPermissionDenied));
  EXPECT_THAT(Who("Api-Key ck_new"), IsOkAndHolds("bob"));
}

TEST_F(KeysTest, WithoutGraceTheTextBeforeIsRefusedAtOnceAndTheOneBeforeThatInAnyCase) {
  NewApiKey second, third;
  second.sha256 = HashKey("ck_2");
  third.sha256 = HashKey("ck_3");
  Rotate(keys_[0], second, now_, absl::Hours(1));
  Rotate(keys_[0], third, now_, absl::Hours(1));
  EXPECT_THAT(Who("Api-Key ck_a"), StatusIs(absl::StatusCode::kPermissionDenied));
  EXPECT_THAT(Who("Api-Key ck_2"), IsOkAndHolds("ada"));
  Rotate(keys_[0], second, now_, absl::ZeroDuration());
  EXPECT_THAT(Who("Api-Key ck_3"), StatusIs(absl::StatusCode::kPermissionDenied));
  EXPECT_TRUE(keys_[0].previous_sha256().empty());
}

TEST_F(KeysTest, AnExpiryIsWithinTenYears) {
  EXPECT_THAT(ExpiryOf(0, now_), IsOkAndHolds(0));
  EXPECT_THAT(ExpiryOf(5, now_), IsOkAndHolds(absl::ToUnixMillis(now_) + 5));
  for (const int64_t odd : {int64_t{-1}, INT64_MIN, INT64_MAX, int64_t{400'000'000'000}}) {
    EXPECT_THAT(ExpiryOf(odd, now_),
                StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("expires_in_ms is")));
  }
}

TEST_F(KeysTest, ScopesHaveNames) {
  EXPECT_THAT(ParseScope("invoke"), IsOkAndHolds(v1::KEY_SCOPE_INVOKE));
  EXPECT_THAT(ParseScope("manage"), IsOkAndHolds(v1::KEY_SCOPE_MANAGE));
  EXPECT_THAT(ParseScope("unknown"), StatusIs(absl::StatusCode::kInvalidArgument,
                                              HasSubstr("there are invoke and manage")));
}

TEST_F(KeysTest, AGatewayIsToldTheHashAndWhatItIsForAndPeopleNoHash) {
  const v1::KnownKey known = ToKnownKey(keys_[1]);
  EXPECT_EQ(known.sha256(), HashKey("ck_b"));
  EXPECT_TRUE(known.invoke() && known.manage());
  EXPECT_FALSE(ToKnownKey(keys_[0]).manage());
  const v1::KeyInfo info = ToKeyInfo(keys_[0]);
  EXPECT_EQ(info.name(), "ada");
  ASSERT_EQ(info.scopes_size(), 1);
  EXPECT_EQ(info.scopes(0), v1::KEY_SCOPE_INVOKE);
}

}  // namespace
}  // namespace chains::deploy
