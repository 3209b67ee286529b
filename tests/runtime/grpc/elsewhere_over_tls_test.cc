// Calls to a server that is none of ours, over TLS: gRPC's own.
#include <cstdlib>
#include <map>
#include <memory>
#include <mutex>
#include <string>

#include <gmock/gmock.h>
#include <grpcpp/generic/async_generic_service.h>
#include <grpcpp/server_builder.h>
#include <gtest/gtest.h>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
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

constexpr Method kAsk{.chainlet = "x.Model", .name = "Ask", .path = "/x.Model/Ask"};

// Answers with what it was sent.
class Echo final : public grpc::ServerGenericBidiReactor {
 public:
  Echo() { StartRead(&message_); }
  void OnReadDone(bool ok) override {
    if (!ok) return Finish(grpc::Status::CANCELLED);
    StartWriteAndFinish(&message_, grpc::WriteOptions(), grpc::Status::OK);
  }
  void OnDone() override { const std::unique_ptr<Echo> last(this); }

 private:
  grpc::ByteBuffer message_;
};

// Keeps the names of what the last call's metadata had besides gRPC's own.
class Stranger final : public grpc::CallbackGenericService {
 public:
  grpc::ServerGenericBidiReactor* CreateReactor(
      grpc::GenericCallbackServerContext* context) override {
    const std::lock_guard lock(mutex_);
    told_.clear();
    for (const auto& [name, value] : context->client_metadata()) {
      told_[std::string(name.data(), name.size())] = std::string(value.data(), value.size());
    }
    return std::make_unique<Echo>().release();
  }
  std::map<std::string, std::string> told() const {
    const std::lock_guard lock(mutex_);
    return told_;
  }

 private:
  mutable std::mutex mutex_;
  std::map<std::string, std::string> told_;  // guarded by mutex_
};

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
    grpc::SslServerCredentialsOptions tls;
    tls.pem_key_cert_pairs = {
        {certificates_->Text("server.key"), certificates_->Text("server.pem")}};
    grpc::ServerBuilder builder;
    builder.AddListeningPort("127.0.0.1:0", grpc::SslServerCredentials(tls), &port_);
    builder.RegisterCallbackGenericService(&stranger_);
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
    absl::StatusOr<Bytes> reply =
        RunOn(reactor_, [&] { return channel->Unary(kAsk, Bytes("hello")); });
    return reply;
  }

  inline static std::unique_ptr<deploy::TempFolder> folder_;
  inline static std::unique_ptr<testing::TestCertificates> certificates_;
  WorkerPool workers_;
  Reactor reactor_;
  int port_ = 0;
  Stranger stranger_;
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
  EXPECT_EQ(stranger_.told()["authorization"], "Bearer s3cret");
}

TEST_F(ElsewhereOverTls, ItLearnsNothingOfTheUser) {
  const Context context(absl::Now() + absl::Seconds(30), "0af7651916cd43dd8448eb211c80319c",
                        {{"authorization", "Bearer of-a-user"}, {"cookie", "c"}});
  GrpcChannel::Options options;
  options.credentials = ToPublicServer(certificates_->Text("ca.pem"));
  options.elsewhere = Elsewhere();
  GrpcChannel channel(absl::StrCat("127.0.0.1:", port_), reactor_, std::move(options));
  ASSERT_THAT(RunOn(
                  reactor_, [&] { return channel.Unary(kAsk, Bytes("hello")); }, context),
              IsOk());
  std::map<std::string, std::string> told = stranger_.told();
  EXPECT_THAT(told["traceparent"], HasSubstr("0af7651916cd43dd8448eb211c80319c"));
  EXPECT_EQ(told.count("authorization"), 0u);
  EXPECT_EQ(told.count("cookie"), 0u);
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
