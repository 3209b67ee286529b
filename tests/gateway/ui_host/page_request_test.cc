// What counts as a request of the gateway's own page, and what its cookie says.
#include "gateway/ui_host/page_request.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "gateway/ui_host/accepted_coding.h"

namespace chains::gateway {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::Optional;
using ::testing::StartsWith;

RequestHead HeadOf(std::string method, HttpHeaders headers) {
  RequestHead head;
  head.method = std::move(method);
  head.target = "/ui/api/List";
  head.headers = std::move(headers);
  head.headers.emplace_back("Host", "gateway:8080");
  return head;
}
RequestHead FromPage(HttpHeaders more = {}) {
  more.emplace_back("Chains-UI", "1");
  more.emplace_back("Origin", "http://gateway:8080");
  more.emplace_back("Sec-Fetch-Site", "same-origin");
  return HeadOf("POST", std::move(more));
}

TEST(PageRequest, OwnPagesCount) {
  EXPECT_TRUE(IsFromPage(FromPage()));
  EXPECT_TRUE(IsFromPage(HeadOf("POST", {{"chains-ui", "1"}, {"Origin", "http://gateway:8080"}})));
  EXPECT_TRUE(IsFromPage(HeadOf("GET", {{"chains-ui", "1"}, {"Sec-Fetch-Site", "same-origin"}})));
  EXPECT_TRUE(
      IsFromPage(HeadOf("GET", {{"chains-ui", "1"}})));  // where TLS is not, browsers say no more
}

TEST(PageRequest, AFormOfAnotherSiteDoesNot) {
  EXPECT_FALSE(IsFromPage(HeadOf("POST", {{"Origin", "https://evil.example"}})));
  EXPECT_FALSE(IsFromPage(HeadOf("POST", {})));
  EXPECT_FALSE(IsFromPage(HeadOf("GET", {})));
  EXPECT_FALSE(IsFromPage(HeadOf("POST", {{"Origin", "null"}, {"Chains-UI", "1"}})));
}

TEST(PageRequest, NeitherDoesAScriptOfAnotherOriginThatTheGatewayAllowsToCall) {
  EXPECT_FALSE(IsFromPage(HeadOf("POST", {{"Origin", "http://gateway:9090"}, {"Chains-UI", "1"}})));
  EXPECT_FALSE(IsFromPage(HeadOf("POST", {{"Sec-Fetch-Site", "same-site"}, {"Chains-UI", "1"}})));
  EXPECT_FALSE(IsFromPage(HeadOf("GET", {{"Sec-Fetch-Site", "cross-site"}, {"Chains-UI", "1"}})));
}

TEST(PageRequest, AChangeThatSaysNoOriginDoesNotCount) {
  EXPECT_FALSE(IsFromPage(HeadOf("POST", {{"Chains-UI", "1"}})));
}

TEST(PageRequest, OverTlsThePageIsOverTls) {
  RequestHead head = HeadOf("POST", {{"Chains-UI", "1"}, {"Origin", "http://gateway:8080"}});
  head.is_tls = true;
  EXPECT_FALSE(IsFromPage(head));
  head.headers[1].second = "https://gateway:8080";
  EXPECT_TRUE(IsFromPage(head));
}

TEST(PageRequest, AWebSocketCountsByItsOrigin) {
  EXPECT_TRUE(
      IsFromPage(HeadOf("GET", {{"Upgrade", "websocket"}, {"Origin", "http://gateway:8080"}})));
  EXPECT_FALSE(
      IsFromPage(HeadOf("GET", {{"Upgrade", "websocket"}, {"Origin", "http://evil:8080"}})));
  EXPECT_FALSE(IsFromPage(HeadOf("GET", {{"Upgrade", "websocket"}, {"Chains-UI", "1"}})));
}

TEST(PageRequest, TheCookieHoldsTheKeyAndScriptsCannotReadIt) {
  RequestHead head = FromPage();
  const std::string cookie = KeepingCookie(head, "k=e;y", absl::Hours(12));
  EXPECT_THAT(cookie, AllOf(StartsWith("chains_key="), HasSubstr("; HttpOnly; SameSite=Strict"),
                            HasSubstr("; Path=/; Max-Age=43200;"), Not(HasSubstr("Secure")),
                            Not(HasSubstr("k=e;y"))));
  const std::string pair = cookie.substr(0, cookie.find(';'));
  EXPECT_THAT(CookieKey(FromPage({{"Cookie", "a=b; " + pair + "; c"}})),
              Optional(std::string("Api-Key k=e;y")));
  EXPECT_EQ(CookieKey(HeadOf("POST", {{"Cookie", pair}})), std::nullopt);
  EXPECT_THAT(DroppingCookie(head), HasSubstr("chains_key=; Path=/; Max-Age=0;"));
}

TEST(PageRequest, OverTlsNoOtherHostCanSetTheCookie) {
  RequestHead head = FromPage();
  head.headers[1].second = "https://gateway:8080";
  head.is_tls = true;
  const std::string cookie = KeepingCookie(head, "key", absl::Hours(1));
  EXPECT_THAT(cookie, AllOf(StartsWith("__Host-chains_key="), HasSubstr("; Secure")));
  head.headers.emplace_back("Cookie", "chains_key=a2V5");
  EXPECT_EQ(CookieKey(head), std::nullopt);
  head.headers.back().second = "__Host-chains_key=a2V5";
  EXPECT_THAT(CookieKey(head), Optional(std::string("Api-Key key")));
}

TEST(PageRequest, BehindWhatEndsTlsTheCookieIsSecureToo) {
  const RequestHead head = FromPage({{"X-Forwarded-Proto", "https"}});
  EXPECT_THAT(KeepingCookie(head, "key", absl::Hours(1)), HasSubstr("; Secure"));
}

TEST(PageRequest, WhatNoKeyLooksLikeIsNone) {
  for (const char* cookie : {"chains_key=", "chains_key", "chains_key=%%%",
                             "chains_key=AA==", "xchains_key=a2V5", "chains_key=CgoK"}) {
    EXPECT_EQ(CookieKey(FromPage({{"Cookie", cookie}})), std::nullopt) << cookie;
  }
  EXPECT_EQ(CookieKey(FromPage({{"Cookie", "chains_key=" + std::string(7000, 'a')}})),
            std::nullopt);
}

TEST(PageRequest, NamesThatSomebodyCouldMakeUpAreNotPlainHosts) {
  const auto is_plain = [](const char* host) {
    RequestHead head;
    head.headers = {{"Host", host}};
    return IsPlainHost(head);
  };
  for (const char* host :
       {"127.0.0.1:8080", "10.0.0.3", "localhost:8080", "LOCALHOST", "[::1]:80", "a.localhost"}) {
    EXPECT_TRUE(is_plain(host)) << host;
  }
  for (const char* host :
       {"", "evil.example:8080", "127.0.0.1.evil.example", "[::1", "[evil]", "localhost.evil"}) {
    EXPECT_FALSE(is_plain(host)) << host;
  }
}

TEST(AcceptsCoding, ReadsWeights) {
  EXPECT_TRUE(AcceptsCoding("gzip, deflate, br", "br"));
  EXPECT_TRUE(AcceptsCoding("gzip;q=0.5,*;q=0.1", "br"));
  EXPECT_TRUE(AcceptsCoding("BR ; q=1", "br"));
  EXPECT_FALSE(AcceptsCoding("gzip, br;q=0", "br"));
  EXPECT_FALSE(AcceptsCoding("*;q=0", "br"));
  EXPECT_FALSE(AcceptsCoding("", "br"));
  EXPECT_FALSE(AcceptsCoding("br;q=nonsense", "br"));
}

}  // namespace
}  // namespace chains::gateway
