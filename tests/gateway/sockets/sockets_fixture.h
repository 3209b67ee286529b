// A gateway behind its HTTP server, in front of the chain of talk.proto, in wire format. One
// thread, and a clock that the test moves.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "chains/contract/loopback_channel.h"
#include "gateway/app/gateway.h"
#include "gateway/http/server.h"
#include "talk.h"
#include "tests/gateway/http/web_socket_fixture.h"
#include "tests/runtime/json/descriptors.h"

namespace chains::gateway {

// A channel that counts the calls which run.
class CountingChannel final : public Channel {
 public:
  explicit CountingChannel(Channel& next) : next_(next) {}
  Task<Bytes> Unary(const Method& method, Bytes request) override {
    return next_.Unary(method, std::move(request));
  }
  Stream<Bytes> Streaming(const Method& method, Stream<Bytes> requests) override {
    return Run(*this, next_.Streaming(method, std::move(requests)));
  }
  int live = 0;
  Context last_context;

 private:
  struct Counted {
    explicit Counted(int& count) : live(count) { ++live; }
    ~Counted() { --live; }
    int& live;
  };
  static Stream<Bytes> Run(CountingChannel& self, Stream<Bytes> replies) {
    const Counted counted(self.live);
    self.last_context = co_await CurrentContext();
    while (std::optional<Bytes> reply = co_await replies.Next()) co_yield *std::move(reply);
  }

  Channel& next_;
};

class SocketsTest : public ::testing::Test {
 protected:
  void Open(GatewayOptions options = {}, HttpOptions http = {}) {
    std::vector<std::unique_ptr<Target>> targets;
    const Route route{.chain = "talk", .kind = Route::Kind::kEnvironment, .name = "production"};
    const Target::Contract contract{.descriptors = json::FilesOf(*talk::Line::descriptor()),
                                    .entrypoint = "talk.Talk"};
    targets.push_back(*Target::Create(route, channel_, contract));
    gateway_ = *Gateway::Create(loop_, std::move(targets), std::move(options));
    server_ = std::make_unique<HttpServer>(loop_, loop_.sockets(), *gateway_, http);
    address_ = *server_->Listen("127.0.0.1:0");
    gateway_->Start();
  }
  // Not open yet.
  std::unique_ptr<WebSocketClient> Client() {
    return std::make_unique<WebSocketClient>(loop_, address_);
  }
  std::unique_ptr<WebSocketClient> Connect(std::string_view path, std::string_view more = "") {
    auto client = Client();
    const std::string head = client->Open(path, more);
    EXPECT_TRUE(head.starts_with("HTTP/1.1 101 ")) << head;
    return client;
  }
  std::string Metrics() {
    TestClient client(address_);
    client.Send("GET /metrics HTTP/1.1\r\nHost: a\r\n\r\n");
    loop_.Settle();
    return client.Receive();
  }

  WorkerPool workers_;
  TestLoop loop_{workers_};
  talk::Loud loud_;
  const Service shout_service_ = Contract<talk::Shout>::Serve(loud_);
  LoopbackChannel shout_channel_{shout_service_};
  const std::unique_ptr<talk::Shout> shout_ = Contract<talk::Shout>::Connect(shout_channel_);
  talk::Talker talker_{*shout_};
  const Service service_ = Contract<talk::Talk>::Serve(talker_);
  LoopbackChannel loopback_{service_};
  CountingChannel channel_{loopback_};
  std::unique_ptr<Gateway> gateway_;
  std::unique_ptr<HttpServer> server_;
  std::string address_;
};

}  // namespace chains::gateway
