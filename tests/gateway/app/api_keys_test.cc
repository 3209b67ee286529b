#include "gateway/app/api_keys.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "chains/core/text.h"

namespace chains::gateway {
namespace {

using ::testing::HasSubstr;

// Of "secret" and "other".
constexpr std::string_view kKeys =
    "# who may call\n"
    "2bb80d537b1da3e38bd30361aa855686bde0eacd7162fef6a25fe97bf527a25b  ada's laptop\r\n\n"
    "D9298A10D1B0735837DC4BD85DAC641B0F3CEF27A47E5D53A54F2F3F5B2FCFFA\n";

absl::StatusCode Checked(std::optional<std::string_view> authorization) {
  return ApiKeys::Parse(kKeys)->Check(authorization).code();
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

}  // namespace
}  // namespace chains::gateway
