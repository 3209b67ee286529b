// A stock gRPC client, grpc++'s own, calls through the gateway's TLS port, which HTTP shares.
#include <atomic>
#include <chrono>
#include <memory>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include <grpcpp/generic/generic_stub.h>
#include <grpcpp/grpcpp.h>
#include <openssl/sha.h>

#include "stock_health.grpc.pb.h"
#include "stock_reflection.grpc.pb.h"
#include "tests/gateway/grpc/proxy_fixture.h"
#include "tests/gateway/http/test_certificate.h"

namespace chains::gateway {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

std::string HashOf(std::string_view key) {
  std::string hash(SHA256_DIGEST_LENGTH, '\0');
  SHA256(reinterpret_cast<const unsigned char*>(key.data()), key.size(),
         reinterpret_cast<unsigned char*>(hash.data()));
  return hash;
}

struct WithCertificate {
  TestCertificate certificate;
};

class TlsCallTest : private WithCertificate, public ProxyFixture {
 protected:
  TlsCallTest() : ProxyFixture(OptionsFor(certificate)) {
    grpc::SslCredentialsOptions options;
    options.pem_root_certs = certificate.pem();
    stock_ = grpc::CreateChannel(addresses_.tls, grpc::SslCredentials(options));
  }
  ~TlsCallTest() override { stock_.reset(); }

  static PlatformGateway::Options OptionsFor(const TestCertificate& files) {
    PlatformGateway::Options options;
    options.tls = "127.0.0.1:0";
    options.tls_certificate = files.certificate();
    options.tls_key = files.key();
    return options;
  }

  using Metadata = std::vector<std::pair<std::string, std::string>>;
  static void Prepare(grpc::ClientContext& context, const Metadata& metadata,
                      std::chrono::milliseconds timeout = std::chrono::seconds(50)) {
    context.set_deadline(std::chrono::system_clock::now() + timeout);
    for (const auto& [name, value] : metadata) context.AddMetadata(name, value);
  }

  // A call of any kind: what came, in order, and how it ended.
  struct Ended {
    std::vector<std::string> replies;
    grpc::Status status;
  };
  Ended Call(grpc::ClientContext& context, const Method& method,
             const std::vector<std::string>& requests) {
    grpc::CompletionQueue queue;
    grpc::GenericStub stub(stock_);
    const auto call = stub.PrepareCall(&context, std::string(method.path), &queue);
    Ended ended;
    const auto next = [&queue] {
      void* tag = nullptr;
      bool ok = false;
      return queue.Next(&tag, &ok) && ok;
    };
    call->StartCall(nullptr);
    bool going = next();
    for (const std::string& request : requests) {
      if (!going) break;
      const grpc::Slice slice(request);
      call->Write(grpc::ByteBuffer(&slice, 1), nullptr);
      going = next();
    }
    if (going) {
      call->WritesDone(nullptr);
      next();
    }
    for (grpc::ByteBuffer reply;;) {
      call->Read(&reply, nullptr);
      if (!next()) break;
      std::vector<grpc::Slice> slices;
      (void)reply.Dump(&slices);
      std::string text;
      for (const grpc::Slice& slice : slices) {
        text.append(reinterpret_cast<const char*>(slice.begin()), slice.size());
      }
      ended.replies.push_back(std::move(text));
    }
    call->Finish(&ended.status, nullptr);
    next();
    return ended;
  }
  Ended Call(const Method& method, const std::vector<std::string>& requests,
             const Metadata& metadata = {}) {
    grpc::ClientContext context;
    Prepare(context, metadata);
    return Call(context, method, requests);
  }

  std::shared_ptr<grpc::Channel> stock_;
};

TEST_F(TlsCallTest, AllFourKindsOfCallsComeThrough) {
  TellProduction();
  EXPECT_THAT(Call(kUnary, {"a"}).replies, ElementsAre("echo a"));
  EXPECT_THAT(Call(kServerStreaming, {"b"}).replies, ElementsAre("b 0", "b 1", "b 2"));
  EXPECT_THAT(Call(kClientStreaming, {"c", "d", "e"}).replies, ElementsAre("cde"));
  const Ended both = Call(kBidirectional, {"f", "g"});
  EXPECT_THAT(both.replies, ElementsAre("echo f", "echo g"));
  EXPECT_TRUE(both.status.ok()) << both.status.error_message();
}

TEST_F(TlsCallTest, ProductionAndAnOlderDeploymentAreChosenByMetadata) {
  Tell(Table(1)
           .With("v1", "hello", {replica_.address()})
           .With("v2", "hello", {replica_.address()})
           .Points("hello", "production", "v2"));
  EXPECT_THAT(Call(kUnary, {"a"}, {{"chains-environment", "production"}}).replies,
              ElementsAre("echo a"));
  EXPECT_THAT(Call(kUnary, {"a"}, {{"chains-deployment", "v1"}}).replies, ElementsAre("echo a"));
  EXPECT_EQ(Call(kUnary, {"a"}, {{"chains-deployment", "v9"}}).status.error_code(),
            grpc::StatusCode::NOT_FOUND);
}

TEST_F(TlsCallTest, EmptyAndLargeMessagesComeThroughPackedOrNot) {
  TellProduction();
  EXPECT_THAT(Call(kUnary, {""}).replies, ElementsAre("echo "));
  const std::string large(3 << 20, 'x');
  grpc::ClientContext context;
  Prepare(context, {});
  context.set_compression_algorithm(GRPC_COMPRESS_GZIP);
  const Ended packed = Call(context, kBidirectional, {large, "small"});
  EXPECT_THAT(packed.replies, ElementsAre("echo " + large, "echo small"));
  EXPECT_TRUE(packed.status.ok()) << packed.status.error_message();
  grpc::ClientContext other;
  Prepare(other, {});
  other.set_compression_algorithm(GRPC_COMPRESS_DEFLATE);
  EXPECT_EQ(Call(other, kUnary, {large}).status.error_code(), grpc::StatusCode::UNIMPLEMENTED);
}

TEST_F(TlsCallTest, AFailureComesWithItsMessageAndDetails) {
  one = [](Bytes) { return Done<Bytes>(absl::NotFoundError("nö 100%")); };
  TellProduction();
  const Ended ended = Call(kUnary, {"a"});
  EXPECT_EQ(ended.status.error_code(), grpc::StatusCode::NOT_FOUND);
  EXPECT_EQ(ended.status.error_message(), "nö 100%");
  EXPECT_THAT(ended.status.error_details(), ::testing::Not(IsEmpty()));
  Method none = kUnary;
  none.path = "/test.Echo/None";
  EXPECT_EQ(Call(none, {"a"}).status.error_code(), grpc::StatusCode::UNIMPLEMENTED);
}

TEST_F(TlsCallTest, WhoHasNoKeyIsUnauthenticated) {
  Tell(Table(1)
           .With("v1", "hello", {replica_.address()})
           .Points("hello", "production", "v1")
           .Key(HashOf("right"), true));
  EXPECT_EQ(Call(kUnary, {"a"}).status.error_code(), grpc::StatusCode::UNAUTHENTICATED);
  EXPECT_EQ(Call(kBidirectional, {"a"}, {{"authorization", "Api-Key wrong"}}).status.error_code(),
            grpc::StatusCode::UNAUTHENTICATED);
  EXPECT_THAT(Call(kUnary, {"a"}, {{"authorization", "Api-Key right"}}).replies,
              ElementsAre("echo a"));
}

// Counts the calls that run.
Task<Bytes> Forever(std::shared_ptr<std::atomic<int>> live) {
  ++*live;
  const std::shared_ptr<void> left(nullptr, [live](void*) { --*live; });
  co_await Sleep(absl::Hours(1));
  co_return Bytes();
}

TEST_F(TlsCallTest, ADeadlineAndALeavingClientEndTheCallAtItsReplica) {
  const auto live = std::make_shared<std::atomic<int>>(0);
  one = [live](Bytes) { return Forever(live); };
  TellProduction();
  const auto settles_at = [&](int count) {
    const absl::Time until = absl::Now() + absl::Seconds(30);
    while (*live != count && absl::Now() < until) std::this_thread::yield();
    return *live == count;
  };
  {
    grpc::ClientContext context;
    Prepare(context, {}, std::chrono::milliseconds(300));
    EXPECT_EQ(Call(context, kUnary, {"a"}).status.error_code(),
              grpc::StatusCode::DEADLINE_EXCEEDED);
    EXPECT_TRUE(settles_at(0));
  }
  grpc::ClientContext context;
  Prepare(context, {});
  std::thread leaving([&] {
    EXPECT_TRUE(settles_at(1));
    context.TryCancel();
  });
  EXPECT_EQ(Call(context, kUnary, {"a"}).status.error_code(), grpc::StatusCode::CANCELLED);
  leaving.join();
  EXPECT_TRUE(settles_at(0));
}

TEST_F(TlsCallTest, HealthAndReflectionAnswerWithoutAKey) {
  Tell(Table(1)
           .With("v1", "hello", {replica_.address()})
           .Points("hello", "production", "v1")
           .Key(HashOf("right"), true));
  grpc::ClientContext context;
  Prepare(context, {});
  grpc::health::v1::HealthCheckRequest request;
  grpc::health::v1::HealthCheckResponse response;
  const grpc::Status status =
      grpc::health::v1::Health::NewStub(stock_)->Check(&context, request, &response);
  EXPECT_TRUE(status.ok()) << status.error_message();
  EXPECT_EQ(response.status(), grpc::health::v1::HealthCheckResponse::SERVING);

  namespace reflection = grpc::reflection::v1alpha;
  grpc::ClientContext reflecting;
  Prepare(reflecting, {});
  const auto stub = reflection::ServerReflection::NewStub(stock_);
  const auto stream = stub->ServerReflectionInfo(&reflecting);
  reflection::ServerReflectionRequest question;
  question.set_list_services("");
  reflection::ServerReflectionResponse answer;
  EXPECT_TRUE(stream->Write(question));
  EXPECT_TRUE(stream->Read(&answer));
  EXPECT_THAT(answer.ShortDebugString(), HasSubstr("test.Echo"));
  stream->WritesDone();
  EXPECT_TRUE(stream->Finish().ok());
}

TEST_F(TlsCallTest, ThePlainPortAnswersGrpcToo) {
  TellProduction();
  stock_ = grpc::CreateChannel(addresses_.http, grpc::InsecureChannelCredentials());
  EXPECT_THAT(Call(kUnary, {"a"}).replies, ElementsAre("echo a"));
}

TEST_F(TlsCallTest, AReceiptComesInTheTrailers) {
  TellProduction();
  grpc::ClientContext context;
  Prepare(context, {{"chains-receipt", "1"}});
  const Ended ended = Call(context, kUnary, {"a"});
  ASSERT_TRUE(ended.status.ok());
  EXPECT_EQ(context.GetServerTrailingMetadata().count("chains-receipt-bin"), 1);
}

}  // namespace
}  // namespace chains::gateway
