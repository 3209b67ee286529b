// A server that is asked, call by call, who answers a method.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "chains/core/text.h"
#include "ends.h"

namespace chains {
namespace {

using ::testing::ElementsAre;

constexpr Method kLate{.chainlet = "late.Late", .name = "Run", .path = "/late.Late/Run"};
constexpr Method kLateEach{.chainlet = "late.Late",
                           .name = "Each",
                           .path = "/late.Late/Each",
                           .kind = MethodKind::kBidirectional};
constexpr Method kCheck{
    .chainlet = "grpc.health.v1.Health", .name = "Check", .path = "/grpc.health.v1.Health/Check"};

Task<Bytes> Say(std::string text) { co_return Bytes(text); }
Stream<Bytes> SayEach(Stream<Bytes> requests) {
  while (std::optional<Bytes> request = co_await requests.Next()) {
    Bytes reply("late " + request->ToString());
    co_yield std::move(reply);
  }
}

class FallbackTest : public ::testing::Test {
 protected:
  FallbackTest() {
    PrepareProcess();
    GrpcServer::Options options;
    options.listen = {"127.0.0.1:0"};
    options.replica = "late-0";
    options.contracts = {&EchoContract()};
    server_ = *GrpcServer::Listen(std::move(options), workers_);
    Service service;
    service.AddUnary(kUnary, [](Bytes) { return Say("known"); });
    server_->Serve(0, std::move(service));
    server_->SetFallback(
        0, [this](std::string_view path, const Context& context) { return Find(path, context); });
    server_->Start();
    channel_.emplace(server_->addresses().front(), client_);
    client_.Start();
  }
  ~FallbackTest() override { client_.Stop(); }

  absl::StatusOr<Service::Handler> Find(std::string_view path, const Context& context) {
    ++asked_;
    if (context.Header("x-refuse")) return absl::PermissionDeniedError("not you");
    if (path == kLateEach.path) {
      return Service::Handler{.method = &kLateEach, .unary = {}, .streaming = SayEach};
    }
    const Method& method = path == kLate.path ? kLate : kCheck;
    if (path != method.path) return absl::UnimplementedError("nobody");
    const std::string text(path);
    return Service::Handler{
        .method = &method,
        .unary = [text](Bytes request) { return Say(text + " " + request.ToString()); },
        .streaming = {}};
  }
  absl::StatusOr<std::string> Call(const Method& method, const std::string& request,
                                   Headers headers = {}) {
    const Context context(absl::Now() + absl::Seconds(50), "", std::move(headers));
    absl::StatusOr<Bytes> reply = RunOn(
        client_, [&] { return channel_->Unary(method, Bytes(request)); }, context);
    if (!reply.ok()) return reply.status();
    return reply->ToString();
  }

  WorkerPool workers_;
  std::unique_ptr<GrpcServer> server_;
  Reactor client_{workers_};
  std::optional<GrpcChannel> channel_;
  std::atomic<int> asked_{0};
};

TEST_F(FallbackTest, AnswersMethodsThatNoServiceHas) {
  EXPECT_EQ(*Call(kLate, "x"), "/late.Late/Run x");
  const auto replies = RunOn(
      client_,
      [&] {
        return Collect(channel_->Streaming(kLateEach, Items({"a", "b"})));
      },
      Within(absl::Seconds(50)));
  EXPECT_THAT(*replies, ElementsAre("late a", "late b"));
}

TEST_F(FallbackTest, IsNotAskedForMethodsThatAreServed) {
  EXPECT_EQ(*Call(kUnary, ""), "known");
  EXPECT_EQ(asked_, 0);
}

TEST_F(FallbackTest, RefusesACall) {
  EXPECT_TRUE(absl::IsPermissionDenied(Call(kLate, "", {{"x-refuse", "1"}}).status()));
  constexpr Method kNobodys{.chainlet = "a.B", .name = "C", .path = "/a.B/C"};
  EXPECT_TRUE(absl::IsUnimplemented(Call(kNobodys, "").status()));
}

TEST_F(FallbackTest, AnswersHealthInTheServersPlace) {
  EXPECT_EQ(*Call(kCheck, ""), "/grpc.health.v1.Health/Check ");
}

}  // namespace
}  // namespace chains
