#include "gateway/app/cors.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "chains/testing/status_matchers.h"

namespace chains::gateway {
namespace {

using ::chains::testing::StatusIs;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

RequestHead Head(std::string method, HttpHeaders headers) {
  RequestHead head;
  head.method = std::move(method);
  head.target = "/run_remote";
  head.headers = std::move(headers);
  return head;
}
RequestHead Preflight(const std::string& origin, const std::string& headers = "authorization") {
  return Head("OPTIONS", {{"Origin", origin},
                          {"Access-Control-Request-Method", "POST"},
                          {"Access-Control-Request-Headers", headers}});
}
std::string Said(const HttpHeaders& headers, std::string_view name) {
  return std::string(FindHeader(headers, name).value_or("nothing"));
}

TEST(CorsTest, SaysNothingWhereNoOriginIsAllowed) {
  const Cors cors;
  EXPECT_FALSE(cors.enabled());
  EXPECT_EQ(cors.Preflight(Preflight("https://a.example")), std::nullopt);
  Response response;
  cors.Expose(Head("POST", {{"Origin", "https://a.example"}}), response);
  EXPECT_THAT(response.headers, IsEmpty());
}

TEST(CorsTest, AnswersAPreflightOfAnAllowedOrigin) {
  const Cors cors = *Cors::Create({"https://a.example", "http://localhost:3000"});
  const std::optional<Response> answer =
      cors.Preflight(Preflight("http://localhost:3000", "authorization, content-type"));
  ASSERT_TRUE(answer);
  EXPECT_EQ(answer->status, 204);
  EXPECT_EQ(Said(answer->headers, "Access-Control-Allow-Origin"), "http://localhost:3000");
  EXPECT_THAT(Said(answer->headers, "Access-Control-Allow-Methods"), HasSubstr("POST"));
  EXPECT_EQ(Said(answer->headers, "Access-Control-Allow-Headers"), "authorization, content-type");
  EXPECT_EQ(Said(answer->headers, "Access-Control-Max-Age"), "7200");
  EXPECT_EQ(Said(answer->headers, "Vary"), "Origin");
}

TEST(CorsTest, AllowsAnotherOriginNothing) {
  const Cors cors = *Cors::Create({"https://a.example"});
  const std::optional<Response> answer = cors.Preflight(Preflight("https://a.example.evil"));
  ASSERT_TRUE(answer);
  EXPECT_THAT(answer->headers, ElementsAre(std::pair("Vary", "Origin")));
  Response response;
  cors.Expose(Head("POST", {{"Origin", "http://a.example"}}), response);
  EXPECT_THAT(response.headers, ElementsAre(std::pair("Vary", "Origin")));
}

TEST(CorsTest, TellsCachesThatAnAnswerWithoutAnOriginIsNotForAll) {
  const Cors cors = *Cors::Create({"https://a.example"});
  Response response;
  cors.Expose(Head("GET", {}), response);
  EXPECT_THAT(response.headers, ElementsAre(std::pair("Vary", "Origin")));
}

TEST(CorsTest, AStarAllowsEveryPageButNeverCredentials) {
  const Cors cors = *Cors::Create({"*"});
  Response response;
  cors.Expose(Head("POST", {{"Origin", "https://any.example"}}), response);
  EXPECT_EQ(Said(response.headers, "Access-Control-Allow-Origin"), "*");
  EXPECT_EQ(Said(response.headers, "Vary"), "nothing");
  EXPECT_EQ(Said(response.headers, "Access-Control-Allow-Credentials"), "nothing");
  EXPECT_EQ(Said(cors.Preflight(Preflight("null"))->headers, "Access-Control-Allow-Origin"), "*");
}

TEST(CorsTest, ExposesWhatAPageMustReadOfAnAnswer) {
  const Cors cors = *Cors::Create({"https://a.example"});
  Response response;
  cors.Expose(Head("POST", {{"origin", "https://a.example"}}), response);
  const std::string exposed = Said(response.headers, "Access-Control-Expose-Headers");
  for (const char* name : {"X-Request-Id", "Chains-Receipt", "Retry-After", "ETag"}) {
    EXPECT_THAT(exposed, HasSubstr(name));
  }
  EXPECT_EQ(Said(response.headers, "Access-Control-Allow-Credentials"), "nothing");
}

TEST(CorsTest, OnlyAPreflightIsAnsweredBeforehand) {
  const Cors cors = *Cors::Create({"*"});
  EXPECT_EQ(cors.Preflight(Head("OPTIONS", {{"Origin", "https://a.example"}})), std::nullopt);
  EXPECT_EQ(cors.Preflight(Head("OPTIONS", {{"Access-Control-Request-Method", "POST"}})),
            std::nullopt);
  EXPECT_EQ(cors.Preflight(Head("POST", {{"Origin", "https://a.example"},
                                         {"Access-Control-Request-Method", "POST"}})),
            std::nullopt);
}

TEST(CorsTest, DoesNotEchoHeadersThatAreNoNames) {
  const Cors cors = *Cors::Create({"*"});
  const std::string long_one(5000, 'a');
  for (const std::string& bad :
       {std::string("a: b"), std::string("a\r\nSet-Cookie"), std::string("a;b"), long_one}) {
    const std::optional<Response> answer = cors.Preflight(Preflight("https://a.example", bad));
    ASSERT_TRUE(answer);
    EXPECT_EQ(Said(answer->headers, "Access-Control-Allow-Headers"), "nothing") << bad;
  }
}

TEST(CorsTest, RefusesASettingThatNoBrowserWouldSend) {
  for (const char* bad : {"", "a.example", "https://", "https://a.example/",
                          "https://a.example/page", "https://A.example", "https://a.example:443",
                          "http://a.example:80", "://a", "https://a b", "https://*.example"}) {
    EXPECT_THAT(Cors::Create({bad}).status(),
                StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("is no origin")))
        << bad;
  }
  for (const char* good : {"https://a.example", "http://127.0.0.1:3000", "http://[::1]:8080",
                           "chrome-extension://abcdef"}) {
    EXPECT_TRUE(Cors::Create({good}).ok()) << good;
  }
}

}  // namespace
}  // namespace chains::gateway
