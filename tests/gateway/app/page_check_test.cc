// What a container's HEALTHCHECK finds out of a gateway.
#include "gateway/http/page_check.h"

#include <netinet/in.h>
#include <string>
#include <sys/socket.h>
#include <unistd.h>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "chains/core/text.h"
#include "gateway/app/gateway_server.h"

namespace chains::gateway {
namespace {

using ::testing::HasSubstr;

constexpr absl::Duration kPatience = absl::Seconds(30);

class PageCheckTest : public ::testing::Test {
 protected:
  PageCheckTest() {
    server_.Open({});
    address_ = *server_.Listen("127.0.0.1:0");
    reactor_.Start();
  }
  ~PageCheckTest() override {
    server_.Drain(absl::Now() + absl::Seconds(5));
    reactor_.Stop();
  }

  WorkerPool workers_;
  Reactor reactor_{workers_};
  GatewayServer server_{reactor_};
  std::string address_;
};

TEST_F(PageCheckTest, AGatewayThatRunsIsHealthy) {
  EXPECT_EQ(CheckPage(Text("http://", address_, "/healthz"), kPatience), absl::OkStatus());
}

TEST_F(PageCheckTest, AnotherAnswerThan200IsNamed) {
  const absl::Status health = CheckPage(Text("http://", address_, "/readyz"), kPatience);
  EXPECT_EQ(health.code(), absl::StatusCode::kUnavailable);
  EXPECT_THAT(health.message(), HasSubstr("/readyz answers HTTP/1.1 503"));
}

TEST(PageCheckEndsTest, NobodyAnswersAtAPortThatIsClosed) {
  const absl::Status health = CheckPage("http://127.0.0.1:9/healthz", kPatience);
  EXPECT_EQ(health.code(), absl::StatusCode::kUnavailable);
  EXPECT_THAT(health.message(), HasSubstr("http://127.0.0.1:9/healthz: Connection refused"));
}

TEST(PageCheckEndsTest, WhoTakesAConnectionAndSaysNothingIsGivenUp) {
  const int silent = ::socket(AF_INET, SOCK_STREAM, 0);
  sockaddr_in address = {};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof(address);
  ASSERT_EQ(::bind(silent, reinterpret_cast<sockaddr*>(&address), size), 0);
  ASSERT_EQ(::listen(silent, 1), 0);
  ASSERT_EQ(::getsockname(silent, reinterpret_cast<sockaddr*>(&address), &size), 0);
  const std::string url = Text("http://127.0.0.1:", ntohs(address.sin_port), "/healthz");
  EXPECT_THAT(CheckPage(url, absl::Milliseconds(50)).message(), HasSubstr("no answer in time"));
  ::close(silent);
}

TEST(PageCheckEndsTest, WhatIsNoPageIsRefused) {
  for (const std::string url :
       {"", "127.0.0.1:8080/healthz", "https://127.0.0.1:8080/", "http://127.0.0.1/healthz",
        "http://127.0.0.1:0/", "http://127.0.0.1:65536/", "http://localhost:8080/",
        "http://127.0.0.1:8080"}) {
    EXPECT_EQ(CheckPage(url, kPatience).code(), absl::StatusCode::kInvalidArgument) << url;
  }
}

}  // namespace
}  // namespace chains::gateway
