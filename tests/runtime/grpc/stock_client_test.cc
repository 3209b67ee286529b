// What clients from grpc_cpp_plugin, with the official messages, see of health and reflection. That
// this program links is part of the test: our wire messages have names of their own.
#include <set>
#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <google/protobuf/descriptor.h>
#include <google/protobuf/descriptor.pb.h>
#include <grpcpp/grpcpp.h>
#include <gtest/gtest.h>

#include "chains/grpc/reflection.h"
#include "ends.h"
#include "reflected.pb.h"
#include "stock_health.grpc.pb.h"
#include "stock_reflection.grpc.pb.h"

namespace chains {
namespace {

using grpc::reflection::v1alpha::ServerReflection;
using grpc::reflection::v1alpha::ServerReflectionRequest;
using grpc::reflection::v1alpha::ServerReflectionResponse;
using ::testing::ElementsAre;
using ::testing::UnorderedElementsAre;

const ServiceInfo& Waiter() {
  static const ServiceInfo info{
      .name = "reflected.Waiter", .proto_file = "reflected.proto", .methods = {}, .descriptor = [] {
        return google::protobuf::DescriptorPool::generated_pool()->FindServiceByName(
            "reflected.Waiter");
      }};
  return info;
}

class StockClientTest : public ::testing::Test {
 protected:
  // One question of reflection.
  ServerReflectionResponse Ask(const ServerReflectionRequest& request) {
    grpc::ClientContext context;
    context.set_deadline(std::chrono::system_clock::now() + std::chrono::seconds(30));
    const auto stub = ServerReflection::NewStub(channel_);
    const auto stream = stub->ServerReflectionInfo(&context);
    ServerReflectionResponse response;
    EXPECT_TRUE(stream->Write(request));
    EXPECT_TRUE(stream->Read(&response));
    EXPECT_TRUE(stream->WritesDone());
    EXPECT_TRUE(stream->Finish().ok());
    EXPECT_EQ(response.original_request().SerializeAsString(), request.SerializeAsString());
    return response;
  }
  static std::set<std::string> FilesOf(const ServerReflectionResponse& response) {
    std::set<std::string> names;
    for (const std::string& bytes : response.file_descriptor_response().file_descriptor_proto()) {
      google::protobuf::FileDescriptorProto file;
      EXPECT_TRUE(file.ParseFromString(bytes));
      names.insert(file.name());
    }
    return names;
  }

  Ends ends_{MakeReflection({&Waiter()})};
  const std::shared_ptr<grpc::Channel> channel_ =
      grpc::CreateChannel(ends_.server().addresses()[0], grpc::InsecureChannelCredentials());
};

// Our servers compress nothing, and read what clients compressed.
TEST_F(StockClientTest, MayCompressWhatItSends) {
  const auto stub = grpc::health::v1::Health::NewStub(channel_);
  grpc::ClientContext context;
  context.set_deadline(std::chrono::system_clock::now() + std::chrono::seconds(30));
  context.set_compression_algorithm(GRPC_COMPRESS_GZIP);
  grpc::health::v1::HealthCheckRequest request;
  request.set_service(std::string(2000, 'n'));  // long enough to be worth compressing
  grpc::health::v1::HealthCheckResponse response;
  EXPECT_EQ(stub->Check(&context, request, &response).error_code(), grpc::StatusCode::NOT_FOUND);
}

TEST_F(StockClientTest, ChecksAndWatchesHealth) {
  const auto stub = grpc::health::v1::Health::NewStub(channel_);
  grpc::health::v1::HealthCheckRequest request;
  grpc::health::v1::HealthCheckResponse response;
  {
    grpc::ClientContext context;
    EXPECT_TRUE(stub->Check(&context, request, &response).ok());
    EXPECT_EQ(response.status(), response.SERVING);
  }
  {
    grpc::ClientContext context;
    request.set_service("nobody");
    EXPECT_EQ(stub->Check(&context, request, &response).error_code(), grpc::NOT_FOUND);
  }
  grpc::ClientContext context;
  request.clear_service();
  const auto watch = stub->Watch(&context, request);
  EXPECT_TRUE(watch->Read(&response));
  EXPECT_EQ(response.status(), response.SERVING);
  ends_.server().SetServing(false);
  EXPECT_TRUE(watch->Read(&response));
  EXPECT_EQ(response.status(), response.NOT_SERVING);
  context.TryCancel();
  EXPECT_FALSE(watch->Read(&response));
  EXPECT_EQ(watch->Finish().error_code(), grpc::CANCELLED);
}

TEST_F(StockClientTest, ListsServices) {
  ServerReflectionRequest request;
  request.set_list_services("*");
  const ServerReflectionResponse response = Ask(request);
  ASSERT_EQ(response.list_services_response().service_size(), 1);
  EXPECT_EQ(response.list_services_response().service(0).name(), "reflected.Waiter");
}

TEST_F(StockClientTest, FindsFilesBySymbolNameAndExtension) {
  ServerReflectionRequest request;
  request.set_file_containing_symbol("reflected.Waiter");
  EXPECT_THAT(FilesOf(Ask(request)),
              UnorderedElementsAre("reflected.proto", "google/protobuf/duration.proto"));
  request.set_file_containing_symbol("reflected.Waiter.Wait");
  EXPECT_EQ(FilesOf(Ask(request)).count("reflected.proto"), 1u);
  request.set_file_by_filename("google/protobuf/duration.proto");
  EXPECT_THAT(FilesOf(Ask(request)), ElementsAre("google/protobuf/duration.proto"));
  request.mutable_file_containing_extension()->set_containing_type("reflected.Request");
  request.mutable_file_containing_extension()->set_extension_number(101);
  EXPECT_EQ(FilesOf(Ask(request)).count("reflected.proto"), 1u);
}

TEST_F(StockClientTest, FindsExtensionNumbers) {
  ServerReflectionRequest request;
  request.set_all_extension_numbers_of_type("reflected.Request");
  EXPECT_THAT(Ask(request).all_extension_numbers_response().extension_number(), ElementsAre(101));
}

TEST_F(StockClientTest, AnIdleReflectionStreamDoesNotHoldADrain) {
  grpc::ClientContext context;
  const auto stub = ServerReflection::NewStub(channel_);
  const auto stream = stub->ServerReflectionInfo(&context);
  ServerReflectionRequest request;
  request.set_list_services("*");
  ServerReflectionResponse response;
  EXPECT_TRUE(stream->Write(request));
  EXPECT_TRUE(stream->Read(&response));
  ends_.server().Drain(absl::InfiniteFuture());
  EXPECT_FALSE(stream->Read(&response));
  EXPECT_EQ(stream->Finish().error_code(), grpc::UNAVAILABLE);
}

// What the program links but no contract uses is not shown.
TEST_F(StockClientTest, IsToldWhatIsUnknown) {
  ServerReflectionRequest request;
  request.set_file_containing_symbol("grpc.health.v1.Health");
  EXPECT_EQ(Ask(request).error_response().error_code(), grpc::NOT_FOUND);
  request.set_file_by_filename("nothing.proto");
  EXPECT_EQ(Ask(request).error_response().error_code(), grpc::NOT_FOUND);
  request.set_all_extension_numbers_of_type("no.Type");
  EXPECT_EQ(Ask(request).error_response().error_code(), grpc::NOT_FOUND);
  request.mutable_file_containing_extension()->set_containing_type("reflected.Request");
  EXPECT_EQ(Ask(request).error_response().error_code(), grpc::NOT_FOUND);
  request.clear_message_request();
  EXPECT_EQ(Ask(request).error_response().error_code(), grpc::INVALID_ARGUMENT);
}

}  // namespace
}  // namespace chains
