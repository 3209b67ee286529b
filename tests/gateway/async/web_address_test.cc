// Where webhooks may lead.
#include "gateway/async/web_address.h"

#include <arpa/inet.h>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace chains::gateway {
namespace {

using ::testing::HasSubstr;

bool PublicV4(const char* text) {
  in_addr address{};
  EXPECT_EQ(inet_pton(AF_INET, text, &address), 1) << text;
  return IsPublic(address);
}
bool PublicV6(const char* text) {
  in6_addr address{};
  EXPECT_EQ(inet_pton(AF_INET6, text, &address), 1) << text;
  return IsPublic(address);
}

TEST(WebAddressTest, TellsPublicAddressesFromAllOthers) {
  for (const char* text : {"1.1.1.1", "8.8.8.8", "9.255.255.255", "11.0.0.0", "100.63.255.255",
                           "100.128.0.0", "126.255.255.255", "128.0.0.0", "169.253.255.255",
                           "172.15.255.255", "172.32.0.0", "192.167.255.255", "223.255.255.255"}) {
    EXPECT_TRUE(PublicV4(text)) << text;
  }
  for (const char* text :
       {"0.0.0.0",      "0.1.2.3",     "10.0.0.1",        "10.255.255.255", "100.64.0.1",
        "127.0.0.1",    "127.255.0.1", "169.254.169.254", "172.16.0.1",     "172.31.255.255",
        "192.0.0.1",    "192.0.2.1",   "192.168.1.1",     "198.18.0.1",     "198.19.255.255",
        "198.51.100.1", "203.0.113.1", "224.0.0.1",       "240.0.0.1",      "255.255.255.255"}) {
    EXPECT_FALSE(PublicV4(text)) << text;
  }
  for (const char* text :
       {"2606:4700::1111", "2a00:1450::1", "::ffff:8.8.8.8", "64:ff9b::8.8.8.8"}) {
    EXPECT_TRUE(PublicV6(text)) << text;
  }
  for (const char* text : {"::", "::1", "::ffff:127.0.0.1", "::ffff:10.0.0.1", "64:ff9b::10.0.0.1",
                           "fc00::1", "fd12::1", "fe80::1", "ff02::1", "2001::1", "2001:db8::1",
                           "2002:7f00:1::", "3fff::1", "100::1", "::127.0.0.1"}) {
    EXPECT_FALSE(PublicV6(text)) << text;
  }
}

TEST(WebAddressTest, TakesUrlsOfThePublicInternet) {
  for (const char* url :
       {"https://a.example/done", "http://a.example:8080/x?y=1#z", "HTTPS://A.example",
        "https://8.8.8.8/", "https://[2606:4700::1111]:443/", "https://a.example/%20x"}) {
    EXPECT_TRUE(CheckWebhookUrl(url, Reach::kPublic).ok())
        << url << CheckWebhookUrl(url, Reach::kPublic);
  }
}

TEST(WebAddressTest, NamesWhatIsWrongWithAUrl) {
  const std::string long_url = "https://a.example/" + std::string(3000, 'x');
  const struct {
    const char* url;
    const char* says;
  } kCases[] = {
      {"", "begins with https://"},
      {"ftp://a.example/", "begins with https://"},
      {"file:///etc/passwd", "begins with https://"},
      {"a.example", "begins with https://"},
      {"https://", "names no host"},
      {"https:///x", "names no host"},
      {"https://user:word@a.example/", "without user and password"},
      {"https://a.example:0/", "its port"},
      {"https://a.example:65536/", "its port"},
      {"https://a.example:+80/", "its port"},
      {"https://a.example:/", "its port"},
      {"https://[::1/", "has no ]"},
      {"https://a.example/a b", "printable ASCII"},
      {"https://a.example/\r\nX: y", "printable ASCII"},
      {"https://a.example\\@b/", "printable ASCII"},
      {long_url.c_str(), "more than 2048 bytes"},
      {"http://127.0.0.1/", "private address"},
      {"http://127.1/", "private address"},
      {"http://0x7f000001/", "private address"},
      {"http://2130706433/", "private address"},
      {"http://[::1]/", "private address"},
      {"http://[::ffff:10.0.0.1]:80/", "private address"},
      {"http://localhost:8080/", "private address"},
      {"http://a.localhost/", "private address"},
      {"http://169.254.169.254/latest/meta-data", "private address"},
  };
  for (const auto& [url, says] : kCases) {
    const absl::Status refused = CheckWebhookUrl(url, Reach::kPublic);
    EXPECT_TRUE(absl::IsInvalidArgument(refused)) << url;
    EXPECT_THAT(std::string(refused.message()), HasSubstr(says)) << url;
  }
}

TEST(WebAddressTest, MayReachAnywhereWhereThatIsAllowed) {
  EXPECT_TRUE(CheckWebhookUrl("http://127.0.0.1:9/", Reach::kAnywhere).ok());
  EXPECT_FALSE(CheckWebhookUrl("ftp://127.0.0.1:9/", Reach::kAnywhere).ok());
}

}  // namespace
}  // namespace chains::gateway
