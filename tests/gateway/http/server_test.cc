#include "gateway/http/server.h"

#include <memory>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "chains/core/text.h"
#include "chains/core/timing.h"
#include "tests/gateway/http/test_client.h"
#include "tests/gateway/http/test_loop.h"

namespace chains::gateway {
namespace {

using ::testing::EndsWith;
using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::StartsWith;

// Counts what it is part of, from the first step to the last.
class Counted {
 public:
  explicit Counted(int& live) : live_(&live) { ++*live_; }
  Counted(Counted&& other) noexcept : live_(std::exchange(other.live_, nullptr)) {}
  ~Counted() {
    if (live_ != nullptr) --*live_;
  }

 private:
  int* live_;
};

class FakeHandler final : public Handler {
 public:
  std::optional<Response> Refuse(const RequestHead& head) override {
    if (head.target == "/forbidden") return Failure(403, "not you");
    return std::nullopt;
  }
  Task<Response> Handle(Request request) override {
    ++requests;
    return Answer(std::move(request), Counted(live), finished);
  }
  Response Failure(int status, std::string_view text) override {
    return {.status = status, .headers = {}, .body = std::string(text)};
  }

  int requests = 0;
  int live = 0;
  int finished = 0;

 private:
  static Task<Response> Answer(Request request, Counted, int& finished) {
    if (request.head.target == "/slow") co_await Sleep(absl::Hours(1));
    if (request.head.target == "/fail") co_await absl::InternalError("broken");
    Response response;
    response.headers = {
        {"Content-Type", "text/plain"}, {"X-Evil", "a\r\nSet-Cookie: b"}, {"Date", "never"}};
    response.body = request.head.target == "/large" ? std::string(20 << 20, 'x')
                                                    : Text(request.head.target, " ", request.body);
    ++finished;
    co_return response;
  }
};

std::string Post(std::string_view target, std::string_view body, std::string_view more = "") {
  return Text("POST ", target, " HTTP/1.1\r\nHost: a\r\n", more, "Content-Length: ", body.size(),
              "\r\n\r\n", body);
}

class HttpServerTest : public ::testing::Test {
 protected:
  explicit HttpServerTest(HttpOptions options = Options()) {
    server_ = std::make_unique<HttpServer>(loop_, loop_.sockets(), handler_, options);
    address_ = *server_->Listen("127.0.0.1:0");
  }
  static HttpOptions Options() {
    HttpOptions options;
    options.request = {.max_head_bytes = 1024, .max_body_bytes = 100000};
    return options;
  }

  std::unique_ptr<TestClient> Connect() {
    auto client = std::make_unique<TestClient>(address_);
    EXPECT_TRUE(client->connected());
    return client;
  }
  // What comes back for `bytes`, at once.
  std::string Exchange(TestClient& client, std::string_view bytes) {
    client.Send(bytes);
    loop_.Settle();
    return client.Receive();
  }

  WorkerPool workers_;
  TestLoop loop_{workers_};
  FakeHandler handler_;
  std::unique_ptr<HttpServer> server_;
  std::string address_;
};

TEST_F(HttpServerTest, AnswersAndKeepsTheConnection) {
  auto client = Connect();
  EXPECT_EQ(
      Exchange(*client, Post("/a", "hello")),
      "HTTP/1.1 200 OK\r\nDate: Fri, 15 Jan 2027 08:00:00 GMT\r\nContent-Type: text/plain\r\n"
      "X-Evil: a  Set-Cookie: b\r\nContent-Length: 8\r\nConnection: keep-alive\r\n\r\n/a hello");
  EXPECT_THAT(Exchange(*client, Post("/b", "")), EndsWith("/b "));
  EXPECT_FALSE(client->ended());
  EXPECT_EQ(server_->connections(), 1u);
}

TEST_F(HttpServerTest, ClosesWhenAskedTo) {
  auto client = Connect();
  EXPECT_THAT(Exchange(*client, Post("/a", "x", "Connection: close\r\n")),
              HasSubstr("Connection: close\r\n"));
  EXPECT_TRUE(client->ended());
  EXPECT_EQ(server_->connections(), 0u);
}

TEST_F(HttpServerTest, AnswersHttp10) {
  auto client = Connect();
  EXPECT_THAT(Exchange(*client, "GET /a HTTP/1.0\r\n\r\n"), EndsWith("/a "));
  EXPECT_TRUE(client->ended());
}

TEST_F(HttpServerTest, AnswersPipelinedRequestsInOrderOneAtATime) {
  auto client = Connect();
  EXPECT_EQ(Exchange(*client, Post("/slow", "1") + Post("/b", "2") + Post("/c", "3")), "");
  EXPECT_EQ(handler_.requests, 1);
  loop_.Advance(absl::Hours(1));
  const std::string all = client->Receive();
  EXPECT_LT(all.find("/slow 1"), all.find("/b 2"));
  EXPECT_LT(all.find("/b 2"), all.find("/c 3"));
  EXPECT_EQ(handler_.finished, 3);
}

TEST_F(HttpServerTest, HoldsLittleOfWhatIsSentAhead) {
  auto client = Connect();
  Exchange(*client, Post("/slow", "1"));
  const std::string ahead = Post("/x", std::string(1000, 'x'));
  size_t sent = 0;
  for (int i = 0; i < 100000; ++i) {
    const size_t step = client->Send(ahead);
    if (step == 0) break;
    sent += step;
    if (i % 100 == 0) loop_.Settle();
  }
  EXPECT_LT(sent, size_t{20} << 20);  // the system's buffers, and one read
  EXPECT_EQ(handler_.requests, 1);
}

TEST_F(HttpServerTest, ReadsChunks) {
  auto client = Connect();
  EXPECT_THAT(Exchange(*client,
                       "POST /a HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n"
                       "3\r\nabc\r\n2;x\r\nde\r\n0\r\n\r\n"),
              EndsWith("/a abcde"));
}

TEST_F(HttpServerTest, ReadsARequestByteByByte) {
  auto client = Connect();
  const std::string request = Post("/a", "hello");
  for (const char c : request.substr(0, request.size() - 1))
    EXPECT_EQ(Exchange(*client, {&c, 1}), "");
  EXPECT_THAT(Exchange(*client, "o"), EndsWith("/a hello"));
}

TEST_F(HttpServerTest, AsksForABodyThatWaits) {
  auto client = Connect();
  const std::string request = Post("/a", "hello", "Expect: 100-continue\r\n");
  EXPECT_EQ(Exchange(*client, request.substr(0, request.size() - 5)),
            "HTTP/1.1 100 Continue\r\n\r\n");
  EXPECT_THAT(Exchange(*client, "hello"), StartsWith("HTTP/1.1 200 OK\r\n"));
}

TEST_F(HttpServerTest, RefusesBeforeTheBodyComes) {
  auto client = Connect();
  const std::string request =
      Post("/forbidden", std::string(5000, 'x'), "Expect: 100-continue\r\n");
  const std::string answer = Exchange(*client, request.substr(0, request.size() - 5000));
  EXPECT_THAT(answer, StartsWith("HTTP/1.1 403 Forbidden\r\n"));
  EXPECT_THAT(answer, HasSubstr("Connection: close"));
  EXPECT_THAT(answer, Not(HasSubstr("100 Continue")));
  EXPECT_EQ(handler_.requests, 0);
}

TEST_F(HttpServerTest, KeepsTheConnectionOfARefusedRequestWithoutBody) {
  auto client = Connect();
  EXPECT_THAT(Exchange(*client, Post("/forbidden", "") + Post("/a", "x")), EndsWith("/a x"));
}

TEST_F(HttpServerTest, SurvivesManyRefusalsInARow) {
  auto client = Connect();
  std::string many;
  for (int i = 0; i < 5000; ++i) many += "GET /forbidden HTTP/1.1\r\nHost: a\r\n\r\n";
  size_t sent = client->Send(many);
  std::string answers;
  for (int i = 0; i < 200; ++i) {
    answers += Exchange(*client, std::string_view(many).substr(sent, 20000));
    sent += std::min<size_t>(20000, many.size() - sent);
  }
  size_t count = 0;
  for (size_t at = answers.find("403 Forb"); at != std::string::npos;
       at = answers.find("403 Forb", at + 1))
    ++count;
  EXPECT_EQ(count, 5000u);
}

TEST_F(HttpServerTest, AnswersHeadWithoutABody) {
  auto client = Connect();
  const std::string answer = Exchange(*client, "HEAD /a HTTP/1.1\r\nHost: a\r\n\r\n");
  EXPECT_THAT(answer, HasSubstr("Content-Length: 3\r\n"));
  EXPECT_THAT(answer, EndsWith("\r\n\r\n"));
  EXPECT_THAT(Exchange(*client, Post("/b", "x")), EndsWith("/b x"));
}

TEST_F(HttpServerTest, TellsWhatIsWrongAndCloses) {
  const struct {
    std::string request;
    const char* status;
  } kCases[] = {
      {"nonsense\r\n\r\n", "400"},
      {"POST /a HTTP/1.1\r\nHost: a\r\nContent-Length: 100001\r\n\r\n", "413"},
      {"GET /" + std::string(2000, 'x') + " HTTP/1.1\r\n\r\n", "431"},
      {"GET / HTTP/3.0\r\nHost: a\r\n\r\n", "505"},
      {std::string(5000, '\0'), "4"},
  };
  for (const auto& [request, status] : kCases) {
    auto client = Connect();
    EXPECT_THAT(Exchange(*client, request), StartsWith(Text("HTTP/1.1 ", status)));
    EXPECT_TRUE(client->ended());  // the sending side; what still comes is thrown away
    client->Leave();
    loop_.Settle();
  }
  EXPECT_EQ(server_->connections(), 0u);
  EXPECT_EQ(handler_.requests, 0);
}

TEST_F(HttpServerTest, LetsARefusedClientSendOnForAWhile) {
  auto client = Connect();
  Exchange(*client, "POST /a HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n");
  std::string answer;
  for (int i = 0; i < 20; ++i) {
    answer += Exchange(*client, "2710\r\n" + std::string(10000, 'x') + "\r\n");
  }
  EXPECT_THAT(answer, StartsWith("HTTP/1.1 413"));
  EXPECT_EQ(server_->connections(), 1u);
  loop_.Advance(absl::Seconds(6));
  EXPECT_EQ(server_->connections(), 0u);
}

TEST_F(HttpServerTest, AnswersAFailedTaskWith500) {
  auto client = Connect();
  EXPECT_THAT(Exchange(*client, Post("/fail", "")), StartsWith("HTTP/1.1 500"));
}

TEST_F(HttpServerTest, DropsTheRequestOfAClientThatLeaves) {
  for (const bool reset : {false, true}) {
    auto client = Connect();
    Exchange(*client, Post("/slow", "x"));
    EXPECT_EQ(handler_.live, 1);
    reset ? client->Reset() : client->Leave();
    loop_.Settle();
    EXPECT_EQ(handler_.live, 0);
    EXPECT_EQ(server_->connections(), 0u);
  }
  loop_.Advance(absl::Hours(2));
  EXPECT_EQ(handler_.finished, 0);
}

TEST_F(HttpServerTest, DropsTheRequestOfAClientThatSentAheadAndLeft) {
  auto client = Connect();
  Exchange(*client, Post("/slow", "x") + Post("/slow", "y"));
  client->Leave();
  loop_.Settle();
  EXPECT_EQ(handler_.live, 0);
  EXPECT_EQ(handler_.requests, 1);
}

TEST_F(HttpServerTest, ForgetsAClientThatLeavesInTheMiddle) {
  for (const size_t size : {0, 1, 10, 40, 75}) {
    auto client = Connect();
    Exchange(*client, Post("/a", std::string(20, 'x')).substr(0, size));
    client->Leave();
    loop_.Settle();
    EXPECT_EQ(server_->connections(), 0u);
  }
}

TEST_F(HttpServerTest, SendsALargeResponseAsFastAsItIsRead) {
  auto client = Connect();
  std::string all = Exchange(*client, Post("/large", ""));
  EXPECT_LT(all.size(), size_t{20} << 20);
  for (int i = 0; i < 1000 && all.size() < (size_t{20} << 20); ++i) {
    loop_.Settle();
    all += client->Receive();
  }
  EXPECT_GT(all.size(), size_t{20} << 20);
  EXPECT_THAT(Exchange(*client, Post("/a", "x")), EndsWith("/a x"));
}

TEST_F(HttpServerTest, GivesUpOnAClientThatReadsNothing) {
  auto client = Connect();
  client->Send(Post("/large", ""));
  loop_.Settle();
  EXPECT_EQ(handler_.finished, 1);
  loop_.Advance(absl::Seconds(31));  // what the system's buffers took was progress
  loop_.Advance(absl::Seconds(31));
  EXPECT_EQ(server_->connections(), 0u);
}

TEST_F(HttpServerTest, EndsIdleConnections) {
  auto fresh = Connect();
  auto used = Connect();
  Exchange(*used, Post("/a", "x"));
  loop_.Advance(absl::Seconds(11));
  EXPECT_EQ(server_->connections(), 1u);
  loop_.Advance(absl::Seconds(70));
  EXPECT_EQ(server_->connections(), 0u);
}

TEST_F(HttpServerTest, GivesAHeadALimitedTime) {
  auto client = Connect();
  const std::string head = "POST /a HTTP/1.1\r\nHost: a\r\n";
  for (size_t i = 0; i < head.size() && !client->ended(); ++i) {
    const std::string answer = Exchange(*client, head.substr(i, 1));
    loop_.Advance(absl::Seconds(1));
    EXPECT_TRUE(answer.empty() || (i >= 9 && answer.starts_with("HTTP/1.1 408"))) << answer;
  }
  EXPECT_TRUE(client->ended());
}

TEST_F(HttpServerTest, GivesABodyThatTricklesALimitedTime) {
  auto client = Connect();
  Exchange(*client, "POST /a HTTP/1.1\r\nHost: a\r\nContent-Length: 1000\r\n\r\n");
  std::string answer;
  for (int i = 0; i < 40 && answer.empty(); ++i) {
    answer = Exchange(*client, "x");
    loop_.Advance(absl::Seconds(1));
  }
  EXPECT_THAT(answer, StartsWith("HTTP/1.1 408"));
}

TEST_F(HttpServerTest, DrainsIdleConnectionsAtOnceAndOthersAfterTheirResponse) {
  auto idle = Connect();
  auto busy = Connect();
  Exchange(*idle, Post("/a", "x"));
  Exchange(*busy, Post("/slow", "x"));
  bool drained = false;
  server_->Drain(loop_.Now() + absl::Hours(2), [&] { drained = true; });
  loop_.Settle();
  EXPECT_EQ(server_->connections(), 1u);
  EXPECT_FALSE(drained);
  EXPECT_FALSE(TestClient(address_).connected());
  loop_.Advance(absl::Hours(1));
  EXPECT_THAT(busy->Receive(), HasSubstr("Connection: close"));
  EXPECT_TRUE(drained);
}

TEST_F(HttpServerTest, DropsWhatRunsWhenTheDrainIsOver) {
  auto busy = Connect();
  Exchange(*busy, Post("/slow", "x"));
  bool drained = false;
  server_->Drain(loop_.Now() + absl::Seconds(5), [&] { drained = true; });
  loop_.Advance(absl::Seconds(6));
  EXPECT_TRUE(drained);
  EXPECT_EQ(handler_.live, 0);
}

TEST_F(HttpServerTest, MayBeDestroyedWhileRequestsRun) {
  auto client = Connect();
  Exchange(*client, Post("/slow", "x"));
  server_.reset();
  EXPECT_EQ(handler_.live, 0);
  client->Receive();
  EXPECT_TRUE(client->ended());
}

class CrowdedServerTest : public HttpServerTest {
 protected:
  CrowdedServerTest() : HttpServerTest(Few()) {}
  static HttpOptions Few() {
    HttpOptions options = Options();
    options.max_connections = 2;
    options.max_body_bytes_held = 50000;
    return options;
  }
};

TEST_F(CrowdedServerTest, MakesRoomByClosingTheLongestIdle) {
  auto first = Connect();
  Exchange(*first, Post("/a", "x"));
  auto second = Connect();
  Exchange(*second, Post("/slow", "x"));
  auto third = Connect();
  EXPECT_THAT(Exchange(*third, Post("/a", "x")), EndsWith("/a x"));
  first->Receive();
  EXPECT_TRUE(first->ended());
  EXPECT_EQ(server_->connections(), 2u);
}

TEST_F(CrowdedServerTest, LetsConnectionsWaitWhenAllAreBusy) {
  auto first = Connect();
  auto second = Connect();
  Exchange(*first, Post("/slow", "x"));
  Exchange(*second, Post("/slow", "x"));
  auto third = Connect();
  EXPECT_EQ(Exchange(*third, Post("/a", "x")), "");
  first->Leave();
  loop_.Advance(absl::Seconds(1));
  EXPECT_THAT(third->Receive(), EndsWith("/a x"));
}

TEST_F(CrowdedServerTest, BoundsTheBodiesOfAllRequestsTogether) {
  auto first = Connect();
  auto second = Connect();
  Exchange(*first, Post("/slow", std::string(40000, 'x')));
  EXPECT_THAT(Exchange(*second, Post("/a", std::string(90000, 'x')).substr(0, 60000)),
              StartsWith("HTTP/1.1 503"));
  first->Leave();
  second->Leave();
  loop_.Settle();
  auto third = Connect();
  EXPECT_THAT(Exchange(*third, Post("/a", std::string(40000, 'x'))), StartsWith("HTTP/1.1 200"));
}

class WaitingServerTest : public HttpServerTest {
 protected:
  WaitingServerTest() : HttpServerTest(Waiting()) {}
  static HttpOptions Waiting() {
    HttpOptions options = Options();
    options.half_close = HalfClose::kWaits;
    return options;
  }
};

TEST_F(WaitingServerTest, AnswersAClientThatOnlyEndedItsSending) {
  auto client = Connect();
  client->Send(Post("/slow", "x"));
  client->EndSending();
  loop_.Settle();
  EXPECT_EQ(handler_.live, 1);
  loop_.Advance(absl::Hours(1));
  EXPECT_THAT(client->Receive(), EndsWith("/slow x"));
  EXPECT_TRUE(client->ended());
  EXPECT_EQ(server_->connections(), 0u);
}

TEST_F(WaitingServerTest, SeesAReset) {
  auto client = Connect();
  client->Send(Post("/slow", "x"));
  client->EndSending();
  loop_.Settle();
  client->Reset();
  loop_.Settle();
  EXPECT_EQ(handler_.live, 0);
}

TEST_F(HttpServerTest, ListensOnIpv6AndUnixSockets) {
  const auto v6 = server_->Listen("[::1]:0");
  ASSERT_TRUE(v6.ok()) << v6.status();
  const std::string path =
      Text("unix:", ::testing::TempDir(), "chains-http-test-", getpid(), ".sock");
  const auto local = server_->Listen(path);
  ASSERT_TRUE(local.ok()) << local.status();
  for (const std::string& address : {*v6, *local}) {
    TestClient client(address);
    ASSERT_TRUE(client.connected()) << address;
    EXPECT_THAT(Exchange(client, Post("/a", "x")), EndsWith("/a x"));
  }
  EXPECT_EQ(server_->Listen(path).status().code(), absl::StatusCode::kAlreadyExists);
  server_.reset();
  EXPECT_FALSE(TestClient(path).connected());
}

TEST_F(HttpServerTest, NamesAnAddressItCannotHave) {
  const auto again = server_->Listen(address_);
  EXPECT_EQ(again.status().code(), absl::StatusCode::kAlreadyExists);
  EXPECT_THAT(std::string(MessageOf(again.status())), HasSubstr(address_));
  for (const char* address :
       {"", "8080", ":8080", "a:b:c", "127.0.0.1:", "127.0.0.1:x", "unix:", "[::1]"}) {
    EXPECT_EQ(server_->Listen(address).status().code(), absl::StatusCode::kInvalidArgument)
        << address;
  }
}

}  // namespace
}  // namespace chains::gateway
