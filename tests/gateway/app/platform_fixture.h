// A gateway behind its HTTP server, whose routes come from a platform that the test plays, in front
// of replicas that it plays too. One thread, and a clock that the test moves.
#pragma once

#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <utility>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "chains/contract/loopback_channel.h"
#include "chains/core/text.h"
#include "everything.pb.h"
#include "gateway/app/route_watch.h"
#include "gateway/http/server.h"
#include "tests/gateway/app/fake_channel.h"
#include "tests/gateway/app/fake_platform.h"
#include "tests/gateway/http/test_client.h"
#include "tests/gateway/http/test_loop.h"
#include "tests/runtime/json/descriptors.h"

namespace chains::gateway {

inline std::string Post(std::string_view target, std::string_view body,
                        std::string_view more = "") {
  return Text("POST ", target, " HTTP/1.1\r\nHost: a\r\n", more, "Content-Length: ", body.size(),
              "\r\n\r\n", body);
}
inline std::string Get(std::string_view target) {
  return Text("GET ", target, " HTTP/1.1\r\nHost: a\r\n\r\n");
}

class PlatformFixture : public ::testing::Test {
 protected:
  static constexpr const char* kEntrypoint = "everything.Everything";
  static google::protobuf::FileDescriptorSet Files() {
    return json::FilesOf(*everything::All::descriptor());
  }
  static TableOf Table(uint64_t version) { return TableOf(version, kEntrypoint, Files()); }
  // A call of get_http_status.
  static std::string Greeting(std::string_view path, std::string_view more = "") {
    return Post(Text(path, "/get_http_status"), R"({"text": "x"})", more);
  }

  void Open(RouteWatch::Options options = {.token = "secret-token"}) {
    gateway_ = Gateway::Create(loop_, Gateway::Options());
    server_ = std::make_unique<HttpServer>(loop_, loop_.sockets(), *gateway_, HttpOptions());
    address_ = *server_->Listen("127.0.0.1:0");
    watch_ = std::make_unique<RouteWatch>(
        loop_, channel_, [this](const ElasticChannel::Way& way) { return Connect(way.address); },
        std::move(options), *gateway_);
    watch_->Start();
    loop_.Settle();
  }
  void Tell(v1::RouteTable table) {
    platform_.Tell(std::move(table));
    loop_.Settle();
  }

  // One that answers with its name.
  FakeChannel& Replica(const std::string& address) {
    std::unique_ptr<FakeChannel>& replica = replicas_[address];
    if (replica == nullptr) {
      replica = std::make_unique<FakeChannel>();
      replica->answer = [address](std::string_view, const std::string& request) {
        everything::Choice choice;
        everything::Bare bare;
        choice.ParseFromString(request);
        bare.set_result(Text(address, " got ", choice.text()));
        return bare.SerializeAsString();
      };
    }
    return *replica;
  }

  std::unique_ptr<TestClient> Begin(std::string_view request) {
    auto client = std::make_unique<TestClient>(address_);
    client->Send(request);
    loop_.Settle();
    return client;
  }
  std::string Ask(std::string_view request) { return Begin(request)->Receive(); }

  WorkerPool workers_;
  TestLoop loop_{workers_};
  FakePlatform platform_{loop_};
  const Service service_ = Contract<v1::Control>::Serve(platform_);
  LoopbackChannel channel_{service_};
  std::map<std::string, std::unique_ptr<FakeChannel>> replicas_;
  std::unique_ptr<Gateway> gateway_;
  std::unique_ptr<RouteWatch> watch_;
  std::unique_ptr<HttpServer> server_;
  std::string address_;

 private:
  // A way to a replica that the test keeps.
  class Way final : public Channel {
   public:
    explicit Way(Channel& replica) : replica_(replica) {}
    Task<Bytes> Unary(const Method& method, Bytes request) override {
      return replica_.Unary(method, std::move(request));
    }
    Stream<Bytes> Streaming(const Method& method, Stream<Bytes> requests) override {
      return replica_.Streaming(method, std::move(requests));
    }

   private:
    Channel& replica_;
  };
  std::unique_ptr<Channel> Connect(const std::string& address) {
    return std::make_unique<Way>(Replica(address));
  }
};

}  // namespace chains::gateway
