// Bodies that come and go in pieces, over HTTP/1.
#include <memory>
#include <optional>
#include <string>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "chains/core/notice.h"
#include "tests/gateway/http/server_fixture.h"

namespace chains::gateway {
namespace {

using ::testing::EndsWith;
using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::StartsWith;

// What the test lets go on.
struct Gate {
  Task<void> Pass() {
    while (open == 0) co_await notice.Wait();
    --open;
  }
  void Open(int times = 1) {
    open += times;
    notice.Give();
  }
  int open = 0;
  Notice notice;
};

class PiecesHandler final : public Handler {
 public:
  Admission Admit(const RequestHead& head) override {
    Admission admission;
    admission.in_pieces = head.target != "/out" && head.target != "/length";
    if (head.target == "/little") admission.max_body_bytes = 10;
    return admission;
  }
  Task<Response> Handle(Request request) override {
    ++requests;
    if (request.head.target == "/out") return Out(*this, false);
    if (request.head.target == "/length") return Out(*this, true);
    if (request.head.target == "/both") return Both(*this, std::move(request));
    if (request.head.target == "/early") return Early();
    return In(*this, std::move(request));
  }
  Response Failure(int status, std::string_view text) override {
    Response response;
    response.status = status;
    response.body = text;
    return response;
  }

  Gate reading;
  Gate making;
  std::string read;
  int requests = 0;
  int made = 0;
  int live = 0;
  std::string piece = "piece";
  absl::Status end;

 private:
  static Task<Response> In(PiecesHandler& self, Request request) {
    const Counted counted(self.live);
    while (true) {
      co_await self.reading.Pass();
      const absl::StatusOr<std::optional<std::string>> piece =
          co_await Outcome(request.pieces->Next());
      if (!piece.ok()) co_return self.Failure(400, MessageOf(piece.status()));
      if (!*piece) break;
      self.read += **piece;
    }
    Response response;
    response.body = Text("read ", self.read.size());
    co_return response;
  }
  static Task<Response> Early() {
    Response response;
    response.body = "enough";
    co_return response;
  }
  static Stream<std::string> Three(PiecesHandler& self) {
    const Counted counted(self.live);
    for (int i = 0; i < 3; ++i) {
      co_await self.making.Pass();
      ++self.made;
      co_yield self.piece;
    }
    co_await self.end;
  }
  static Task<Response> Out(PiecesHandler& self, bool with_length) {
    Response response;
    response.pieces = Three(self);
    if (with_length) response.length = 3 * self.piece.size();
    response.trailers = [] { return HttpHeaders{{"X-End", "well"}}; };
    co_return response;
  }
  static Stream<std::string> Echo(Stream<std::string> pieces) {
    while (std::optional<std::string> piece = co_await pieces.Next()) co_yield *std::move(piece);
  }
  static Task<Response> Both(PiecesHandler&, Request request) {
    Response response;
    response.pieces = Echo(*std::move(request.pieces));
    co_return response;
  }
};

class PiecesTest : public ::testing::Test {
 protected:
  PiecesTest() {
    HttpOptions options;
    options.request = {.max_head_bytes = 1024, .max_body_bytes = 64 << 20};
    server_ = std::make_unique<HttpServer>(loop_, loop_.sockets(), handler_, options);
    address_ = *server_->Listen("127.0.0.1:0");
    client_ = std::make_unique<TestClient>(address_);
  }
  std::string Exchange(std::string_view bytes) {
    client_->Send(bytes);
    loop_.Settle();
    return client_->Receive();
  }
  std::string Open(Gate& gate, int times = 1) {
    gate.Open(times);
    loop_.Settle();
    return client_->Receive();
  }

  WorkerPool workers_;
  TestLoop loop_{workers_};
  PiecesHandler handler_;
  std::unique_ptr<HttpServer> server_;
  std::string address_;
  std::unique_ptr<TestClient> client_;
};

constexpr std::string_view kGet = "GET /out HTTP/1.1\r\nHost: a\r\n\r\n";
constexpr std::string_view kChunked = " HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n";

TEST_F(PiecesTest, SendsEachPieceWhenItIsMade) {
  EXPECT_THAT(Exchange(kGet),
              AllOf(StartsWith("HTTP/1.1 200"), EndsWith("\r\n\r\n"),
                    HasSubstr("Transfer-Encoding: chunked\r\n"), Not(HasSubstr("Content-Length"))));
  EXPECT_EQ(Open(handler_.making), "5\r\npiece\r\n");
  EXPECT_EQ(Open(handler_.making), "5\r\npiece\r\n");
  EXPECT_EQ(Open(handler_.making), "5\r\npiece\r\n0\r\n\r\n");
  EXPECT_EQ(handler_.live, 0);
  // The connection is good for another one.
  handler_.making.Open(3);
  EXPECT_THAT(Exchange(kGet), EndsWith("0\r\n\r\n"));
}

TEST_F(PiecesTest, SendsTrailersToWhoTakesThem) {
  handler_.making.Open(3);
  EXPECT_THAT(Exchange("GET /out HTTP/1.1\r\nHost: a\r\nTE: gzip, Trailers\r\n\r\n"),
              EndsWith("0\r\nX-End: well\r\n\r\n"));
}

TEST_F(PiecesTest, SaysTheLengthWhereItIsKnown) {
  handler_.making.Open(3);
  EXPECT_THAT(Exchange("GET /length HTTP/1.1\r\nHost: a\r\n\r\n"),
              AllOf(HasSubstr("Content-Length: 15\r\n"), EndsWith("\r\n\r\npiecepiecepiece")));
}

TEST_F(PiecesTest, AnswersHeadWithoutMakingAny) {
  EXPECT_THAT(Exchange("HEAD /length HTTP/1.1\r\nHost: a\r\n\r\n"),
              AllOf(HasSubstr("Content-Length: 15\r\n"), EndsWith("\r\n\r\n")));
  EXPECT_EQ(handler_.made, 0);
  EXPECT_EQ(handler_.live, 0);
}

TEST_F(PiecesTest, ClosesAfterPiecesForHttp10) {
  handler_.making.Open(3);
  EXPECT_THAT(Exchange("GET /out HTTP/1.0\r\n\r\n"), EndsWith("\r\n\r\npiecepiecepiece"));
  EXPECT_TRUE(client_->ended());
}

TEST_F(PiecesTest, BreaksOffWhatFailed) {
  handler_.end = absl::InternalError("broken");
  handler_.making.Open(3);
  EXPECT_THAT(Exchange(kGet), EndsWith("5\r\npiece\r\n"));
  EXPECT_TRUE(client_->ended());
  loop_.Advance(absl::Minutes(1));
  EXPECT_EQ(server_->connections(), 0u);
}

TEST_F(PiecesTest, MakesNothingForAReaderThatStops) {
  handler_.piece = std::string(1 << 20, 'x');
  handler_.making.Open(3);
  client_->Send(kGet);
  handler_.piece = std::string(16 << 20, 'x');
  loop_.Settle();
  EXPECT_EQ(handler_.made, 1);
  for (int turn = 0; handler_.made < 3 && turn < 1000; ++turn) {
    client_->Receive();
    loop_.Settle();
  }
}

TEST_F(PiecesTest, EndsAReaderThatStopsForLong) {
  handler_.piece = std::string(16 << 20, 'x');
  handler_.making.Open(3);
  client_->Send(kGet);
  loop_.Settle();
  EXPECT_EQ(handler_.live, 1);
  loop_.Advance(absl::Seconds(31));
  EXPECT_EQ(handler_.live, 0);
}

TEST_F(PiecesTest, DropsThePiecesOfAClientThatLeaves) {
  Exchange(kGet);
  EXPECT_EQ(handler_.live, 1);
  client_->Leave();
  loop_.Settle();
  EXPECT_EQ(handler_.live, 0);
  EXPECT_EQ(server_->connections(), 0u);
}

TEST_F(PiecesTest, HandlesABodyAsItComes) {
  EXPECT_EQ(Exchange("POST /in" + std::string(kChunked) + "3\r\nabc\r\n"), "");
  EXPECT_EQ(handler_.requests, 1);
  Open(handler_.reading);
  EXPECT_EQ(handler_.read, "abc");
  EXPECT_EQ(Exchange("2\r\nde\r\n"), "");
  Open(handler_.reading, 2);
  EXPECT_EQ(handler_.read, "abcde");
  EXPECT_THAT(Exchange("0\r\n\r\n"), EndsWith("read 5"));
  EXPECT_FALSE(client_->ended());
}

TEST_F(PiecesTest, HoldsLittleOfABodyThatNobodyTakes) {
  client_->Send("POST /in HTTP/1.1\r\nHost: a\r\nContent-Length: 60000000\r\n\r\n");
  loop_.Settle();
  size_t sent = 0;
  const std::string bytes(100000, 'x');
  for (int blocked = 0; blocked < 10;) {
    const size_t step = client_->Send(bytes);
    sent += step;
    blocked = step == 0 ? blocked + 1 : 0;
    loop_.Settle();
  }
  EXPECT_LT(sent, size_t{20} << 20);  // the system's buffers, and a window
  handler_.reading.Open(1 << 20);
  for (int turn = 0; sent < 60000000 && turn < 100000; ++turn) {
    sent += client_->Send(std::string_view(bytes).substr(0, 60000000 - sent));
    loop_.Settle();
  }
  EXPECT_THAT(client_->Receive(), EndsWith("read 60000000"));
}

TEST_F(PiecesTest, FailsABodyThatIsTooLargeOrBroken) {
  EXPECT_THAT(Exchange("POST /little HTTP/1.1\r\nHost: a\r\nContent-Length: 11\r\n\r\n"),
              StartsWith("HTTP/1.1 413"));
  for (const char* body : {"b\r\nhello world\r\n", "5\r\nhello\r\n6\r\nworlds\r\n", "zzz\r\n"}) {
    client_ = std::make_unique<TestClient>(address_);
    handler_.reading.Open(10);
    EXPECT_THAT(Exchange("POST /little" + std::string(kChunked) + body),
                AllOf(StartsWith("HTTP/1.1 400"), Not(HasSubstr("read"))))
        << body;
    EXPECT_TRUE(client_->ended());
  }
}

TEST_F(PiecesTest, DropsTheRequestWhereItsBodyBreaksOff) {
  Exchange("POST /in" + std::string(kChunked) + "3\r\nabc\r\n");
  EXPECT_EQ(handler_.live, 1);
  client_->EndSending();
  loop_.Settle();
  EXPECT_EQ(handler_.live, 0);
}

TEST_F(PiecesTest, AnswersBeforeTheBodyIsThereAndClosesThen) {
  EXPECT_THAT(Exchange("POST /early" + std::string(kChunked) + "3\r\nabc\r\n"),
              AllOf(HasSubstr("Connection: close"), EndsWith("enough")));
  EXPECT_TRUE(client_->ended());
}

TEST_F(PiecesTest, StreamsBothWaysAtOnce) {
  Exchange("POST /both" + std::string(kChunked));
  EXPECT_EQ(Exchange("3\r\nabc\r\n"), "3\r\nabc\r\n");
  EXPECT_EQ(Exchange("2\r\nde\r\n"), "2\r\nde\r\n");
  EXPECT_EQ(Exchange("0\r\n\r\n"), "0\r\n\r\n");
  EXPECT_THAT(Exchange(kGet), StartsWith("HTTP/1.1 200"));
}

TEST_F(PiecesTest, AsksForABodyThatWaits) {
  EXPECT_EQ(Exchange("POST /in HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\n"
                     "Content-Length: 3\r\n\r\n"),
            "HTTP/1.1 100 Continue\r\n\r\n");
  handler_.reading.Open(3);
  EXPECT_THAT(Exchange("abc"), EndsWith("read 3"));
}

}  // namespace
}  // namespace chains::gateway
