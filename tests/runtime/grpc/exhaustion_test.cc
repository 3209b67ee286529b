// A server that refuses for a while, and one whose process has no descriptors left.
#include <arpa/inet.h>
#include <cstdlib>
#include <fcntl.h>
#include <netinet/in.h>
#include <string>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "chains/contract/push_back.h"
#include "chains/grpc/spare_descriptor.h"
#include "ends.h"

namespace chains {
namespace {

using ::testing::HasSubstr;

Service Echo() {
  Service service;
  service.AddUnary(kUnary, [](Bytes request) { return Done<Bytes>(std::move(request)); });
  return service;
}

TEST(ExhaustionTest, AServerThatRefusesSaysWhyAndWhenToComeAgainAndRecovers) {
  Ends ends(Echo());
  EXPECT_TRUE(ends.Call(kUnary, "a").ok());
  const absl::Status why = absl::UnavailableError("memory: 500 of 512 MiB are used");
  ends.server().Refuse(WithRetryAfter(why, absl::Milliseconds(300)));
  const absl::Status refused = ends.Call(kUnary, "a").status();
  EXPECT_EQ(refused.code(), absl::StatusCode::kUnavailable);
  EXPECT_THAT(std::string(refused.message()), HasSubstr("500 of 512 MiB"));
  EXPECT_EQ(RetryAfterOf(refused), absl::Milliseconds(300));
  ends.server().Refuse(absl::OkStatus());
  EXPECT_TRUE(ends.Call(kUnary, "a").ok());
}

TEST(ExhaustionTest, WhatRunsGoesOnWhileTheServerRefuses) {
  Events events;
  Service service;
  service.AddUnary(kUnary, [&](Bytes) { return Forever(events); });
  Ends ends(std::move(service));
  Started call(ends.client(), [&] { return CallOnce(ends.channel()); });
  ASSERT_TRUE(events.Wait("started"));
  ends.server().Refuse(absl::UnavailableError("full"));
  EXPECT_EQ(ends.Call(kUnary, "").status().code(), absl::StatusCode::kUnavailable);
  EXPECT_EQ(events.Count("dropped"), 0);
  call.Drop();
  EXPECT_TRUE(events.Wait("dropped"));
}

// Connections that are told to go are replaced. gRPC 1.51 lets a call fail that it was just about
// to send, about one of a hundred times even where it may send it anew: once more is enough.
TEST(ExhaustionTest, ConnectionsGrowOldAgainAndAgainAndTheNextOneServes) {
  GrpcServer::Options options = Ends::Options();
  options.max_connection_age = absl::Milliseconds(20);
  Ends ends(Echo(), std::move(options));
  const GrpcChannel::Options again = ChannelOptions({.transparent_retries = true});
  GrpcChannel channel(ends.server().addresses().front(), ends.client(), again);
  const auto call = [&] {
    return RunOn(
               ends.client(), [&] { return channel.Unary(kUnary, Bytes("a")); },
               Within(absl::Seconds(50)))
        .status();
  };
  // A call that meets the end of its connection may be lost, on a slow machine also the next.
  constexpr int kMostLost = 10;
  const absl::Time end = absl::Now() + absl::Milliseconds(500);
  int calls = 0;
  for (int lost = 0; absl::Now() < end || calls == 0;) {
    const absl::Status answered = call();
    if (answered.ok()) {
      ++calls;
      lost = 0;
      continue;
    }
    EXPECT_EQ(answered.code(), absl::StatusCode::kUnavailable) << answered;
    ASSERT_LT(++lost, kMostLost) << "after " << calls << " calls: " << answered;
  }
}

// A connection that says nothing; -1: there is no descriptor for it here.
int ConnectTo(const std::string& address) {
  const int connection = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (connection < 0) return -1;
  sockaddr_in to{};
  to.sin_family = AF_INET;
  to.sin_port =
      htons(static_cast<uint16_t>(std::atoi(address.substr(address.rfind(':') + 1).c_str())));
  inet_pton(AF_INET, "127.0.0.1", &to.sin_addr);
  connect(connection, reinterpret_cast<const sockaddr*>(&to), sizeof(to));
  return connection;
}

// Whether the other end has closed it, within a minute.
bool IsClosed(int connection) {
  const timeval minute{.tv_sec = 60, .tv_usec = 0};
  setsockopt(connection, SOL_SOCKET, SO_RCVTIMEO, &minute, sizeof(minute));
  char byte[256];
  ssize_t got = 0;
  while ((got = recv(connection, byte, sizeof(byte), 0)) > 0) {
  }
  return got == 0 || errno == ECONNRESET;
}

// Clang's check of virtual tables asks by a pipe whether memory can be read, and takes a pipe that
// it does not get for memory that cannot.
#if defined(__has_feature)
#if __has_feature(undefined_behavior_sanitizer)
constexpr bool kNeedsDescriptors = true;
#else
constexpr bool kNeedsDescriptors = false;
#endif
#else
constexpr bool kNeedsDescriptors = false;
#endif

TEST(ExhaustionTest, WithoutDescriptorsConnectionsAreRefusedAndLaterTakenAgain) {
  if (kNeedsDescriptors) GTEST_SKIP() << "UBSan's own checks need descriptors";
  Ends ends(Echo());
  rlimit before{};
  ASSERT_EQ(getrlimit(RLIMIT_NOFILE, &before), 0);
  // Two sockets that connect later, then all that is left.
  const int first = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  close(first);
  rlimit little = before;
  little.rlim_cur = static_cast<rlim_t>(first) + 40;
  ASSERT_EQ(setrlimit(RLIMIT_NOFILE, &little), 0);
  const uint64_t shed_before = internal::ConnectionsShed();
  const int waiting = ConnectTo(ends.server().addresses().front());
  ASSERT_GE(waiting, 0);
  std::vector<int> taken;
  for (int one = 0; (one = open("/dev/null", O_RDONLY | O_CLOEXEC)) >= 0;) taken.push_back(one);
  // Now there is one descriptor for this end, and none for the server's.
  ASSERT_FALSE(taken.empty());
  close(taken.back());
  taken.pop_back();
  const int refused = ConnectTo(ends.server().addresses().front());
  EXPECT_GE(refused, 0);
  EXPECT_TRUE(IsClosed(refused));
  EXPECT_GT(internal::ConnectionsShed(), shed_before);
  close(refused);
  for (const int one : taken) close(one);
  // gRPC's own listener would be deaf from now on.
  EXPECT_TRUE(ends.Call(kUnary, "a").ok());
  close(waiting);
  ASSERT_EQ(setrlimit(RLIMIT_NOFILE, &before), 0);
}

}  // namespace
}  // namespace chains
