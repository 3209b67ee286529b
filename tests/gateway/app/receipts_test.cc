// Receipts of HTTP requests, in front of an entrypoint that the test plays.
#include <memory>
#include <string>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "chains/core/recording.h"
#include "chains/core/text.h"
#include "everything.pb.h"
#include "gateway/app/gateway.h"
#include "gateway/http/server.h"
#include "tests/gateway/app/fake_channel.h"
#include "tests/gateway/http/test_client.h"
#include "tests/gateway/http/test_loop.h"
#include "tests/runtime/json/descriptors.h"

namespace chains::gateway {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::StartsWith;

class GatewayReceiptsTest : public ::testing::Test {
 protected:
  GatewayReceiptsTest() {
    std::vector<std::unique_ptr<Target>> targets;
    targets.push_back(*Target::Create(
        {.chain = "all", .kind = Route::Kind::kEnvironment, .name = "production"}, channel_,
        {.descriptors = json::FilesOf(*everything::All::descriptor()),
         .entrypoint = "everything.Everything"}));
    gateway_ = *Gateway::Create(loop_, std::move(targets), Gateway::Options());
    server_ = std::make_unique<HttpServer>(loop_, loop_.sockets(), *gateway_, HttpOptions());
    const std::string address = *server_->Listen("127.0.0.1:0");
    client_ = std::make_unique<TestClient>(address);
    channel_.answer = [this](std::string_view, const std::string&) {
      asked_ = channel_.last_context.record() != nullptr;
      return std::string();
    };
  }
  std::string Ask(std::string_view target, std::string_view headers = "",
                  std::string_view body = R"({"text": "x"})") {
    client_->Send(Text("POST ", target, " HTTP/1.1\r\nHost: a\r\n", headers,
                       "Content-Length: ", body.size(), "\r\n\r\n", body));
    loop_.Settle();
    return client_->Receive();
  }

  WorkerPool workers_;
  TestLoop loop_{workers_};
  FakeChannel channel_;
  bool asked_ = false;
  std::unique_ptr<Gateway> gateway_;
  std::unique_ptr<HttpServer> server_;
  std::unique_ptr<TestClient> client_;
};

constexpr char kReceipt[] =
    "\r\nChains-Receipt: {\"call\":{\"chainlet\":\"everything.Everything\","
    "\"method\":\"GetHTTPStatus\",\"attempt\":1,\"code\":\"";

TEST_F(GatewayReceiptsTest, WhoAsksGetsOneByQueryAndByHeader) {
  EXPECT_THAT(Ask("/get_http_status?receipt=1"),
              AllOf(StartsWith("HTTP/1.1 200"), HasSubstr(Text(kReceipt, "OK\""))));
  EXPECT_TRUE(asked_);
  EXPECT_THAT(Ask("/get_http_status", "chains-receipt: 1\r\n"), HasSubstr(kReceipt));
  EXPECT_FALSE(channel_.last_context.Header("chains-receipt").has_value());
}

TEST_F(GatewayReceiptsTest, NobodyElseDoes) {
  EXPECT_THAT(Ask("/get_http_status"),
              AllOf(StartsWith("HTTP/1.1 200"), Not(HasSubstr("Chains-Receipt"))));
  EXPECT_FALSE(asked_);
  EXPECT_THAT(Ask("/get_http_status?receipt=0"), Not(HasSubstr("Chains-Receipt")));
}

TEST_F(GatewayReceiptsTest, AWrongQuestionIsRefused) {
  EXPECT_THAT(Ask("/get_http_status?receipt=please"),
              AllOf(StartsWith("HTTP/1.1 400"), HasSubstr("please"), HasSubstr("receipt")));
  EXPECT_THAT(Ask("/get_http_status", "Chains-Receipt: 2\r\n"),
              AllOf(StartsWith("HTTP/1.1 400"), HasSubstr("the header Chains-Receipt is")));
  EXPECT_EQ(channel_.calls, 0);
}

TEST_F(GatewayReceiptsTest, AFailureOfTheChainHasOne) {
  channel_.answer = [](std::string_view, const std::string&) { return absl::AbortedError("busy"); };
  EXPECT_THAT(
      Ask("/get_http_status?receipt=1"),
      AllOf(StartsWith("HTTP/1.1 409"), HasSubstr(Text(kReceipt, "ABORTED\"")), HasSubstr("busy")));
}

TEST_F(GatewayReceiptsTest, WhatCallsNobodyHasNone) {
  EXPECT_THAT(Ask("/nope?receipt=1"),
              AllOf(StartsWith("HTTP/1.1 404"), Not(HasSubstr("Chains-Receipt"))));
}

// The entrypoint's own calls: more than fit.
TEST_F(GatewayReceiptsTest, IsCutToWhatAHeaderHolds) {
  channel_.answer = [this](std::string_view, const std::string&) {
    for (int i = 0; i < 300; ++i) {
      internal::CallFigures figures;
      figures.chainlet = "test.Callee";
      channel_.last_context.record()->Add(std::move(figures), loop_.Now());
    }
    return std::string();
  };
  const std::string answer = Ask("/get_http_status?receipt=1");
  const size_t begin = answer.find("{\"call\"");
  const std::string receipt = answer.substr(begin, answer.find("\r\n", begin) - begin);
  EXPECT_LE(receipt.size(), kMaxReceiptText);
  EXPECT_THAT(receipt, HasSubstr("test.Callee"));
  EXPECT_THAT(receipt, ::testing::MatchesRegex(".*\"calls_left_out\":[0-9]+}"));
}

}  // namespace
}  // namespace chains::gateway
