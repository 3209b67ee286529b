#include "chains/http/url.h"

#include <gtest/gtest.h>

#include "chains/testing/status_matchers.h"

namespace chains::http {
namespace {

using ::testing::HasSubstr;
using testing::StatusIs;

TEST(Url, HasParts) {
  const absl::StatusOr<UrlParts> parts = ParseUrl("HTTPS://models.example:8443/v1/");
  ASSERT_TRUE(parts.ok());
  EXPECT_EQ(parts->scheme, "https");
  EXPECT_EQ(parts->host, "models.example");
  EXPECT_EQ(parts->port, "8443");
  EXPECT_EQ(parts->path, "/v1");
}

TEST(Url, HasTheUsualPortOfItsScheme) {
  EXPECT_EQ(ParseUrl("grpc://a")->port, "80");
  EXPECT_EQ(ParseUrl("grpcs://a/")->port, "443");
  EXPECT_EQ(ParseUrl("grpcs://a/")->path, "");
}

TEST(Url, MayNameAnAddressOfIpV6) {
  const absl::StatusOr<UrlParts> parts = ParseUrl("grpc://[::1]:50051");
  ASSERT_TRUE(parts.ok());
  EXPECT_EQ(parts->host, "[::1]");
  EXPECT_EQ(parts->port, "50051");
  EXPECT_TRUE(IsLoopback(parts->host));
}

TEST(Url, IsRefusedWhereItIsNone) {
  for (const char* url : {"",
                          "a",
                          "://a",
                          "ftp://a",
                          "http://",
                          "http://:80",
                          "http://a:",
                          "http://a:0",
                          "http://a:65536",
                          "http://a:99999999999999999999",
                          "http://a:8x",
                          "http://a b",
                          "http://a/b c",
                          "http://a\r\nb",
                          "http://[::1",
                          "http://[]",
                          "http://[a.b.zz]",
                          "http://u@a",
                          "http://a?b",
                          "http://a#b",
                          "http://a\xc3\xa4"}) {
    EXPECT_THAT(ParseUrl(url), StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr(url))) << url;
  }
  EXPECT_THAT(ParseHttpUrl("grpc://a"), StatusIs(absl::StatusCode::kInvalidArgument));
}

}  // namespace
}  // namespace chains::http
