// Health and reflection, as stock clients ask for them at the gateway.
#include <set>
#include <string>

#include "stock_health.grpc.pb.h"
#include "stock_reflection.grpc.pb.h"
#include "tests/gateway/grpc/proxy_fixture.h"

namespace chains::gateway {
namespace {

using grpc::health::v1::Health;
using grpc::health::v1::HealthCheckRequest;
using grpc::health::v1::HealthCheckResponse;
using grpc::reflection::v1alpha::ServerReflection;
using grpc::reflection::v1alpha::ServerReflectionRequest;
using grpc::reflection::v1alpha::ServerReflectionResponse;
using ::testing::HasSubstr;

class ProxyServicesTest : public ProxyFixture {
 protected:
  void Prepare(grpc::ClientContext& context, const std::string& deployment) {
    context.set_deadline(std::chrono::system_clock::now() + std::chrono::seconds(50));
    if (!deployment.empty()) context.AddMetadata("chains-deployment", deployment);
  }
  // What reflection answers; a failure of the call where there is no response.
  grpc::Status Reflect(const ServerReflectionRequest& request, ServerReflectionResponse& response,
                       const std::string& deployment = "") {
    grpc::ClientContext context;
    Prepare(context, deployment);
    const auto stub = ServerReflection::NewStub(stock_);
    const auto stream = stub->ServerReflectionInfo(&context);
    stream->Write(request);
    stream->Read(&response);
    stream->WritesDone();
    return stream->Finish();
  }
  grpc::Status Check(const std::string& service, HealthCheckResponse& response,
                     const std::string& deployment = "") {
    grpc::ClientContext context;
    Prepare(context, deployment);
    HealthCheckRequest request;
    request.set_service(service);
    return Health::NewStub(stock_)->Check(&context, request, &response);
  }

  const std::shared_ptr<grpc::Channel> stock_ =
      grpc::CreateChannel(addresses_.grpc, grpc::InsecureChannelCredentials());
};

TEST_F(ProxyServicesTest, ReflectionFindsServiceAndFile) {
  TellProduction();
  ServerReflectionRequest request;
  ServerReflectionResponse response;
  request.set_list_services("*");
  ASSERT_TRUE(Reflect(request, response).ok());
  ASSERT_EQ(response.list_services_response().service_size(), 1);
  EXPECT_EQ(response.list_services_response().service(0).name(), "test.Echo");
  request.set_file_containing_symbol("test.Echo.Each");
  ASSERT_TRUE(Reflect(request, response, "v1").ok());
  ASSERT_EQ(response.file_descriptor_response().file_descriptor_proto_size(), 1);
  google::protobuf::FileDescriptorProto file;
  ASSERT_TRUE(file.ParseFromString(response.file_descriptor_response().file_descriptor_proto(0)));
  EXPECT_EQ(file.name(), "echo.proto");
}

TEST_F(ProxyServicesTest, ReflectionSaysWhatThereIsToChoose) {
  TellProduction();
  ServerReflectionRequest request;
  ServerReflectionResponse response;
  request.set_list_services("*");
  const grpc::Status status = Reflect(request, response, "v9");
  EXPECT_EQ(status.error_code(), grpc::NOT_FOUND);
  EXPECT_THAT(status.error_message(), HasSubstr("only: deployment/v1, production"));
}

TEST_F(ProxyServicesTest, HealthIsThatOfTheDeployment) {
  HealthCheckResponse response;
  ASSERT_TRUE(Check("", response).ok());
  EXPECT_EQ(response.status(), HealthCheckResponse::NOT_SERVING);
  Tell(Table(1)
           .With("v1", "hello", {})
           .With("v2", "hello", {})
           .Inactive("it crashed")
           .Points("hello", "production", "v1"));
  ASSERT_TRUE(Check("", response).ok());
  EXPECT_EQ(response.status(), HealthCheckResponse::SERVING);
  ASSERT_TRUE(Check("test.Echo", response).ok());
  EXPECT_EQ(response.status(), HealthCheckResponse::SERVING);
  ASSERT_TRUE(Check("test.Echo", response, "v2").ok());
  EXPECT_EQ(response.status(), HealthCheckResponse::NOT_SERVING);
  EXPECT_EQ(Check("test.Other", response).error_code(), grpc::NOT_FOUND);
  EXPECT_EQ(Check("", response, "v9").error_code(), grpc::NOT_FOUND);
}

TEST_F(ProxyServicesTest, HealthIsWatchedThroughChangesOfRoutes) {
  TellProduction();
  grpc::ClientContext context;
  Prepare(context, "");
  HealthCheckRequest request;
  request.set_service("test.Echo");
  HealthCheckResponse response;
  const auto watch = Health::NewStub(stock_)->Watch(&context, request);
  ASSERT_TRUE(watch->Read(&response));
  EXPECT_EQ(response.status(), HealthCheckResponse::SERVING);
  Tell(Table(2).With("v1", "hello", {}).Inactive("it crashed").Points("hello", "production", "v1"));
  ASSERT_TRUE(watch->Read(&response));
  EXPECT_EQ(response.status(), HealthCheckResponse::NOT_SERVING);
  gateway_->Drain(absl::Now() + absl::Seconds(50));
  EXPECT_FALSE(watch->Read(&response));
  EXPECT_EQ(watch->Finish().error_code(), grpc::UNAVAILABLE);
}

}  // namespace
}  // namespace chains::gateway
