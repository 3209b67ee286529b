// HttpServerTest: a server with a handler that tests play with, on the test's own thread.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <utility>

#include <gtest/gtest.h>

#include "chains/core/text.h"
#include "chains/core/timing.h"
#include "gateway/http/server.h"
#include "tests/gateway/http/test_client.h"
#include "tests/gateway/http/test_loop.h"

namespace chains::gateway {

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
  Admission Admit(const RequestHead& head) override {
    Admission admission;
    if (head.target == "/forbidden") admission.refusal = Failure(403, "not you");
    return admission;
  }
  Task<Response> Handle(Request request) override {
    ++requests;
    return Answer(std::move(request), Counted(live), finished);
  }
  Response Failure(int status, std::string_view text) override {
    Response response;
    response.status = status;
    response.body = text;
    return response;
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

inline std::string Post(std::string_view target, std::string_view body,
                        std::string_view more = "") {
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

}  // namespace chains::gateway
