// Bodies that come and go in pieces, over HTTP/2.
#include <memory>
#include <optional>
#include <string>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "chains/core/notice.h"
#include "tests/gateway/http/http2_fixture.h"

namespace chains::gateway {
namespace {

using ::testing::ElementsAre;
using ::testing::Pair;

// What the test lets go on.
struct Turns {
  Task<void> Next() {
    while (left == 0) co_await notice.Wait();
    --left;
  }
  void Give(int times = 1) {
    left += times;
    notice.Give();
  }
  int left = 0;
  Notice notice;
};

class PiecesHandler final : public Handler {
 public:
  Admission Admit(const RequestHead& head) override {
    Admission admission;
    admission.in_pieces = true;
    if (head.target == "/little") admission.max_body_bytes = 10;
    return admission;
  }
  Task<Response> Handle(Request request) override {
    if (request.head.target == "/out") return Out(*this);
    if (request.head.target == "/both") return Both(*this, std::move(request));
    return In(*this, std::move(request));
  }
  Response Failure(int status, std::string_view text) override {
    Response response;
    response.status = status;
    response.body = text;
    return response;
  }

  Turns reading;
  size_t read = 0;
  int made = 0;
  int live = 0;
  std::string piece = "piece";
  int pieces = 3;
  absl::Status end;

 private:
  static Task<Response> In(PiecesHandler& self, Request request) {
    while (true) {
      co_await self.reading.Next();
      const absl::StatusOr<std::optional<std::string>> piece =
          co_await Outcome(request.pieces->Next());
      if (!piece.ok()) co_return self.Failure(413, MessageOf(piece.status()));
      if (!*piece) break;
      self.read += (*piece)->size();
    }
    Response response;
    response.body = Text("read ", self.read);
    co_return response;
  }
  static Stream<std::string> Make(PiecesHandler& self, Counted) {
    for (int i = 0; i < self.pieces; ++i) {
      ++self.made;
      std::string piece = self.piece;
      co_yield std::move(piece);
    }
    co_await self.end;
  }
  static Task<Response> Out(PiecesHandler& self) {
    Response response;
    response.pieces = Make(self, Counted(self.live));
    response.trailers = [] { return HttpHeaders{{"X-End", "well"}}; };
    co_return response;
  }
  static Stream<std::string> Echo(Stream<std::string> pieces) {
    while (std::optional<std::string> piece = co_await pieces.Next()) {
      std::string echo = "<" + *piece + ">";
      co_yield std::move(echo);
    }
  }
  static Task<Response> Both(PiecesHandler&, Request request) {
    Response response;
    response.pieces = Echo(*std::move(request.pieces));
    co_return response;
  }
};

class Http2PiecesTest : public ::testing::Test {
 protected:
  Http2PiecesTest() {
    HttpOptions options;
    options.http2.stream_window = 20000;
    server_ = std::make_unique<HttpServer>(loop_, loop_.sockets(), handler_, options);
    client_ = std::make_unique<Http2Client>(loop_, *server_->Listen("127.0.0.1:0"));
    client_->Say(h2::Hello() + h2::Frame(h2::kSettings, h2::kAck, 0, ""));
  }

  WorkerPool workers_;
  TestLoop loop_{workers_};
  PiecesHandler handler_;
  std::unique_ptr<HttpServer> server_;
  std::unique_ptr<Http2Client> client_;
};

TEST_F(Http2PiecesTest, ARequestGetsRoomAsItsReaderTakesIt) {
  client_->Say(h2::Headers(1, h2::Post("/in"), h2::kEndHeaders));
  client_->Say(h2::Data(1, std::string(10000, 'x')) + h2::Data(1, std::string(10000, 'x')));
  EXPECT_EQ(client_->heard().room.count(1), 0);
  handler_.reading.Give(2);
  client_->Hear();
  EXPECT_EQ(handler_.read, 20000);
  EXPECT_EQ(client_->heard().room.at(1), 20000);
  client_->Say(h2::Data(1, "end", h2::kEndStream));
  handler_.reading.Give(2);
  client_->Hear();
  EXPECT_EQ(client_->response(1).body, "read 20003");
}

TEST_F(Http2PiecesTest, AResponseIsMadeAsItsClientTakesIt) {
  handler_.piece = std::string(50000, 'x');
  handler_.pieces = 100;
  client_->Say(h2::Headers(1, h2::Get("/out")));
  EXPECT_EQ(client_->response(1).body.size(), 65535);
  EXPECT_EQ(handler_.made, 2);
  client_->Say(h2::WindowUpdate(0, 100000) + h2::WindowUpdate(1, 100000));
  EXPECT_EQ(handler_.made, 4);
  client_->Say(h2::Reset(1));
  EXPECT_EQ(handler_.live, 0);
}

TEST_F(Http2PiecesTest, AResponseEndsWithItsTrailers) {
  client_->Say(h2::Headers(1, h2::Get("/out")));
  EXPECT_EQ(client_->response(1).body, "piecepiecepiece");
  EXPECT_THAT(client_->response(1).trailers, ElementsAre(Pair("x-end", "well")));
  EXPECT_TRUE(client_->response(1).ended);
  EXPECT_EQ(handler_.live, 0);
}

TEST_F(Http2PiecesTest, AResponseThatFailsIsBrokenOff) {
  handler_.end = absl::InternalError("broken");
  client_->Say(h2::Headers(1, h2::Get("/out")));
  EXPECT_EQ(client_->response(1).body, "piecepiecepiece");
  EXPECT_FALSE(client_->response(1).ended);
  EXPECT_EQ(client_->response(1).reset, NGHTTP2_INTERNAL_ERROR);
}

TEST_F(Http2PiecesTest, BothGoAtTheSameTime) {
  client_->Say(h2::Headers(1, h2::Post("/both"), h2::kEndHeaders));
  client_->Say(h2::Data(1, "one"));
  EXPECT_EQ(client_->response(1).body, "<one>");
  client_->Say(h2::Data(1, "two"));
  EXPECT_EQ(client_->response(1).body, "<one><two>");
  client_->Say(h2::Data(1, "", h2::kEndStream));
  EXPECT_TRUE(client_->response(1).ended);
}

TEST_F(Http2PiecesTest, ABodyOverItsLimitFailsItsReader) {
  client_->Say(h2::Headers(1, h2::Post("/little"), h2::kEndHeaders) +
               h2::Data(1, std::string(11, 'x')));
  handler_.reading.Give();
  client_->Hear();
  EXPECT_EQ(client_->response(1).status(), "413");
}

}  // namespace
}  // namespace chains::gateway
