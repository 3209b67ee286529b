// grpc.health.v1 as replicas answer it, asked in its wire format.
#include <string>
#include <thread>

#include <gtest/gtest.h>

#include "chains/v1/wire_health.pb.h"
#include "ends.h"

namespace chains {
namespace {

using wire::v1::HealthCheckRequest;
using wire::v1::HealthCheckResponse;

constexpr Method kCheck{
    .chainlet = "grpc.health.v1.Health", .name = "Check", .path = "/grpc.health.v1.Health/Check"};
constexpr Method kWatch{.chainlet = "grpc.health.v1.Health",
                        .name = "Watch",
                        .path = "/grpc.health.v1.Health/Watch",
                        .kind = MethodKind::kServerStreaming};

Service Nothing() {
  Service service;
  service.AddUnary(kUnary, [](Bytes) { return Done<Bytes>(Bytes("")); });
  return service;
}

std::string Asking(const std::string& service) {
  HealthCheckRequest request;
  request.set_service(service);
  return request.SerializeAsString();
}

absl::StatusOr<HealthCheckResponse::ServingStatus> Read(absl::StatusOr<std::string> reply) {
  if (!reply.ok()) return reply.status();
  HealthCheckResponse response;
  EXPECT_TRUE(response.ParseFromString(*reply));
  return response.status();
}

TEST(HealthTest, AServerThatStartedIsServing) {
  Ends ends(Nothing());
  EXPECT_EQ(*Read(ends.Call(kCheck, Asking(""))), HealthCheckResponse::SERVING);
  EXPECT_EQ(*Read(ends.Call(kCheck, Asking("test.Echo"))), HealthCheckResponse::SERVING);
  EXPECT_EQ(ends.Call(kCheck, Asking("test.Other")).status().code(), absl::StatusCode::kNotFound);
}

TEST(HealthTest, AContractIsServingWhenItAndTheProcessAre) {
  Ends ends(Nothing());
  ends.server().SetServing("test.Echo", false);
  EXPECT_EQ(*Read(ends.Call(kCheck, Asking("test.Echo"))), HealthCheckResponse::NOT_SERVING);
  EXPECT_EQ(*Read(ends.Call(kCheck, Asking(""))), HealthCheckResponse::SERVING);
  ends.server().SetServing("test.Echo", true);
  ends.server().SetServing(false);
  EXPECT_EQ(*Read(ends.Call(kCheck, Asking("test.Echo"))), HealthCheckResponse::NOT_SERVING);
  EXPECT_EQ(*Read(ends.Call(kCheck, Asking(""))), HealthCheckResponse::NOT_SERVING);
}

TEST(HealthTest, AHealthPortAnswersHealthOnly) {
  GrpcServer::Options options = Ends::Options();
  options.health_listen = "127.0.0.1:0";
  Ends ends(Nothing(), options);
  ends.server().SetServing("test.Echo", false);
  GrpcChannel probe(ends.server().health_address(), ends.client());
  auto ask = [&](const Method& method, const std::string& request) -> absl::StatusOr<std::string> {
    absl::StatusOr<Bytes> reply =
        RunOn(ends.client(), [&] { return probe.Unary(method, Bytes(request)); });
    if (!reply.ok()) return reply.status();
    return reply->ToString();
  };
  EXPECT_EQ(*Read(ask(kCheck, Asking(""))), HealthCheckResponse::SERVING);
  EXPECT_EQ(*Read(ask(kCheck, Asking("test.Echo"))), HealthCheckResponse::NOT_SERVING);
  EXPECT_EQ(ask(kUnary, "").status().code(), absl::StatusCode::kUnimplemented);
  EXPECT_EQ(ends.server().in_flight(), 0u);
}

// Adds what Watch tells to `events`.
Task<void> Follow(GrpcChannel& channel, const std::string service, Events& events) {
  Stream<Bytes> told = channel.Streaming(kWatch, Items({Asking(service)}));
  while (std::optional<Bytes> bytes = co_await told.Next()) {
    HealthCheckResponse response;
    co_await bytes->ParseInto(response);
    events.Add(HealthCheckResponse::ServingStatus_Name(response.status()));
  }
  events.Add("end");
}

TEST(HealthTest, WhoWatchesIsToldOfChangesAndOfTheEnd) {
  Ends ends(Nothing());
  Events events;
  std::thread watcher([&] {
    EXPECT_TRUE(
        RunOn(ends.client(), [&] { return Follow(ends.channel(), "test.Echo", events); }).ok());
  });
  EXPECT_TRUE(events.Wait("SERVING"));
  ends.server().SetServing("test.Echo", false);
  EXPECT_TRUE(events.Wait("NOT_SERVING"));
  ends.server().SetServing("test.Echo", true);
  EXPECT_TRUE(events.Wait("SERVING", 2));
  ends.server().Drain(absl::Now() + absl::Seconds(30));
  EXPECT_TRUE(events.Wait("NOT_SERVING", 2));
  EXPECT_TRUE(events.Wait("end"));
  watcher.join();
}

TEST(HealthTest, WhoWatchesTheUnknownIsToldSo) {
  Ends ends(Nothing());
  Events events;
  std::thread watcher([&] {
    RunOn(ends.client(), [&] {
      return Follow(ends.channel(), "test.Other", events);
    }).IgnoreError();
  });
  EXPECT_TRUE(events.Wait("SERVICE_UNKNOWN"));
  ends.client().Stop();
  watcher.join();
}

}  // namespace
}  // namespace chains
