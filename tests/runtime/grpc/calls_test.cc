// All four kinds of calls, from end to end.
#include <memory>
#include <string>
#include <tuple>
#include <vector>

#include <gmock/gmock.h>
#include <grpcpp/create_channel.h>
#include <grpcpp/generic/generic_stub.h>
#include <gtest/gtest.h>

#include "absl/strings/ascii.h"
#include "absl/strings/str_join.h"
#include "chains/core/all.h"
#include "ends.h"

namespace chains {
namespace {

using ::testing::ElementsAre;

Task<Bytes> Upper(Bytes request) { co_return Bytes(absl::AsciiStrToUpper(request.ToString())); }

// "a3" → "a0" "a1" "a2".
Stream<Bytes> Count(Stream<Bytes> requests) {
  std::optional<Bytes> request = co_await requests.Next();
  const std::string text = request->ToString();
  for (int i = 0; i < text[1] - '0'; ++i) co_yield Bytes(absl::StrCat(text.substr(0, 1), i));
}

Stream<Bytes> Join(Stream<Bytes> requests) {
  std::vector<std::string> all = co_await Collect(std::move(requests));
  co_yield Bytes(absl::StrJoin(all, "+"));
}

Stream<Bytes> Each(Stream<Bytes> requests) {
  while (std::optional<Bytes> request = co_await requests.Next()) {
    co_yield Bytes(absl::AsciiStrToUpper(request->ToString()));
  }
}

// Speaks before it was spoken to.
Stream<Bytes> Greet(Stream<Bytes> requests) {
  co_yield Bytes("hello");
  std::optional<Bytes> request = co_await requests.Next();
  co_yield Bytes(absl::AsciiStrToUpper(request->ToString()));
}

constexpr Method kGreeting{.chainlet = "test.Echo",
                           .name = "Greet",
                           .path = "/test.Echo/Greet",
                           .kind = MethodKind::kBidirectional};

Service Echo() {
  Service service;
  service.AddUnary(kUnary, Upper);
  service.AddStreaming(kServerStreaming, Count);
  service.AddStreaming(kClientStreaming, Join);
  service.AddStreaming(kBidirectional, Each);
  service.AddStreaming(kGreeting, Greet);
  return service;
}

enum class Transport { kTcp, kUnixSocket };
// What the server told gRPC of the methods before it served them.
enum class Methods { kKnown, kUnknown };
using Way = std::tuple<Transport, Methods>;

class CallsTest : public ::testing::TestWithParam<Way> {
 protected:
  static GrpcServer::Options Options() {
    const auto [transport, methods] = GetParam();
    GrpcServer::Options options = Ends::Options();
    if (transport == Transport::kUnixSocket) options.listen = {absl::StrCat("unix:", SocketPath())};
    if (methods == Methods::kKnown) options.contracts = {&EchoContract()};
    return options;
  }
  Ends ends_{Echo(), Options()};
};

TEST_P(CallsTest, AUnaryCallIsAnswered) {
  EXPECT_EQ(*ends_.Call(kUnary, "hello"), "HELLO");
  EXPECT_EQ(*ends_.Call(kUnary, "again"), "AGAIN");
}

TEST_P(CallsTest, AnEmptyMessageGoesBothWays) { EXPECT_EQ(*ends_.Call(kUnary, ""), ""); }

TEST_P(CallsTest, ABytesWithoutBufferIsAnEmptyMessage) {
  absl::StatusOr<Bytes> reply =
      RunOn(ends_.client(), [&] { return ends_.channel().Unary(kUnary, Bytes()); });
  ASSERT_TRUE(reply.ok()) << reply.status();
  EXPECT_EQ(reply->size(), 0u);
}

TEST_P(CallsTest, AServerStreamYieldsInOrder) {
  EXPECT_THAT(*ends_.Exchange(kServerStreaming, {"a3"}), ElementsAre("a0", "a1", "a2"));
}

TEST_P(CallsTest, AServerStreamMayBeEmpty) {
  EXPECT_THAT(*ends_.Exchange(kServerStreaming, {"a0"}), ElementsAre());
}

TEST_P(CallsTest, AClientStreamIsAnsweredOnce) {
  EXPECT_THAT(*ends_.Exchange(kClientStreaming, {"a", "b", "c"}), ElementsAre("a+b+c"));
  EXPECT_THAT(*ends_.Exchange(kClientStreaming, {}), ElementsAre(""));
}

TEST_P(CallsTest, ABidirectionalStreamAnswersEach) {
  EXPECT_THAT(*ends_.Exchange(kBidirectional, {"a", "b", "c"}), ElementsAre("A", "B", "C"));
}

TEST_P(CallsTest, AServerMaySpeakFirst) {
  EXPECT_THAT(*ends_.Exchange(kGreeting, {"a"}), ElementsAre("hello", "A"));
}

Task<size_t> CountReplies(GrpcChannel& channel, size_t calls) {
  std::vector<Task<Bytes>> running;
  for (size_t i = 0; i < calls; ++i) {
    running.push_back(channel.Unary(kUnary, Bytes(absl::StrCat("call ", i))));
  }
  std::vector<Bytes> replies = co_await All(std::move(running));
  size_t right = 0;
  for (size_t i = 0; i < replies.size(); ++i) {
    if (replies[i].ToString() == absl::StrCat("CALL ", i)) ++right;
  }
  co_return right;
}

TEST_P(CallsTest, TenThousandCallsRunAtOnce) {
  absl::StatusOr<size_t> right =
      RunOn(ends_.client(), [&] { return CountReplies(ends_.channel(), 10'000); });
  ASSERT_TRUE(right.ok()) << right.status();
  EXPECT_EQ(*right, 10'000u);
}

TEST_P(CallsTest, ALargeMessagePasses) {
  const std::string large(100'000'000, 'x');
  absl::StatusOr<std::string> reply = ends_.Call(kUnary, large);
  ASSERT_TRUE(reply.ok()) << reply.status();
  EXPECT_EQ(reply->size(), large.size());
  EXPECT_EQ(reply->back(), 'X');
}

TEST_P(CallsTest, ATooLargeMessageIsRefusedWithItsSize) {
  absl::StatusOr<std::string> reply = ends_.Call(kUnary, std::string(110'000'000, 'x'));
  EXPECT_EQ(reply.status().code(), absl::StatusCode::kResourceExhausted);
  EXPECT_THAT(std::string(reply.status().message()), ::testing::HasSubstr("110000000 bytes"));
}

// Known to gRPC or not, and whether anybody answers it: two things.
TEST_P(CallsTest, AMethodThatNobodyAnswersIsNamed) {
  Ends ends(Service(), Options());
  absl::Status status = ends.Call(kUnary, "hello").status();
  EXPECT_EQ(status.code(), absl::StatusCode::kUnimplemented);
  EXPECT_THAT(std::string(status.message()), ::testing::HasSubstr("/test.Echo/One"));
}

// gRPC's own client, which checks nothing before it sends.
class StockCall {
 public:
  StockCall(const std::string& address, const std::string& path)
      : stub_(grpc::CreateChannel(address, grpc::InsecureChannelCredentials())) {
    context_.set_deadline(std::chrono::system_clock::now() + std::chrono::seconds(50));
    stream_ = stub_.PrepareCall(&context_, path, &queue_);
    stream_->StartCall(this);
    Done();
  }
  ~StockCall() {
    queue_.Shutdown();
    while (Done()) {
    }
  }
  void Write(const grpc::ByteBuffer& request) {
    stream_->Write(request, this);
    Done();
  }
  grpc::Status Finish() {
    stream_->WritesDone(this);
    Done();
    grpc::Status status;
    stream_->Finish(&status, this);
    Done();
    return status;
  }

 private:
  bool Done() {
    void* tag = nullptr;
    bool ok = false;
    return queue_.Next(&tag, &ok);
  }
  grpc::GenericStub stub_;
  grpc::CompletionQueue queue_;
  grpc::ClientContext context_;
  std::unique_ptr<grpc::GenericClientAsyncReaderWriter> stream_;
};

TEST_P(CallsTest, ACallWithoutARequestFails) {
  StockCall call(ends_.server().addresses()[0], "/test.Echo/One");
  EXPECT_EQ(call.Finish().error_code(), grpc::StatusCode::INTERNAL);
  EXPECT_EQ(*ends_.Call(kUnary, "hello"), "HELLO");
}

TEST_P(CallsTest, ARequestThatIsLargerThanWhatIsReadFails) {
  StockCall call(ends_.server().addresses()[0], "/test.Echo/One");
  const grpc::Slice large(std::string(110'000'000, 'x'));
  call.Write(grpc::ByteBuffer(&large, 1));
  EXPECT_EQ(call.Finish().error_code(), grpc::StatusCode::RESOURCE_EXHAUSTED);
  EXPECT_EQ(*ends_.Call(kUnary, "hello"), "HELLO");
}

std::string NameOf(const ::testing::TestParamInfo<Way>& each) {
  const auto [transport, methods] = each.param;
  return absl::StrCat(transport == Transport::kTcp ? "Tcp" : "UnixSocket",
                      methods == Methods::kKnown ? "Known" : "Unknown");
}

INSTANTIATE_TEST_SUITE_P(Ways, CallsTest,
                         ::testing::Combine(::testing::Values(Transport::kTcp,
                                                              Transport::kUnixSocket),
                                            ::testing::Values(Methods::kKnown, Methods::kUnknown)),
                         NameOf);

}  // namespace
}  // namespace chains
