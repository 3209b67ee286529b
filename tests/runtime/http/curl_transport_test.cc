#include "chains/http/curl_transport.h"

#include <future>
#include <latch>
#include <memory>
#include <optional>
#include <sstream>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "chains/core/wait.h"
#include "chains/testing/collect.h"
#include "chains/testing/status_matchers.h"
#include "tests/deploy/temp_folder.h"
#include "tests/support/http/test_server.h"

namespace chains::http {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using testing::IsOk;
using ::testing::Not;
using testing::StatusIs;
using testing::TestCertificates;
using testing::TestServer;
using Connection = TestServer::Connection;

constexpr absl::Duration kLong = absl::Seconds(30);
constexpr std::string_view kChunkedHead = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n";

std::string Chunk(const std::string& text) {
  std::stringstream size;
  size << std::hex << text.size();
  return size.str() + "\r\n" + text + "\r\n";
}

std::unique_ptr<CurlTransport> TransportTo(ServerAddress address,
                                           CurlTransport::Limits limits = {}) {
  absl::StatusOr<std::unique_ptr<CurlTransport>> made =
      CurlTransport::Make(std::move(address), limits);
  EXPECT_THAT(made, IsOk());
  return *std::move(made);
}

std::unique_ptr<CurlTransport> TransportTo(const TestServer& server,
                                           CurlTransport::Limits limits = {}) {
  return TransportTo(ServerAddress{.url = server.url()}, limits);
}

absl::StatusOr<Response> Get(CurlTransport& transport, absl::Duration timeout = kLong) {
  return Wait(transport.Send(Request("GET", "/version"), timeout));
}

absl::StatusOr<std::vector<Response>> Follow(CurlTransport& transport,
                                             absl::Duration quiet = kLong) {
  return Wait(testing::Collect(transport.Follow(Request("GET", "/watch"), quiet)));
}

// Answers each request with these bytes; then hangs up where `hangs_up`.
TestServer::Handler Answering(std::string bytes, bool hangs_up = false) {
  return [bytes, hangs_up](Connection& client) {
    while (!client.Read().empty()) {
      client.Write(bytes);
      if (hangs_up) return;
    }
  };
}

TEST(CurlTransport, AsksAndIsAnswered) {
  std::promise<std::string> asked;
  TestServer server([&](Connection& client) {
    asked.set_value(client.Read());
    client.Write("HTTP/1.1 201 Created\r\nContent-Length: 2\r\nRetry-After:  3 \r\n\r\n{}");
    client.WaitForEnd();
  });
  ServerAddress address{.url = server.url() + "/prefix/"};
  address.token = [] { return std::string("secret"); };
  const auto transport = TransportTo(address);
  const absl::StatusOr<Response> answer = Wait(transport->Send(
      Request("PATCH", "/api/v1/x%2Fy?a=b", "{\"a\":1}", "application/merge-patch+json"), kLong));
  ASSERT_THAT(answer, IsOk());
  EXPECT_EQ(answer->status, 201);
  EXPECT_EQ(answer->body, "{}");
  EXPECT_EQ(answer->headers.at("retry-after"), "3");
  EXPECT_THAT(asked.get_future().get(),
              AllOf(HasSubstr("PATCH /prefix/api/v1/x%2Fy?a=b HTTP/1.1\r\n"),
                    HasSubstr("Authorization: Bearer secret\r\n"),
                    HasSubstr("Content-Type: application/merge-patch+json\r\n"),
                    Not(HasSubstr("Expect:")), HasSubstr("\r\n\r\n{\"a\":1}")));
}

TEST(CurlTransport, KeepsItsConnection) {
  TestServer server(Answering(TestServer::Ok("{}")));
  const auto transport = TransportTo(server);
  for (int i = 0; i < 5; ++i) EXPECT_THAT(Get(*transport), IsOk());
  EXPECT_EQ(server.accepted(), 1);
  EXPECT_EQ(transport->running(), 0u);
}

TEST(CurlTransport, AsksWithTheTokenOfTheMoment) {
  TestServer server([](Connection& client) {
    for (std::string request = client.Read(); !request.empty(); request = client.Read()) {
      const size_t at = request.find("Bearer ");
      client.Write(TestServer::Ok(request.substr(at, 8)));
    }
  });
  ServerAddress address{.url = server.url()};
  int asked = 0;
  address.token = [&]() -> absl::StatusOr<std::string> {
    if (asked == 2) return absl::UnavailableError("the token's file is gone");
    return std::to_string(++asked);
  };
  const auto transport = TransportTo(address);
  EXPECT_EQ(Get(*transport)->body, "Bearer 1");
  EXPECT_EQ(Get(*transport)->body, "Bearer 2");
  EXPECT_THAT(Get(*transport), StatusIs(absl::StatusCode::kUnavailable, HasSubstr("token's file")));
  EXPECT_EQ(transport->running(), 0u);
}

TEST(CurlTransport, TakesAnswersInChunks) {
  TestServer server(
      Answering(std::string(kChunkedHead) + Chunk("ab") + Chunk("c\n") + "0\r\nX: y\r\n\r\n"));
  EXPECT_EQ(Get(*TransportTo(server))->body, "abc\n");
}

TEST(CurlTransport, TellsWhatIsCutOff) {
  TestServer server(Answering("HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nabc", true));
  EXPECT_THAT(Get(*TransportTo(server)), StatusIs(absl::StatusCode::kUnavailable));
  TestServer silent([](Connection& client) { client.Read(); });
  EXPECT_THAT(Get(*TransportTo(silent)), StatusIs(absl::StatusCode::kUnavailable));
}

TEST(CurlTransport, TellsThatNobodyIsThere) {
  int port = 0;
  {
    TestServer gone([](Connection&) {});
    port = gone.port();
  }
  const auto transport =
      TransportTo(ServerAddress{.url = "http://127.0.0.1:" + std::to_string(port)});
  EXPECT_THAT(Get(*transport), StatusIs(absl::StatusCode::kUnavailable, HasSubstr("127.0.0.1")));
}

TEST(CurlTransport, EndsAtItsDeadline) {
  TestServer server([](Connection& client) { client.WaitForEnd(); });
  const auto transport = TransportTo(server);
  EXPECT_THAT(Get(*transport, absl::Milliseconds(50)),
              StatusIs(absl::StatusCode::kDeadlineExceeded));
  EXPECT_THAT(Get(*transport, absl::ZeroDuration()), StatusIs(absl::StatusCode::kDeadlineExceeded));
}

TEST(CurlTransport, RefusesWhatIsTooLarge) {
  TestServer server(Answering(TestServer::Ok(std::string(2000, 'x'))));
  const auto transport = TransportTo(server, {.body = 1999});
  EXPECT_THAT(Get(*transport), StatusIs(absl::StatusCode::kResourceExhausted));
  TestServer endless(Answering(std::string(kChunkedHead) + Chunk(std::string(3000, 'x'))));
  EXPECT_THAT(Follow(*TransportTo(endless, {.line = 2000})),
              StatusIs(absl::StatusCode::kResourceExhausted, HasSubstr("line")));
}

TEST(CurlTransport, GivesLinesAsTheyCome) {
  std::latch first_seen(1);
  std::latch second_seen(1);
  TestServer server([&](Connection& client) {
    client.Read();
    client.Write(std::string(kChunkedHead));
    first_seen.wait();
    client.Write(Chunk("on") + Chunk("e\r\ntw"));
    second_seen.wait();
    client.Write(Chunk("o\n\nlast") + "0\r\n\r\n");
    client.WaitForEnd();
  });
  const auto transport = TransportTo(server);
  const auto follow = [&]() -> Task<std::vector<std::string>> {
    Stream<Response> lines = transport->Follow(Request("GET", "/watch"), kLong);
    std::vector<std::string> seen;
    while (std::optional<Response> line = co_await lines.Next()) {
      EXPECT_EQ(line->status, 200);
      seen.push_back(line->body);
      if (seen.size() == 1) first_seen.count_down();
      if (seen.size() == 2) second_seen.count_down();
    }
    co_return seen;
  };
  const absl::StatusOr<std::vector<std::string>> seen = Wait(follow());
  ASSERT_THAT(seen, IsOk());
  EXPECT_EQ(*seen, (std::vector<std::string>{"", "one", "two", "", "last"}));
}

TEST(CurlTransport, GivesTheWholeAnswerWhereItIsARefusal) {
  TestServer server(Answering("HTTP/1.1 410 Gone\r\nContent-Length: 7\r\n\r\n{\n\"a\":1"));
  const auto answers = Follow(*TransportTo(server));
  ASSERT_THAT(answers, IsOk());
  ASSERT_EQ(answers->size(), 1u);
  EXPECT_EQ(answers->front().status, 410);
  EXPECT_EQ(answers->front().body, "{\n\"a\":1");
}

TEST(CurlTransport, TellsThatAStreamIsCutOffOrQuiet) {
  TestServer cut(Answering(std::string(kChunkedHead) + Chunk("one\n"), true));
  EXPECT_THAT(Follow(*TransportTo(cut)), StatusIs(absl::StatusCode::kUnavailable));
  TestServer quiet(Answering(std::string(kChunkedHead) + Chunk("one\n")));
  EXPECT_THAT(Follow(*TransportTo(quiet), absl::Milliseconds(50)),
              StatusIs(absl::StatusCode::kUnavailable, HasSubstr("for too long")));
}

TEST(CurlTransport, ASlowConsumerSlowsTheServer) {
  constexpr int kLines = 64;
  const std::string line = std::string((1 << 20) - 1, 'x') + "\n";
  std::promise<uint64_t> blocked;
  TestServer server([&](Connection& client) {
    client.Read();
    client.Write("HTTP/1.1 200 OK\r\n\r\n");
    int sent = 0;
    while (sent < kLines && client.Write(line, 300)) ++sent;
    const uint64_t written = client.written() - std::string("HTTP/1.1 200 OK\r\n\r\n").size();
    blocked.set_value(written);
    std::string rest;
    for (int i = static_cast<int>(written >> 20); i < kLines; ++i) rest += line;
    client.Write(rest.substr(written & ((1 << 20) - 1)));
  });
  const auto transport = TransportTo(server);
  const auto follow = [&]() -> Task<int> {
    Stream<Response> lines = transport->Follow(Request("GET", "/watch"), kLong);
    co_await lines.Next();
    EXPECT_LT(blocked.get_future().get(), uint64_t{kLines / 2} << 20);
    int count = 0;
    while (std::optional<Response> next = co_await lines.Next()) {
      EXPECT_EQ(next->body.size(), line.size() - 1);
      ++count;
    }
    co_return count;
  };
  EXPECT_THAT(Wait(follow()), testing::IsOkAndHolds(kLines));
}

TEST(CurlTransport, DroppingARequestEndsIt) {
  std::promise<void> ended;
  TestServer server([&](Connection& client) {
    if (client.Read().find("/watch") == std::string::npos) {
      client.Write(TestServer::Ok("{}"));
      return;
    }
    client.Write(std::string(kChunkedHead) + Chunk("one\n"));
    client.WaitForEnd();
    ended.set_value();
  });
  const auto transport = TransportTo(server);
  const auto follow = [&]() -> Task<int> {
    Stream<Response> lines = transport->Follow(Request("GET", "/watch"), kLong);
    co_await lines.Next();
    co_await lines.Next();
    co_await WithTimeout(
        [](Stream<Response> rest) -> Task<void> { co_await rest.Next(); }(std::move(lines)),
        absl::Milliseconds(20));
    co_return 0;
  };
  EXPECT_THAT(Wait(follow()), StatusIs(absl::StatusCode::kDeadlineExceeded));
  ended.get_future().get();
  EXPECT_THAT(Get(*transport), IsOk());  // what was cancelled before it is gone
  EXPECT_EQ(transport->running(), 0u);
}

TEST(CurlTransport, RefusesAddressesThatCannotBe) {
  for (const std::string url :
       {"", "ftp://x", "unix:/x", "https://u:p@x", "https://x?a=b", "https://"}) {
    EXPECT_THAT(CurlTransport::Make(ServerAddress{.url = url}),
                StatusIs(absl::StatusCode::kInvalidArgument))
        << url;
  }
  EXPECT_THAT(CurlTransport::Make(ServerAddress{.url = "https://x", .certificate = "a"}),
              StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("go together")));
  EXPECT_THAT(CurlTransport::Make(ServerAddress{.url = "https://x", .server_name = "a/b"}),
              StatusIs(absl::StatusCode::kInvalidArgument));
}

class TlsTest : public ::testing::Test {
 protected:
  static void SetUpTestSuite() {
    folder_ = std::make_unique<deploy::TempFolder>();
    certificates_ = std::make_unique<TestCertificates>(folder_->path());
  }
  static void TearDownTestSuite() {
    certificates_.reset();
    folder_.reset();
  }
  static TestServer::Tls tls() {
    return {.certificate = certificates_->Path("server.pem"),
            .key = certificates_->Path("server.key")};
  }
  static absl::StatusOr<Response> Ask(const TestServer& server, ServerAddress address) {
    if (address.url.empty()) address.url = server.url();
    return Get(*TransportTo(std::move(address)));
  }
  static std::string Pem(const std::string& file) { return certificates_->Text(file); }

  inline static std::unique_ptr<deploy::TempFolder> folder_;
  inline static std::unique_ptr<TestCertificates> certificates_;
};

TEST_F(TlsTest, BelievesTheClustersAuthorityAlone) {
  TestServer server(Answering(TestServer::Ok("{}")), tls());
  EXPECT_THAT(Ask(server, {.url = "", .ca = Pem("ca.pem")}), IsOk());
  EXPECT_THAT(Ask(server, {.url = "", .ca = Pem("other.pem")}),
              StatusIs(absl::StatusCode::kFailedPrecondition, HasSubstr("certificate authority")));
  EXPECT_THAT(Ask(server, {.url = ""}), StatusIs(absl::StatusCode::kFailedPrecondition));
  EXPECT_THAT(Ask(server, {.url = "", .skip_verify = true}), IsOk());
}

TEST_F(TlsTest, ChecksTheServersName) {
  TestServer server(Answering(TestServer::Ok("{}")), tls());
  const std::string localhost = "https://localhost:" + std::to_string(server.port());
  EXPECT_THAT(Ask(server, {.url = localhost, .ca = Pem("ca.pem")}),
              StatusIs(absl::StatusCode::kFailedPrecondition));
  EXPECT_THAT(Ask(server, {.url = localhost, .ca = Pem("ca.pem"), .server_name = "api.test"}),
              IsOk());
  EXPECT_THAT(Ask(server, {.url = "", .ca = Pem("ca.pem"), .server_name = "other.test"}),
              StatusIs(absl::StatusCode::kFailedPrecondition));
}

TEST_F(TlsTest, ShowsItsCertificate) {
  TestServer::Tls strict = tls();
  strict.client_ca = certificates_->Path("ca.pem");
  TestServer server(Answering(TestServer::Ok("{}")), strict);
  ServerAddress address{.url = "", .ca = Pem("ca.pem")};
  EXPECT_THAT(Ask(server, address), Not(IsOk()));
  address.certificate = Pem("client.pem");
  address.key = Pem("client.key");
  EXPECT_THAT(Ask(server, address), IsOk());
  address.key = Pem("other.key");
  EXPECT_THAT(Ask(server, address),
              StatusIs(absl::StatusCode::kFailedPrecondition, HasSubstr("of ours")));
}

TEST_F(TlsTest, KeepsItsConnection) {
  TestServer server(Answering(TestServer::Ok("{}")), tls());
  const auto transport = TransportTo(ServerAddress{.url = server.url(), .ca = Pem("ca.pem")});
  for (int i = 0; i < 3; ++i) EXPECT_THAT(Get(*transport), IsOk());
  EXPECT_EQ(server.accepted(), 1);
}

}  // namespace
}  // namespace chains::http
