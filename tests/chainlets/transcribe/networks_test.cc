#include "fetch/networks.h"

#include <arpa/inet.h>
#include <cstring>
#include <netinet/in.h>
#include <string>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace transcribe {
namespace {

bool Allows(const Networks& networks, const char* address) {
  sockaddr_storage storage{};
  auto& v4 = reinterpret_cast<sockaddr_in&>(storage);
  auto& v6 = reinterpret_cast<sockaddr_in6&>(storage);
  if (inet_pton(AF_INET, address, &v4.sin_addr) == 1) {
    v4.sin_family = AF_INET;
  } else {
    EXPECT_EQ(inet_pton(AF_INET6, address, &v6.sin6_addr), 1) << address;
    v6.sin6_family = AF_INET6;
  }
  return networks.Allows(reinterpret_cast<const sockaddr&>(storage));
}

TEST(NetworksTest, AllowTheInternet) {
  for (const char* address :
       {"1.1.1.1", "8.8.8.8", "9.255.255.255", "11.0.0.0", "100.63.255.255", "100.128.0.0",
        "172.15.255.255", "172.32.0.0", "192.167.255.255", "198.17.255.255", "198.20.0.0",
        "223.255.255.255", "2606:4700::1111", "2a00:1450::1", "::ffff:8.8.8.8", "64:ff9b::808:808",
        "2002:808:808::1"}) {
    EXPECT_TRUE(Allows(Networks(), address)) << address;
  }
}

TEST(NetworksTest, RefuseWhatIsNotOfTheInternet) {
  for (const char* address : {"0.0.0.0",
                              "10.0.0.1",
                              "100.64.0.1",
                              "127.0.0.1",
                              "127.255.255.255",
                              "169.254.169.254",
                              "172.16.0.1",
                              "172.31.255.255",
                              "192.0.0.1",
                              "192.168.1.1",
                              "198.18.0.1",
                              "224.0.0.1",
                              "239.1.1.1",
                              "240.0.0.1",
                              "255.255.255.255",
                              "::",
                              "::1",
                              "fc00::1",
                              "fd12::1",
                              "fe80::1",
                              "ff02::1",
                              "2001:db8::1",
                              "2001::1",
                              "100::1"}) {
    EXPECT_FALSE(Allows(Networks(), address)) << address;
  }
}

TEST(NetworksTest, JudgeAnIPv4AddressInsideAnIPv6One) {
  for (const char* address :
       {"::ffff:127.0.0.1", "::ffff:10.0.0.1", "64:ff9b::7f00:1", "64:ff9b::a00:1",
        "2002:7f00:1::1", "2002:a9fe:a9fe::1", "::127.0.0.1"}) {
    EXPECT_FALSE(Allows(Networks(), address)) << address;
  }
}

TEST(NetworksTest, RefuseOtherFamilies) {
  sockaddr_storage storage{};
  storage.ss_family = AF_UNIX;
  EXPECT_FALSE(Networks().Allows(reinterpret_cast<const sockaddr&>(storage)));
}

TEST(NetworksTest, AllowWhatIsListed) {
  const Networks networks = Networks::Parse(" 10.1.0.0/16,127.0.0.1 , fd00:1::/32").value();
  for (const char* address :
       {"10.1.2.3", "127.0.0.1", "::ffff:127.0.0.1", "fd00:1:2::3", "1.1.1.1"}) {
    EXPECT_TRUE(Allows(networks, address)) << address;
  }
  for (const char* address : {"10.2.0.0", "127.0.0.2", "fd00:2::1", "::1"}) {
    EXPECT_FALSE(Allows(networks, address)) << address;
  }
  EXPECT_TRUE(Allows(Networks::Parse("0.0.0.0/0").value(), "192.168.0.1"));
  EXPECT_FALSE(Allows(Networks::Parse("").value(), "192.168.0.1"));
}

TEST(NetworksTest, NameWhatIsNoNetwork) {
  for (const char* list : {"10.1", "10.0.0.0/33", "fd00::/129", "10.0.0.0/-1", "10.0.0.0/x",
                           "localhost", "10.0.0.0/8/8"}) {
    const absl::Status status = Networks::Parse(list).status();
    EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument) << list;
    EXPECT_THAT(std::string(status.message()), testing::HasSubstr(list));
  }
}

}  // namespace
}  // namespace transcribe
