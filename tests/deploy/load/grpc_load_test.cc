// RunGrpc against a generic service of gRPC's own.
#include "deploy/load/grpc_load.h"

#include <atomic>
#include <memory>
#include <string>

#include <gmock/gmock.h>
#include <grpcpp/generic/async_generic_service.h>
#include <grpcpp/security/server_credentials.h>
#include <grpcpp/server.h>
#include <grpcpp/server_builder.h>
#include <gtest/gtest.h>

#include "chains/grpc/process.h"

namespace chains::load {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Pair;

// Answers every call with what it was sent, except for what is "busy".
class Echo final : public grpc::CallbackGenericService {
 public:
  std::atomic<int> calls = 0;

 private:
  class Call final : public grpc::ServerGenericBidiReactor {
   public:
    Call() { StartRead(&message_); }
    void OnReadDone(bool ok) override {
      if (!ok) return End(grpc::Status(grpc::StatusCode::INTERNAL, "no request"));
      grpc::Slice slice;
      message_.DumpToSingleSlice(&slice);
      const std::string text(reinterpret_cast<const char*>(slice.begin()), slice.size());
      if (text == "busy") return End(grpc::Status(grpc::StatusCode::UNAVAILABLE, "later"));
      if (text == "never" || ended_.exchange(true)) return;
      StartWriteAndFinish(&message_, grpc::WriteOptions(), grpc::Status::OK);
    }
    // May come at any time, also after the end.
    void OnCancel() override { End(grpc::Status::CANCELLED); }
    void OnDone() override { const std::unique_ptr<Call> self(this); }

   private:
    void End(const grpc::Status& status) {
      if (!ended_.exchange(true)) Finish(status);
    }
    grpc::ByteBuffer message_;
    std::atomic<bool> ended_ = false;
  };
  grpc::ServerGenericBidiReactor* CreateReactor(grpc::GenericCallbackServerContext*) override {
    ++calls;
    return std::make_unique<Call>().release();  // OnDone() takes it back
  }
};

class GrpcLoadTest : public ::testing::Test {
 protected:
  GrpcLoadTest() {
    PrepareProcess();
    grpc::ServerBuilder builder;
    builder.RegisterCallbackGenericService(&echo_);
    int port = 0;
    builder.AddListeningPort("127.0.0.1:0", grpc::InsecureServerCredentials(), &port);
    server_ = builder.BuildAndStart();
    target_.address = "127.0.0.1:" + std::to_string(port);
  }
  Report RunLoad(const Plan& plan) {
    const absl::StatusOr<Report> report = RunGrpc(target_, plan);
    EXPECT_TRUE(report.ok()) << report.status();
    return report.ok() ? *report : Report();
  }

  Echo echo_;
  std::unique_ptr<grpc::Server> server_;
  GrpcTarget target_{.method = "/bench.Echo/RunRemote", .payloads = {{.body = "hello"}}};
};

TEST_F(GrpcLoadTest, CallsAndCounts) {
  target_.connections = 2;
  const Report report = RunLoad({.in_flight = 4, .calls = 100, .warm_up = 10});
  EXPECT_EQ(report.calls, 100);
  EXPECT_EQ(report.latencies.count(), 100u);
  EXPECT_EQ(echo_.calls, 110);
}

TEST_F(GrpcLoadTest, CallsAtAStatedRate) {
  const Report report =
      RunLoad({.in_flight = 100, .rate = 1000, .duration = absl::Milliseconds(50)});
  EXPECT_EQ(report.calls, 50);
  EXPECT_GE(report.elapsed, absl::Milliseconds(49));
}

TEST_F(GrpcLoadTest, FailuresAreCountedByTheirCode) {
  target_.payloads = {{.body = "busy"}, {.body = "fine"}};
  const Report report = RunLoad({.calls = 10, .warm_up = 0});
  EXPECT_EQ(report.calls, 5);
  EXPECT_THAT(report.errors_by_kind, ElementsAre(Pair("UNAVAILABLE", 5)));
  EXPECT_EQ(report.first_error, "UNAVAILABLE: later");
}

TEST_F(GrpcLoadTest, ACallThatIsNotAnsweredMissesItsDeadline) {
  target_.payloads = {{.body = "fine"}, {.body = "never"}};
  const Report report = RunLoad({.calls = 2, .warm_up = 1, .timeout = absl::Milliseconds(500)});
  EXPECT_EQ(report.calls, 1);
  EXPECT_THAT(report.errors_by_kind, ElementsAre(Pair("DEADLINE_EXCEEDED", 1)));
}

TEST_F(GrpcLoadTest, EndsInTimeWithCallsInFlight) {
  target_.payloads = {{.body = "never"}};
  const Report report = RunLoad({.in_flight = 3, .duration = absl::Milliseconds(30), .warm_up = 0});
  EXPECT_EQ(report.calls, 0);
  EXPECT_EQ(report.unfinished, 3);
}

TEST_F(GrpcLoadTest, SaysThatNobodyIsThere) {
  target_.address = "unix:/nowhere/at/all.sock";
  const absl::StatusOr<Report> report = RunGrpc(target_, {.calls = 1});
  EXPECT_TRUE(absl::IsUnavailable(report.status()));
  EXPECT_THAT(std::string(report.status().message()),
              HasSubstr("unix:/nowhere/at/all.sock: UNAVAILABLE: "));
}

TEST_F(GrpcLoadTest, RefusesWhatMakesNoSense) {
  target_.method = "RunRemote";
  EXPECT_THAT(std::string(RunGrpc(target_, {.calls = 1}).status().message()),
              HasSubstr("method RunRemote"));
}

}  // namespace
}  // namespace chains::load
