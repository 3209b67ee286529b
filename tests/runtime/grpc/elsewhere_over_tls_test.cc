// Calls to a server that is none of ours, over TLS: gRPC's own, with its health service.
#include <cstdlib>
#include <memory>
#include <string>

#include <gmock/gmock.h>
#include <grpcpp/ext/health_check_service_server_builder_option.h>
#include <grpcpp/health_check_service_interface.h>
#include <grpcpp/server_builder.h>
#include <gtest/gtest.h>

#include "absl/strings/str_cat.h"
#include "chains/core/worker_pool.h"
#include "chains/grpc/client_channel.h"
#include "chains/grpc/elsewhere.h"
#include "chains/grpc/run_on.h"
#include "chains/testing/status_matchers.h"
#include "tests/deploy/temp_folder.h"
#include "tests/support/http/test_server.h"

namespace chains {
namespace {

using ::testing::HasSubstr;
using testing::IsOk;
using testing::StatusIs;

constexpr Method kCheck{
    .chainlet = "grpc.health.v1.Health", .name = "Check", .path = "/grpc.health.v1.Health/Check"};

class ElsewhereOverTls : public ::testing::Test {
 protected:
  static void SetUpTestSuite() {
    folder_ = std::make_unique<deploy::TempFolder>();
    certificates_ = std::make_unique<testing::TestCertificates>(folder_->path());
  }
  static void TearDownTestSuite() {
    certificates_.reset();
    folder_.reset();
  }
  ElsewhereOverTls() : reactor_(workers_) {
    grpc::EnableDefaultHealthCheckService(true);
    grpc::SslServerCredentialsOptions tls;
    tls.pem_key_cert_pairs = {
        {certificates_->Text("server.key"), certificates_->Text("server.pem")}};
    grpc::ServerBuilder builder;
    builder.AddListeningPort("127.0.0.1:0", grpc::SslServerCredentials(tls), &port_);
    server_ = builder.BuildAndStart();
    reactor_.Start();
  }
  ~ElsewhereOverTls() override {
    reactor_.Stop();
    server_->Shutdown();
  }
  absl::StatusOr<Bytes> Check(const std::string& roots, Elsewhere elsewhere = {}) {
    GrpcChannel::Options options;
    options.credentials = ToPublicServer(roots);
    options.elsewhere = std::move(elsewhere);
    auto channel = std::make_unique<GrpcChannel>(absl::StrCat("127.0.0.1:", port_), reactor_,
                                                 std::move(options));
    absl::StatusOr<Bytes> reply = RunOn(reactor_, [&] { return channel->Unary(kCheck, Bytes()); });
    return reply;
  }

  inline static std::unique_ptr<deploy::TempFolder> folder_;
  inline static std::unique_ptr<testing::TestCertificates> certificates_;
  WorkerPool workers_;
  Reactor reactor_;
  int port_ = 0;
  std::unique_ptr<grpc::Server> server_;
};

TEST_F(ElsewhereOverTls, TrustsWhomItsRootsVouchFor) {
  EXPECT_THAT(Check(certificates_->Text("ca.pem")), IsOk());
  EXPECT_THAT(Check(certificates_->Text("other.pem")), StatusIs(absl::StatusCode::kUnavailable));
}

TEST_F(ElsewhereOverTls, ACallWithoutItsTokenIsNotMade) {
  Elsewhere elsewhere;
  elsewhere.token = [] { return absl::StatusOr<std::string>(absl::NotFoundError("no key")); };
  EXPECT_THAT(Check(certificates_->Text("ca.pem"), elsewhere),
              StatusIs(absl::StatusCode::kNotFound, HasSubstr("no key")));
  elsewhere.token = [] { return std::string("two\nlines"); };
  EXPECT_THAT(Check(certificates_->Text("ca.pem"), elsewhere),
              StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("no bearer token")));
  elsewhere.token = [] { return std::string("s3cret"); };
  EXPECT_THAT(Check(certificates_->Text("ca.pem"), elsewhere), IsOk());
}

TEST_F(ElsewhereOverTls, TheMachinesRootsAreAFile) {
  ASSERT_EQ(setenv("SSL_CERT_FILE", certificates_->Path("ca.pem").c_str(), 1), 0);
  const absl::StatusOr<std::string> roots = SystemRoots();
  ASSERT_EQ(setenv("SSL_CERT_FILE", "/no/such/file", 1), 0);
  EXPECT_THAT(SystemRoots(), StatusIs(absl::StatusCode::kFailedPrecondition,
                                      HasSubstr("install ca-certificates")));
  unsetenv("SSL_CERT_FILE");
  ASSERT_THAT(roots, IsOk());
  EXPECT_EQ(*roots, certificates_->Text("ca.pem"));
}

}  // namespace
}  // namespace chains
