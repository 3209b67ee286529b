// Webhooks are told over sockets, by a server that the test plays.
#include "gateway/async/curl_webhooks.h"

#include <atomic>
#include <thread>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "chains/core/text.h"
#include "chains/core/timing.h"
#include "gateway/http/server.h"
#include "tests/gateway/http/test_loop.h"

namespace chains::gateway {
namespace {

using ::testing::HasSubstr;

// Answers by what the path says: "/204", "/302", "/long", "/never".
class Endpoint final : public Handler {
 public:
  Admission Admit(const RequestHead&) override { return {}; }
  Task<Response> Handle(Request request) override {
    ++requests;
    last_head = request.head;
    last_body = std::move(request.body);
    return Answer(last_head.target);
  }
  Response Failure(int status, std::string_view) override {
    Response response;
    response.status = status;
    return response;
  }

  int requests = 0;
  RequestHead last_head;
  std::string last_body;

 private:
  static Task<Response> Answer(std::string target) {
    if (target == "/never") co_await Sleep(absl::Hours(1));
    Response response;
    if (target == "/302") {
      response.status = 302;
      response.headers.emplace_back("Location", "/204");
    } else if (target == "/long") {
      response.body = std::string(1 << 20, 'x');
    } else {
      response.status = std::stoi(target.substr(1));
    }
    co_return response;
  }
};

class CurlWebhooksTest : public ::testing::Test {
 protected:
  CurlWebhooksTest() {
    const std::string address = *server_.Listen("127.0.0.1:0");
    port_ = address.substr(address.rfind(':'));
  }
  Told Tell(const std::string& url, CurlWebhooks::Options options = {.reach = Reach::kAnywhere},
            std::stop_token stop = {}) {
    WebhookMessage message{.url = url,
                           .headers = {{"Content-Type", "application/json"}, {"X-Some", "thing"}},
                           .body = R"({"a": 1})"};
    Told told;
    std::atomic<bool> done{false};
    std::thread teller([&] {
      CurlWebhooks client(options);
      told = client.Tell(message, stop);
      done = true;
    });
    loop_.RunUntil([&] { return done.load(); });
    teller.join();
    return told;
  }
  std::string At(const std::string& path) const { return Text("http://127.0.0.1", port_, path); }

  WorkerPool workers_;
  TestLoop loop_{workers_};
  Endpoint endpoint_;
  HttpServer server_{loop_, loop_.sockets(), endpoint_, HttpOptions()};
  std::string port_;  // ":1234"
};

TEST_F(CurlWebhooksTest, PostsWhatItIsGiven) {
  const Told told = Tell(At("/204"));
  EXPECT_EQ(told.status, 204);
  EXPECT_EQ(told.error, "");
  EXPECT_EQ(endpoint_.last_head.method, "POST");
  EXPECT_EQ(endpoint_.last_head.Header("content-type"), "application/json");
  EXPECT_EQ(endpoint_.last_head.Header("x-some"), "thing");
  EXPECT_EQ(endpoint_.last_body, R"({"a": 1})");
}

TEST_F(CurlWebhooksTest, FollowsNoRedirect) {
  const Told told = Tell(At("/302"));
  EXPECT_EQ(told.status, 302);
  EXPECT_EQ(told.error, "it answered 302");
  EXPECT_EQ(endpoint_.requests, 1);
}

TEST_F(CurlWebhooksTest, DoesNotReadALongAnswer) { EXPECT_EQ(Tell(At("/long")).status, 200); }

TEST_F(CurlWebhooksTest, ConnectsToNoPrivateAddressWhateverItsName) {
  for (const char* host : {"127.0.0.1", "localhost", "127.1", "0x7f.1"}) {
    const Told told = Tell(Text("http://", host, port_, "/204"), {.reach = Reach::kPublic});
    EXPECT_EQ(told.status, 0) << host;
    EXPECT_THAT(told.error, HasSubstr("private")) << host;
  }
  EXPECT_EQ(endpoint_.requests, 0);
}

TEST_F(CurlWebhooksTest, SaysWhyThereWasNoAnswer) {
  EXPECT_THAT(Tell("http://127.0.0.1:1/x").error, HasSubstr("connect"));
  EXPECT_THAT(Tell("http://nobody.invalid/x").error, HasSubstr("nobody.invalid"));
  EXPECT_NE(Tell("ftp://127.0.0.1/x").error, "");
  const Told late =
      Tell(At("/never"), {.reach = Reach::kAnywhere, .timeout = absl::Milliseconds(200)});
  EXPECT_EQ(late.status, 0);
  EXPECT_THAT(late.error, HasSubstr("timed out"));
}

TEST_F(CurlWebhooksTest, StopsWhenItIsAskedTo) {
  std::stop_source stop;
  stop.request_stop();
  const Told told = Tell(At("/never"), {.reach = Reach::kAnywhere}, stop.get_token());
  EXPECT_EQ(told.status, 0);
  EXPECT_NE(told.error, "");
}

}  // namespace
}  // namespace chains::gateway
