#include <filesystem>
#include <fstream>
#include <string>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "chains/testing/status_matchers.h"
#include "tests/gateway/http/http2_fixture.h"
#include "tests/gateway/http/test_certificate.h"
#include "tests/gateway/http/tls_client.h"

namespace chains::gateway {
namespace {

using ::testing::EndsWith;
using ::testing::HasSubstr;
using ::testing::StartsWith;

constexpr std::string_view kH2 = "\x02h2";
constexpr std::string_view kHttp1 = "\x08http/1.1";

TEST(TlsContextTest, NamesTheFileThatCannotBeUsed) {
  TestCertificate files;
  const auto load = [](std::string certificate, std::string key) {
    return TlsContext::Load({.certificate = std::move(certificate), .key = std::move(key)})
        .status();
  };
  EXPECT_TRUE(load(files.certificate(), files.key()).ok());
  const absl::Status nowhere = load("/nowhere.pem", files.key());
  EXPECT_EQ(nowhere.code(), absl::StatusCode::kInvalidArgument);
  EXPECT_THAT(std::string(nowhere.message()),
              ::testing::AllOf(HasSubstr("/nowhere.pem"), HasSubstr("No such file")));
  EXPECT_THAT(std::string(load(files.certificate(), files.certificate()).message()),
              HasSubstr("the key"));
  files.WriteKey();
  EXPECT_THAT(std::string(load(files.certificate(), files.key()).message()),
              HasSubstr("does not belong"));
}

TEST(TlsContextTest, TakesAKeyWithAPasswordForUnusableInsteadOfAskingForIt) {
  TestCertificate files;
  FILE* const file = fopen(files.key().c_str(), "w");
  EVP_PKEY* const key = EVP_EC_gen("P-256");
  PEM_write_PrivateKey(file, key, EVP_aes_128_cbc(), reinterpret_cast<const unsigned char*>("pass"),
                       4, nullptr, nullptr);
  EVP_PKEY_free(key);
  fclose(file);
  EXPECT_FALSE(TlsContext::Load({.certificate = files.certificate(), .key = files.key()}).ok());
}

class TlsTest : public HttpServerTest {
 protected:
  TlsTest() {
    auto tls = TlsContext::Load({.certificate = files_.certificate(), .key = files_.key()},
                                [this](const absl::Status& why) { problems_.push_back(why); });
    tls_address_ = *server_->ListenTls("127.0.0.1:0", *std::move(tls));
  }

  TestCertificate files_;
  std::vector<absl::Status> problems_;
  std::string tls_address_;
};

TEST_F(TlsTest, AnswersHttp1) {
  TlsClient client(loop_, tls_address_, kHttp1);
  ASSERT_TRUE(client.Shake());
  EXPECT_EQ(client.protocol(), "http/1.1");
  client.Send(Post("/a", "body"));
  EXPECT_THAT(client.Receive(), EndsWith("\r\n\r\n/a body"));
  client.Send(Post("/b", "again"));
  EXPECT_THAT(client.Receive(), EndsWith("\r\n\r\n/b again"));
}

TEST_F(TlsTest, AClientThatNamesNoProtocolSpeaksHttp1) {
  TlsClient client(loop_, tls_address_, "");
  ASSERT_TRUE(client.Shake());
  client.Send(Post("/a", "body", "Connection: close\r\n"));
  EXPECT_THAT(client.Receive(), EndsWith("\r\n\r\n/a body"));
  EXPECT_TRUE(client.told_end());
}

TEST_F(TlsTest, AnswersHttp2ToWhomWantsIt) {
  TlsClient client(loop_, tls_address_, std::string(kHttp1) + std::string(kH2));
  ASSERT_TRUE(client.Shake());
  EXPECT_EQ(client.protocol(), "h2");
  client.Send(h2::Hello() + h2::Headers(1, h2::Get("/a")));
  h2::Heard heard;
  heard.Add(client.Receive());
  EXPECT_EQ(heard.responses[1].body, "/a ");
}

TEST_F(TlsTest, ARequestMayComeAlongWithTheHandshakesEnd) {
  TlsClient http1(loop_, tls_address_, kHttp1);
  ASSERT_TRUE(http1.Shake(Post("/a", "body")));
  EXPECT_THAT(http1.Receive(), EndsWith("\r\n\r\n/a body"));
  TlsClient http2(loop_, tls_address_, kH2);
  ASSERT_TRUE(http2.Shake(h2::Hello() + h2::Headers(1, h2::Get("/b"))));
  h2::Heard heard;
  heard.Add(http2.Receive());
  EXPECT_EQ(heard.responses[1].body, "/b ");
}

TEST_F(TlsTest, RefusesAClientThatWouldSpeakSomethingElse) {
  TlsClient client(loop_, tls_address_, "\x03smb");
  EXPECT_FALSE(client.Shake());
  EXPECT_EQ(server_->connections(), 0);
}

TEST_F(TlsTest, RefusesOldVersionsAndTakesTls12) {
  TlsClient old(loop_, tls_address_, kHttp1, TLS1_1_VERSION);
  EXPECT_FALSE(old.Shake());
  TlsClient client(loop_, tls_address_, kHttp1, TLS1_2_VERSION);
  ASSERT_TRUE(client.Shake());
  client.Send(Post("/a", "body"));
  EXPECT_THAT(client.Receive(), EndsWith("/a body"));
}

TEST_F(TlsTest, LargeBodiesGoBothWays) {
  TlsClient client(loop_, tls_address_, kHttp1);
  ASSERT_TRUE(client.Shake());
  client.Send(Post("/a", std::string(99000, 'x')));
  EXPECT_THAT(client.Receive(), EndsWith("/a " + std::string(99000, 'x')));
  client.Send(Post("/large", ""));
  std::string all;
  for (int i = 0; i < 4000 && all.size() < (20 << 20); ++i) all += client.Receive();
  EXPECT_GT(all.size(), 20 << 20);
}

TEST_F(TlsTest, PipelinedRequestsInOneRecordAreAllAnswered) {
  TlsClient client(loop_, tls_address_, kHttp1);
  ASSERT_TRUE(client.Shake());
  client.Send(Post("/a", "1") + Post("/b", "2") + Post("/c", "3"));
  EXPECT_THAT(client.Receive(), EndsWith("/c 3"));
}

TEST_F(TlsTest, AHandshakeThatDoesNotGoOnIsGivenUp) {
  const std::unique_ptr<TestClient> silent = std::make_unique<TestClient>(tls_address_);
  loop_.Settle();
  EXPECT_EQ(server_->connections(), 1);
  loop_.Advance(absl::Seconds(9));
  silent->Send("\x16\x03\x01");
  loop_.Settle();
  EXPECT_EQ(server_->connections(), 1);
  loop_.Advance(absl::Seconds(2));
  EXPECT_EQ(server_->connections(), 0);
}

TEST_F(TlsTest, WhatIsNoTlsIsRefused) {
  TestClient client(tls_address_);
  client.Send("GET / HTTP/1.1\r\nHost: a\r\n\r\n");
  loop_.Settle();
  client.Receive();
  EXPECT_TRUE(client.ended());
  EXPECT_EQ(server_->connections(), 0);
}

TEST_F(TlsTest, AClientThatLeavesTakesItsRequestBack) {
  TlsClient client(loop_, tls_address_, kHttp1);
  ASSERT_TRUE(client.Shake());
  client.Send(Post("/slow", ""));
  EXPECT_EQ(handler_.live, 1);
  client.below().Leave();
  loop_.Settle();
  EXPECT_EQ(handler_.live, 0);
}

TEST_F(TlsTest, BytesThatAreNoTlsAnyMoreEndTheConnection) {
  TlsClient client(loop_, tls_address_, kHttp1);
  ASSERT_TRUE(client.Shake());
  client.below().Send(std::string(100, 'x'));
  loop_.Settle();
  EXPECT_EQ(server_->connections(), 0);
}

TEST_F(TlsTest, ACertificateThatIsRenewedIsTheNextConnections) {
  TlsClient before(loop_, tls_address_, kHttp1);
  ASSERT_TRUE(before.Shake());
  EXPECT_EQ(before.organization(), "first");
  files_.Renew("second");
  loop_.Advance(absl::Seconds(2));
  TlsClient after(loop_, tls_address_, kHttp1);
  ASSERT_TRUE(after.Shake());
  EXPECT_EQ(after.organization(), "second");
  before.Send(Post("/a", "still"));
  EXPECT_THAT(before.Receive(), EndsWith("/a still"));
}

TEST_F(TlsTest, AKeyThatDoesNotBelongToTheCertificateChangesNothing) {
  files_.WriteKey();
  loop_.Advance(absl::Seconds(2));
  TlsClient between(loop_, tls_address_, kHttp1);
  ASSERT_TRUE(between.Shake());
  EXPECT_EQ(between.organization(), "first");
  ASSERT_EQ(problems_.size(), 1);
  EXPECT_THAT(std::string(problems_[0].message()), HasSubstr("does not belong"));
  files_.WriteCertificate("second");
  loop_.Advance(absl::Seconds(2));
  TlsClient after(loop_, tls_address_, kHttp1);
  ASSERT_TRUE(after.Shake());
  EXPECT_EQ(after.organization(), "second");
  EXPECT_EQ(problems_.size(), 1);
}

}  // namespace
}  // namespace chains::gateway
