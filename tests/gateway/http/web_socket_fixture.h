// WebSocketTest: a server whose handler answers with WebSockets, on the test's own thread.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

#include "chains/core/text.h"
#include "gateway/http/server.h"
#include "gateway/http/web_socket_handshake.h"
#include "tests/gateway/http/test_client.h"
#include "tests/gateway/http/test_loop.h"
#include "tests/gateway/http/web_socket_bytes.h"

namespace chains::gateway {

inline std::string Handshake(std::string_view target, std::string_view more = "") {
  return Text("GET ", target,
              " HTTP/1.1\r\nHost: a\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
              "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n",
              more, "\r\n");
}

// The client's end. What it sends is served at once.
class WebSocketClient {
 public:
  WebSocketClient(TestLoop& loop, const std::string& address) : loop_(loop), client_(address) {}

  // The head of the response.
  std::string Open(std::string_view target, std::string_view more = "") {
    Send(Handshake(target, more));
    Take();
    const size_t end = received_.find("\r\n\r\n");
    if (end == std::string::npos) return std::exchange(received_, "");
    std::string head = received_.substr(0, end + 4);
    received_.erase(0, end + 4);
    return head;
  }
  void Send(std::string_view bytes) {
    client_.Send(bytes);
    loop_.Settle();
  }
  // All frames that have come since the last look, as Shown().
  std::vector<std::string> Frames() {
    Take();
    return ShownFrames(received_);
  }
  std::vector<std::string> Exchange(std::string_view bytes) {
    Send(bytes);
    return Frames();
  }
  TestClient& socket() { return client_; }
  bool ended() {
    Take();
    return client_.ended();
  }

 private:
  void Take() {
    loop_.Settle();
    received_ += client_.Receive();
  }

  TestLoop& loop_;
  TestClient client_;
  std::string received_;
};

class SocketHandler final : public Handler {
 public:
  Admission Admit(const RequestHead&) override { return {}; }
  Task<Response> Handle(Request request) override {
    Response response;
    if (AsksForWebSocket(request.head)) {
      response = SwitchingProtocols(request.head, "");
      response.web_socket = [this](WebSocket& socket) { return Run(*this, socket); };
    } else {
      response.body = Text(request.head.target, "\n");
    }
    co_return response;
  }
  Response Failure(int status, std::string_view text) override {
    Response response;
    response.status = status;
    response.body = std::string(text);
    return response;
  }

  // What a socket is given to; an echo.
  std::function<Task<void>(WebSocket&)> serve = Echo;
  int live = 0;
  std::vector<std::string> ended;  // how they did, those that were not dropped

  static Task<void> Echo(WebSocket& socket) {
    while (std::optional<WebSocket::Message> message = co_await socket.Receive()) {
      co_await socket.Send(*std::move(message));
    }
  }

 private:
  struct Counted {
    explicit Counted(int& count) : live(count) { ++live; }
    ~Counted() { --live; }
    int& live;
  };
  static Task<void> Run(SocketHandler& self, WebSocket& socket) {
    const Counted counted(self.live);
    const auto outcome = co_await Outcome(self.serve(socket));
    self.ended.push_back(std::string(outcome.status().message()));
    co_await outcome.status();
  }
};

class WebSocketTest : public ::testing::Test {
 protected:
  explicit WebSocketTest(HttpOptions options = Options()) {
    server_ = std::make_unique<HttpServer>(loop_, loop_.sockets(), handler_, options);
    address_ = *server_->Listen("127.0.0.1:0");
  }
  static HttpOptions Options() {
    HttpOptions options;
    options.max_message_bytes = 1 << 20;
    return options;
  }
  std::unique_ptr<WebSocketClient> Connect() {
    auto client = std::make_unique<WebSocketClient>(loop_, address_);
    EXPECT_TRUE(client->Open("/socket").starts_with("HTTP/1.1 101 "));
    return client;
  }

  WorkerPool workers_;
  TestLoop loop_{workers_};
  SocketHandler handler_;
  std::unique_ptr<HttpServer> server_;
  std::string address_;
};

}  // namespace chains::gateway
