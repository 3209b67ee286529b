// A platform, a replica and a gateway between them, each over sockets of this machine; the replica
// answers test.Echo (see ends.h), whose messages are any bytes.
#pragma once

#include <future>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include <gmock/gmock.h>
#include <google/protobuf/descriptor.pb.h>
#include <grpcpp/grpcpp.h>
#include <gtest/gtest.h>

#include "chains/core/text.h"
#include "chains/grpc/client_channel.h"
#include "chains/grpc/run_on.h"
#include "chains/grpc/server.h"
#include "gateway/app/platform_server.h"
#include "tests/gateway/app/fake_platform.h"
#include "tests/runtime/grpc/ends.h"

namespace chains::gateway {

// The contract test.Echo, whose methods ends.h has.
inline google::protobuf::FileDescriptorSet EchoFiles() {
  google::protobuf::FileDescriptorSet files;
  google::protobuf::FileDescriptorProto& file = *files.add_file();
  file.set_name("echo.proto");
  file.set_package("test");
  file.set_syntax("proto3");
  file.add_message_type()->set_name("Text");
  google::protobuf::ServiceDescriptorProto& service = *file.add_service();
  service.set_name("Echo");
  for (const Method& each : EchoContract().methods) {
    google::protobuf::MethodDescriptorProto& method = *service.add_method();
    method.set_name(std::string(each.name));
    method.set_input_type(".test.Text");
    method.set_output_type(".test.Text");
    method.set_server_streaming(each.kind == MethodKind::kServerStreaming ||
                                each.kind == MethodKind::kBidirectional);
    method.set_client_streaming(each.kind == MethodKind::kClientStreaming ||
                                each.kind == MethodKind::kBidirectional);
  }
  return files;
}

// One server of `service`, as replicas and platforms are.
class Served {
 public:
  explicit Served(WorkerPool& workers) {
    GrpcServer::Options options;
    options.listen = {"127.0.0.1:0"};
    options.replica = "served";
    server_ = *GrpcServer::Listen(std::move(options), workers);
  }
  void Start(Service service) {
    server_->Serve(0, std::move(service));
    server_->Start();
  }
  void End() { server_->Drain(absl::InfinitePast()); }
  Reactor& reactor() { return server_->reactor(0); }
  const std::string& address() const { return server_->addresses().front(); }
  // Calls `what` on its thread.
  template <typename F>
  void Do(F what) {
    std::promise<void> done;
    reactor().Post([&] {
      what();
      done.set_value();
    });
    done.get_future().wait();
  }

 private:
  std::unique_ptr<GrpcServer> server_;
};

class ProxyFixture : public ::testing::Test {
 protected:
  // Of `options` is taken what is said of TLS.
  explicit ProxyFixture(PlatformGateway::Options options = {}) {
    PrepareProcess();
    platform_.Start(Contract<v1::Control>::Serve(control_));
    replica_.Start(Echo());
    options.platform = platform_.address();
    options.token = "secret-token";
    options.http = "127.0.0.1:0";
    options.grpc = "127.0.0.1:0";
    options.timeout = absl::Seconds(50);
    gateway_.emplace(std::move(options), HttpOptions());
    addresses_ = *gateway_->Start();
    channel_.emplace(addresses_.grpc, client_);
    client_.Start();
  }
  ~ProxyFixture() override {
    client_.Stop();
    gateway_->Drain(absl::Now() + absl::Seconds(5));
    gateway_.reset();
    replica_.End();
    platform_.End();
  }

  static TableOf Table(uint64_t version) { return TableOf(version, "test.Echo", EchoFiles()); }
  // Until the table is in force.
  void Tell(const v1::RouteTable& table) {
    platform_.Do([&] { control_.Tell(table); });
    const absl::Time deadline = absl::Now() + absl::Seconds(50);
    bool seen = false;
    while (!seen && absl::Now() < deadline) {
      platform_.Do([&] {
        seen = !control_.seen.empty() && control_.seen.back().version() == table.version();
      });
    }
    ASSERT_TRUE(seen) << "table " << table.version();
  }
  // The usual one: v1 in production.
  void TellProduction() {
    Tell(Table(1).With("v1", "hello", {replica_.address()}).Points("hello", "production", "v1"));
  }

  // As GrpcChannel calls.
  static Context With(Headers headers, absl::Duration timeout = absl::Seconds(50)) {
    return Context(absl::Now() + timeout, "0af7651916cd43dd8448eb211c80319c", std::move(headers));
  }
  absl::StatusOr<std::string> Call(const Method& method, std::string_view request,
                                   Context context = With({})) {
    absl::StatusOr<Bytes> reply = RunOn(
        client_, [&] { return channel_->Unary(method, Bytes(request)); }, std::move(context));
    if (!reply.ok()) return reply.status();
    return reply->ToString();
  }
  absl::StatusOr<std::vector<std::string>> Exchange(const Method& method,
                                                    std::vector<std::string> requests,
                                                    Context context = With({})) {
    return RunOn(
        client_, [&] { return Collect(channel_->Streaming(method, Items(std::move(requests)))); },
        std::move(context));
  }

  // What the replica answers; a test may exchange `one`.
  std::function<Task<Bytes>(Bytes)> one = [](Bytes request) { return EchoOne(std::move(request)); };

  WorkerPool workers_;
  Served platform_{workers_};
  Served replica_{workers_};
  FakePlatform control_{platform_.reactor()};
  std::optional<PlatformServer> gateway_;
  PlatformGateway::Addresses addresses_;
  Reactor client_{workers_};
  std::optional<GrpcChannel> channel_;

 private:
  static Task<Bytes> EchoOne(Bytes request) { co_return Bytes("echo " + request.ToString()); }
  static Stream<Bytes> EchoEach(Stream<Bytes> requests) {
    while (std::optional<Bytes> request = co_await requests.Next()) {
      Bytes reply("echo " + request->ToString());
      co_yield std::move(reply);
    }
  }
  static Stream<Bytes> Count(Stream<Bytes> requests) {
    const std::optional<Bytes> request = co_await requests.Next();
    if (!request) co_await absl::InvalidArgumentError("no request");
    for (int i = 0; i < 3; ++i) {
      Bytes reply(Text(request->ToString(), " ", i));
      co_yield std::move(reply);
    }
  }
  static Stream<Bytes> Join(Stream<Bytes> requests) {
    std::string all;
    while (std::optional<Bytes> request = co_await requests.Next()) all += request->ToString();
    Bytes reply(all);
    co_yield std::move(reply);
  }
  Service Echo() {
    Service service;
    service.AddUnary(kUnary, [this](Bytes request) { return one(std::move(request)); });
    service.AddStreaming(kServerStreaming, Count);
    service.AddStreaming(kClientStreaming, Join);
    service.AddStreaming(kBidirectional, EchoEach);
    return service;
  }
};

}  // namespace chains::gateway
