// What a container's HEALTHCHECK finds out of a process.
#include "chains/grpc/health_check.h"

#include <sstream>
#include <string>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "chains/core/text.h"
#include "ends.h"

namespace chains {
namespace {

using ::testing::HasSubstr;

constexpr absl::Duration kPatience = absl::Seconds(30);

Service Nothing() {
  Service service;
  service.AddUnary(kUnary, [](Bytes) { return Done<Bytes>(Bytes("")); });
  return service;
}

class HealthCheckTest : public ::testing::Test {
 protected:
  static GrpcServer::Options WithHealthPort() {
    GrpcServer::Options options = Ends::Options();
    options.health_listen = "127.0.0.1:0";
    return options;
  }
  const std::string& address() { return ends_.server().health_address(); }

  Ends ends_{Nothing(), WithHealthPort()};
};

TEST_F(HealthCheckTest, AProcessThatServesIsHealthy) {
  EXPECT_EQ(AskHealth(address(), "", kPatience), absl::OkStatus());
  EXPECT_EQ(AskHealth(address(), "test.Echo", kPatience), absl::OkStatus());
  std::ostringstream says;
  EXPECT_EQ(CheckHealth(address(), says), 0);
  EXPECT_EQ(says.str(), "");
}

TEST_F(HealthCheckTest, OneThatSaysThatItDoesNotServeIsNot) {
  ends_.server().SetServing(false);
  const absl::Status health = AskHealth(address(), "", kPatience);
  EXPECT_EQ(health.code(), absl::StatusCode::kUnavailable);
  EXPECT_THAT(health.message(), HasSubstr("says NOT_SERVING"));
  std::ostringstream says;
  EXPECT_EQ(CheckHealth(address(), says), 1);
  EXPECT_THAT(says.str(), HasSubstr("not healthy: "));
}

TEST_F(HealthCheckTest, AContractThatItDoesNotServeIsNotFound) {
  EXPECT_EQ(AskHealth(address(), "test.Other", kPatience).code(), absl::StatusCode::kNotFound);
}

TEST_F(HealthCheckTest, NobodyIsNotHealthy) {
  const absl::Status health = AskHealth(Text("unix:", SocketPath()), "", kPatience);
  EXPECT_EQ(health.code(), absl::StatusCode::kUnavailable);
}

}  // namespace
}  // namespace chains
