// Receipts in gRPC's metadata: asked for and answered by clients and servers that are not ours.
#include <memory>
#include <string>
#include <utility>

#include <gmock/gmock.h>
#include <grpcpp/create_channel.h>
#include <grpcpp/generic/async_generic_service.h>
#include <grpcpp/generic/generic_stub.h>
#include <grpcpp/server_builder.h>
#include <gtest/gtest.h>

#include "absl/strings/cord.h"
#include "chains/contract/receipt_message.h"
#include "chains/core/receipt.h"
#include "chains/grpc/metadata.h"
#include "chains/grpc/receipts.h"
#include "ends.h"

namespace chains {
namespace {

using internal::CalleeSide;
using internal::Receipt;
using ::testing::IsEmpty;
using ::testing::SizeIs;

Service Answering(absl::StatusOr<std::string> outcome) {
  Service service;
  service.AddUnary(kUnary, [outcome](Bytes) {
    return outcome.ok() ? Done<Bytes>(Bytes(*outcome)) : Done<Bytes>(outcome.status());
  });
  return service;
}

// What a client of gRPC's own gets from a server of ours.
struct Answer {
  grpc::Status status;
  std::optional<std::string> receipt;
};
Answer Ask(const std::string& address, std::optional<std::string> question) {
  grpc::GenericStub stub(grpc::CreateChannel(address, grpc::InsecureChannelCredentials()));
  grpc::CompletionQueue queue;
  grpc::ClientContext context;
  context.set_deadline(std::chrono::system_clock::now() + std::chrono::seconds(50));
  if (question) context.AddMetadata("chains-receipt", *question);
  grpc::ByteBuffer request = Bytes("").buffer();
  auto call = stub.PrepareUnaryCall(&context, std::string(kUnary.path), request, &queue);
  call->StartCall();
  grpc::ByteBuffer reply;
  Answer answer;
  call->Finish(&reply, &answer.status, nullptr);
  void* tag = nullptr;
  bool ok = false;
  EXPECT_TRUE(queue.Next(&tag, &ok));
  const auto& trailers = context.GetServerTrailingMetadata();
  const auto found = trailers.find("chains-receipt-bin");
  if (found != trailers.end()) answer.receipt.emplace(found->second.data(), found->second.size());
  queue.Shutdown();
  while (queue.Next(&tag, &ok)) {
  }
  return answer;
}

v1::Receipt Read(const Answer& answer) {
  v1::Receipt receipt;
  EXPECT_TRUE(answer.receipt && receipt.ParseFromString(*answer.receipt));
  return receipt;
}

TEST(ReceiptsOverGrpcTest, AStockClientThatAsksGetsOne) {
  Ends ends(Answering("hello"));
  const std::string address = ends.server().addresses().front();
  const v1::Receipt receipt = Read(Ask(address, "1"));
  EXPECT_EQ(receipt.call().chainlet(), "test.Echo");
  EXPECT_EQ(receipt.call().method(), "One");
  EXPECT_EQ(receipt.call().code(), 0u);
  EXPECT_FALSE(Ask(address, std::nullopt).receipt);
  EXPECT_FALSE(Ask(address, "0").receipt);
  EXPECT_FALSE(Ask(address, "yes").receipt);
}

TEST(ReceiptsOverGrpcTest, AFailureHasOne) {
  Ends ends(Answering(absl::NotFoundError("gone")));
  const Answer answer = Ask(ends.server().addresses().front(), "1");
  EXPECT_EQ(answer.status.error_code(), grpc::StatusCode::NOT_FOUND);
  EXPECT_EQ(Read(answer).call().code(), 5u);
}

// All trailing metadata together has 8 KiB; above them the client would see another failure.
TEST(ReceiptsOverGrpcTest, AFailureWithLargeDetailsArrivesWithoutOne) {
  absl::Status failure = absl::NotFoundError(std::string(2048, 'a'));
  failure.SetPayload("test/large", absl::Cord(std::string(4000, 'x')));
  Ends ends(Answering(failure));
  const Answer answer = Ask(ends.server().addresses().front(), "1");
  EXPECT_EQ(answer.status.error_code(), grpc::StatusCode::NOT_FOUND)
      << answer.status.error_message();
  EXPECT_EQ(answer.status.error_message(), std::string(2048, 'a'));
}

TEST(ReceiptsOverGrpcTest, AFailureOfAnySizeArrives) {
  for (const size_t size : {0, 500, 1000, 2000, 3000, 3900}) {
    absl::Status failure = absl::NotFoundError(std::string(size / 2, 'a'));
    failure.SetPayload("test/large", absl::Cord(std::string(size, 'x')));
    Service service;
    service.AddUnary(kUnary, [failure](Bytes) -> Task<Bytes> {
      internal::Here::Place here = co_await internal::Here();
      for (int i = 0; i < 200; ++i) {
        internal::CallFigures figures;
        figures.chainlet = "test.Callee";
        figures.method = "Run";
        here.context().record()->Add(std::move(figures), here.loop().Now());
      }
      co_return failure;
    });
    Ends ends(std::move(service));
    const Answer answer = Ask(ends.server().addresses().front(), "1");
    ASSERT_EQ(answer.status.error_code(), grpc::StatusCode::NOT_FOUND)
        << size << ": " << answer.status.error_message();
    if (size < 2000) {
      EXPECT_GT(Read(answer).call().calls_size(), 10);
    }
  }
}

TEST(ReceiptsOverGrpcTest, LeavesRoomForWhatTheFailureSays) {
  EXPECT_EQ(internal::RoomForReceipt(grpc::Status::OK), internal::kMaxReceiptBytes);
  const grpc::Status large(grpc::StatusCode::INTERNAL, std::string(2048, '\n'),
                           std::string(4096, 'x'));
  EXPECT_EQ(internal::RoomForReceipt(large), 0u);
}

TEST(ReceiptsOverGrpcTest, TheQuestionIsNoHeader) {
  const Context context = internal::Receive(absl::InfiniteFuture(), {{"chains-receipt", "1"}});
  EXPECT_THAT(context.headers(), IsEmpty());
}

// A server that answers every call well, and with the given bytes as its receipt.
class Liar final : public grpc::CallbackGenericService {
 public:
  explicit Liar(std::string receipt) : receipt_(std::move(receipt)) {
    grpc::ServerBuilder builder;
    builder.AddListeningPort("127.0.0.1:0", grpc::InsecureServerCredentials(), &port_);
    builder.RegisterCallbackGenericService(this);
    server_ = builder.BuildAndStart();
  }
  ~Liar() override { server_->Shutdown(); }
  std::string address() const { return absl::StrCat("127.0.0.1:", port_); }

 private:
  class Call final : public grpc::ServerGenericBidiReactor {
   public:
    Call() { StartRead(&message_); }
    void OnReadDone(bool) override {
      StartWriteAndFinish(&message_, grpc::WriteOptions(), grpc::Status::OK);
    }
    void OnDone() override {}

   private:
    grpc::ByteBuffer message_;
  };
  grpc::ServerGenericBidiReactor* CreateReactor(
      grpc::GenericCallbackServerContext* context) override {
    context->AddTrailingMetadata("chains-receipt-bin", receipt_);
    call_ = std::make_unique<Call>();
    return call_.get();
  }

  const std::string receipt_;
  int port_ = 0;
  std::unique_ptr<Call> call_;  // the only one
  std::unique_ptr<grpc::Server> server_;
};

TEST(ReceiptsOverGrpcTest, WhatIsNoReceiptFailsNoCallAndIsNoted) {
  WorkerPool workers;
  PrepareProcess();
  for (const std::string& said :
       {std::string("\xff\xff\xff"), std::string(), std::string(4000, 'x')}) {
    const Liar liar(said);
    Reactor reactor(workers);
    GrpcChannel channel(liar.address(), reactor);
    reactor.Start();
    const auto receipt = Receipt::Begin(reactor);
    const absl::StatusOr<Bytes> reply = RunOn(
        reactor, [&] { return channel.Unary(kUnary, Bytes("hello")); },
        receipt->Under(Within(absl::Seconds(50))));
    reactor.Stop();
    ASSERT_TRUE(reply.ok()) << reply.status();
    EXPECT_EQ(reply->ToString(), "hello");
    ASSERT_THAT(receipt->root().calls(), SizeIs(1));
    const internal::CallRecord& call = *receipt->root().calls().front();
    EXPECT_EQ(call.figures.callee, CalleeSide::kUnreadable);
    EXPECT_EQ(call.figures.code, absl::StatusCode::kOk);
    EXPECT_THAT(call.calls(), IsEmpty());
  }
}

TEST(ReceiptsOverGrpcTest, WhomNobodyReachesHasItsAddressAndNoCallee) {
  WorkerPool workers;
  PrepareProcess();
  Reactor reactor(workers);
  const std::string address = "unix:" + SocketPath();
  GrpcChannel channel(address, reactor);
  reactor.Start();
  const auto receipt = Receipt::Begin(reactor);
  const absl::StatusOr<Bytes> reply = RunOn(
      reactor, [&] { return channel.Unary(kUnary, Bytes("hello")); },
      receipt->Under(Within(absl::Seconds(50))));
  reactor.Stop();
  EXPECT_EQ(reply.status().code(), absl::StatusCode::kUnavailable);
  const internal::CallFigures& figures = receipt->root().calls().front()->figures;
  EXPECT_EQ(figures.callee, CalleeSide::kSilent);
  EXPECT_EQ(figures.code, absl::StatusCode::kUnavailable);
  EXPECT_EQ(figures.replica, address);
}

}  // namespace
}  // namespace chains
