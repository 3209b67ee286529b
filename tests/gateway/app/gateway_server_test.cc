// The whole on a Reactor: sockets and completion queue on one thread, a replica over gRPC.
#include "gateway/app/gateway_server.h"

#include <thread>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "chains/core/text.h"
#include "chains/grpc/client_channel.h"
#include "tests/gateway/http/test_client.h"

namespace chains::gateway {
namespace {

using ::testing::HasSubstr;
using ::testing::StartsWith;

// Reads until `count` responses with `end` have come; the loop is another thread.
std::string ReceiveMany(TestClient& client, std::string_view end, int count) {
  std::string all;
  while (count > 0 && !client.ended()) {
    const size_t seen = all.size();
    client.AwaitInput();
    all += client.Receive();
    for (size_t at = all.find(end, seen < end.size() ? 0 : seen - end.size() + 1);
         at != std::string::npos; at = all.find(end, at + 1)) {
      --count;
    }
  }
  return all;
}

class GatewayServerTest : public ::testing::Test {
 protected:
  GatewayServerTest() {
    std::vector<std::unique_ptr<Target>> targets;
    const Route route{.chain = "gone", .kind = Route::Kind::kEnvironment, .name = "production"};
    // Nobody answers at the discard port.
    targets.push_back(
        *Target::Create(route, std::make_unique<GrpcChannel>("127.0.0.1:9", reactor_), {}));
    EXPECT_TRUE(server_.Open(std::move(targets), {}).ok());
    address_ = *server_.Listen("127.0.0.1:0");
    reactor_.Start();
  }
  ~GatewayServerTest() override {
    server_.Drain(absl::Now() + absl::Seconds(5));
    reactor_.Stop();
  }

  WorkerPool workers_;
  Reactor reactor_{workers_};
  GatewayServer server_{reactor_};
  std::string address_;
};

TEST_F(GatewayServerTest, AnswersWhileItsEntrypointIsNotThere) {
  server_.AwaitFirstAnswers();
  TestClient client(address_);
  client.Send("GET /readyz HTTP/1.1\r\nHost: a\r\n\r\n");
  const std::string answer = ReceiveMany(client, "}}", 1);
  EXPECT_THAT(answer, StartsWith("HTTP/1.1 503"));
  EXPECT_THAT(answer, HasSubstr("gone/production is not there yet: "));
  EXPECT_THAT(answer, HasSubstr("127.0.0.1:9"));
}

TEST_F(GatewayServerTest, LosesNoWakeUp) {
  constexpr int kRequests = 1000;
  const auto ask = [this] {
    TestClient client(address_);
    for (int i = 0; i < kRequests; ++i) {
      client.Send("GET /healthz HTTP/1.1\r\nHost: a\r\n\r\n");
      EXPECT_THAT(ReceiveMany(client, "ok\n", 1), StartsWith("HTTP/1.1 200"));
    }
  };
  std::thread other(ask);
  ask();
  other.join();
}

TEST_F(GatewayServerTest, AnswersManyPipelinedRequests) {
  constexpr int kRequests = 5000;
  TestClient client(address_);
  std::thread sender([&] {
    for (int i = 0; i < kRequests; ++i) client.SendAll("GET /healthz HTTP/1.1\r\nHost: a\r\n\r\n");
  });
  ReceiveMany(client, "\r\n\r\nok\n", kRequests);
  sender.join();
  EXPECT_FALSE(client.ended());
}

}  // namespace
}  // namespace chains::gateway
