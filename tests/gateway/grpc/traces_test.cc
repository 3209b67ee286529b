// gRPC calls through the gateway that are traced, by either of its ports.
#include <memory>
#include <string>
#include <vector>

#include <grpcpp/generic/generic_stub.h>

#include "absl/strings/escaping.h"
#include "chains/core/receipt.h"
#include "tests/gateway/grpc/proxy_fixture.h"

namespace chains::gateway {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::SizeIs;

constexpr char kTrace[] = "0af7651916cd43dd8448eb211c80319c";

class ProxyTracesTest : public ProxyFixture {
 protected:
  void TellTraced(double drawn, uint32_t max_asked = 0) {
    v1::RouteTable table =
        Table(1).With("v1", "hello", {replica_.address()}).Points("hello", "production", "v1");
    table.mutable_tracing()->set_drawn(drawn);
    table.mutable_tracing()->set_max_asked_per_second(max_asked);
    Tell(table);
  }
  // Until the platform was told of so many.
  std::vector<v1::Span> AwaitSpans(size_t wanted) {
    std::vector<v1::Span> spans;
    const absl::Time deadline = absl::Now() + absl::Seconds(50);
    while (spans.size() < wanted && absl::Now() < deadline) {
      platform_.Do([&] {
        spans.clear();
        for (const v1::RoutesSeen& seen : control_.seen) {
          spans.insert(spans.end(), seen.telemetry().spans().begin(),
                       seen.telemetry().spans().end());
        }
      });
    }
    return spans;
  }
  static Context Sampled(Headers headers = {}) {
    const internal::Traceparent parent{
        .trace = internal::ParseTraceId(kTrace), .parent = 7, .sampled = true};
    return Context(absl::Now() + absl::Seconds(50), parent, std::move(headers));
  }
  // By a client that knows nothing of chains, at the port of HTTP.
  grpc::Status CallStock(const std::map<std::string, std::string>& metadata) {
    grpc::GenericStub stub(
        grpc::CreateChannel(addresses_.http, grpc::InsecureChannelCredentials()));
    grpc::ClientContext context;
    context.set_deadline(std::chrono::system_clock::now() + std::chrono::seconds(50));
    for (const auto& [name, value] : metadata) context.AddMetadata(name, value);
    grpc::CompletionQueue queue;
    const grpc::Slice slice("stock");
    grpc::ByteBuffer request(&slice, 1);
    grpc::ByteBuffer reply;
    grpc::Status status;
    const auto call = stub.PrepareUnaryCall(&context, "/test.Echo/One", request, &queue);
    call->StartCall();
    call->Finish(&reply, &status, nullptr);
    void* tag = nullptr;
    bool ok = false;
    EXPECT_TRUE(queue.Next(&tag, &ok));
    return status;
  }
  static void ExpectOwn(const v1::Span& own) {
    EXPECT_EQ(own.kind(), v1::Span::SERVER);
    EXPECT_EQ(own.replica(), "gateway");
    EXPECT_EQ(own.chain(), "hello");
    EXPECT_EQ(own.deployment(), "v1");
    EXPECT_EQ(own.environment(), "production");
    EXPECT_EQ(own.http_status(), 0u);
    EXPECT_TRUE(own.outermost());
  }
};

TEST_F(ProxyTracesTest, ACallHasASpanAndItsCalleesPart) {
  Context seen;
  one = [&seen](Bytes) -> Task<Bytes> {
    seen = co_await CurrentContext();
    co_return Bytes("ok");
  };
  TellTraced(1);
  ASSERT_TRUE(Call(kUnary, "a", With({{"x-request-id", "q1"}, {"baggage", "user=ada"}})).ok());
  const std::vector<v1::Span> spans = AwaitSpans(2);
  ASSERT_THAT(spans, SizeIs(2));
  ExpectOwn(spans[0]);
  EXPECT_EQ(spans[0].method(), "/chains/hello/production/one");
  EXPECT_EQ(absl::BytesToHexString(spans[0].trace_id()), kTrace);
  EXPECT_EQ(spans[0].code(), 0u);
  EXPECT_EQ(spans[0].request_id(), "q1");
  EXPECT_TRUE(spans[0].drawn());
  EXPECT_FALSE(spans[0].asked());
  EXPECT_EQ(spans[1].kind(), v1::Span::CLIENT);
  EXPECT_EQ(spans[1].parent_span_id(), spans[0].span_id());
  EXPECT_EQ(spans[1].chainlet(), "test.Echo");
  EXPECT_EQ(seen.traceparent(),
            internal::TraceparentOf(internal::ParseTraceId(kTrace), spans[1].span_id()));
  EXPECT_EQ(seen.Header("baggage"), "user=ada");
}

TEST_F(ProxyTracesTest, BothPortsTellTheSame) {
  TellTraced(0, 100);
  const std::string parent = std::string("00-") + kTrace + "-0000000000000007-01";
  EXPECT_TRUE(CallStock({{"traceparent", parent}, {"x-request-id", "q2"}}).ok());
  ASSERT_TRUE(Call(kUnary, "a", Sampled({{"x-request-id", "q2"}})).ok());
  ASSERT_TRUE(Call(kUnary, "a", With({})).ok());  // which does not ask
  const std::vector<v1::Span> spans = AwaitSpans(4);
  ASSERT_THAT(spans, SizeIs(4));
  for (const size_t i : {0u, 2u}) {
    ExpectOwn(spans[i]);
    EXPECT_EQ(absl::BytesToHexString(spans[i].trace_id()), kTrace);
    EXPECT_EQ(spans[i].parent_span_id(), 7u);
    EXPECT_EQ(spans[i].request_id(), "q2");
    EXPECT_TRUE(spans[i].asked());
  }
}

TEST_F(ProxyTracesTest, AStreamHasOneThatEndsWithIt) {
  TellTraced(1);
  EXPECT_THAT(*Exchange(kServerStreaming, {"n"}), ElementsAre("n 0", "n 1", "n 2"));
  const std::vector<v1::Span> spans = AwaitSpans(2);
  ASSERT_THAT(spans, SizeIs(2));
  ExpectOwn(spans[0]);
  EXPECT_EQ(spans[0].code(), 0u);
  EXPECT_EQ(spans[1].items(), 3u);
}

TEST_F(ProxyTracesTest, FailuresAreToldOfThoughNothingIsTraced) {
  one = [](Bytes) -> Task<Bytes> { co_return absl::DataLossError("a hole"); };
  TellTraced(0);
  EXPECT_FALSE(Call(kUnary, "a").ok());
  const std::vector<v1::Span> spans = AwaitSpans(1);
  ASSERT_THAT(spans, SizeIs(1));
  ExpectOwn(spans[0]);
  EXPECT_EQ(spans[0].code(), 15u);
  EXPECT_THAT(spans[0].message(), HasSubstr("a hole"));
}

TEST_F(ProxyTracesTest, ARefusalIsToldOfToWhoAsks) {
  TellTraced(0, 100);
  EXPECT_FALSE(Call(kUnary, "a", Sampled({{"chains-chain", "other"}})).ok());
  const std::vector<v1::Span> spans = AwaitSpans(1);
  ASSERT_THAT(spans, SizeIs(1));
  EXPECT_EQ(spans[0].code(), 5u);
  EXPECT_EQ(spans[0].method(), "/test.Echo/One");
  EXPECT_TRUE(spans[0].asked());
}

TEST_F(ProxyTracesTest, AReceiptComesBesidesATrace) {
  TellTraced(1);
  const auto receipt = internal::Receipt::Begin(client_);
  ASSERT_TRUE(Call(kUnary, "a", receipt->Under(With({}))).ok());
  ASSERT_THAT(AwaitSpans(2), SizeIs(2));
  const internal::CallFigures& figures = receipt->root().calls().front()->figures;
  EXPECT_EQ(figures.callee, internal::CalleeSide::kKnown);
  EXPECT_EQ(figures.method, "One");
}

}  // namespace
}  // namespace chains::gateway
