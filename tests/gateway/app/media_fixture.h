// MediaTest: a gateway behind its HTTP server, in front of a contract of methods that take bytes.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

#include "chains/core/text.h"
#include "gateway/app/gateway.h"
#include "gateway/http/server.h"
#include "tests/gateway/app/fake_channel.h"
#include "tests/gateway/app/media_contract.h"
#include "tests/gateway/http/test_client.h"
#include "tests/gateway/http/test_loop.h"

namespace chains::gateway {

inline std::string PostOf(std::string_view target, std::string_view type, std::string_view body,
                          std::string_view more = "") {
  return Text("POST ", target, " HTTP/1.1\r\nHost: a\r\nContent-Type: ", type, "\r\n", more,
              "Content-Length: ", body.size(), "\r\n\r\n", body);
}

// A FakeChannel whose streams a test plays, too.
class MediaChannel final : public Channel {
 public:
  Task<Bytes> Unary(const Method& method, Bytes request) override {
    return unary.Unary(method, std::move(request));
  }
  Stream<Bytes> Streaming(const Method& method, Stream<Bytes> requests) override {
    ++streams;
    return stream(method, std::move(requests));
  }

  FakeChannel unary;
  std::function<Stream<Bytes>(const Method&, Stream<Bytes>)> stream;
  int streams = 0;
};

class MediaTest : public ::testing::Test {
 protected:
  explicit MediaTest(GatewayOptions options = {}, HttpOptions http = {}) : options_(options) {
    std::vector<std::unique_ptr<Target>> targets;
    const Route route{.chain = "all", .kind = Route::Kind::kEnvironment, .name = "production"};
    Target::Contract contract{.descriptors = MediaFiles(), .entrypoint = "media.Media"};
    targets.push_back(*Target::Create(route, channel_, contract));
    gateway_ = *Gateway::Create(loop_, std::move(targets), std::move(options));
    server_ = std::make_unique<HttpServer>(loop_, loop_.sockets(), *gateway_, http);
    address_ = *server_->Listen("127.0.0.1:0");
    gateway_->Start();
    channel_.unary.answer = [this](std::string_view, const std::string& request) {
      last_request_ = request;
      return absl::StatusOr<std::string>(reply_);
    };
  }

  std::unique_ptr<TestClient> Connect() {
    auto client = std::make_unique<TestClient>(address_);
    EXPECT_TRUE(client->connected());
    return client;
  }
  // What comes back, once all of it was taken and worker threads are done.
  std::string Ask(TestClient& client, std::string_view request) {
    std::string answer;
    while (!request.empty() && answer.empty()) {
      request.remove_prefix(client.Send(request));
      loop_.Settle();
      answer += client.Receive();
    }
    loop_.RunUntil([this] { return loop_.blocking() == 0; });
    loop_.Settle();
    return answer + client.Receive();
  }
  std::string Ask(std::string_view request) {
    const auto client = Connect();
    return Ask(*client, request);
  }

  const GatewayOptions& gateway_options() const { return options_; }

  const GatewayOptions options_;
  WorkerPool workers_;
  TestLoop loop_{workers_};
  MediaChannel channel_;
  std::string last_request_;
  std::string reply_;
  std::unique_ptr<Gateway> gateway_;
  std::unique_ptr<HttpServer> server_;
  std::string address_;
};

inline std::string BodyOf(std::string_view response) {
  const size_t end = response.find("\r\n\r\n");
  return end == response.npos ? std::string() : std::string(response.substr(end + 4));
}

}  // namespace chains::gateway
