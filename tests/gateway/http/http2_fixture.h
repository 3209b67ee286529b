// Http2Test: a server, and clients that say frames to it, on the test's own thread.
#pragma once

#include <memory>
#include <string_view>

#include "tests/gateway/http/http2_frames.h"
#include "tests/gateway/http/server_fixture.h"

namespace chains::gateway {

class Http2Test : public HttpServerTest {
 protected:
  friend class Http2Client;
  explicit Http2Test(HttpOptions options = Limits()) : HttpServerTest(std::move(options)) {}
  static HttpOptions Limits() {
    HttpOptions options = Options();
    options.max_body_bytes_held = 500000;
    return options;
  }
};

// A connection, and what was heard of it.
class Http2Client {
 public:
  explicit Http2Client(Http2Test& test) : Http2Client(test.loop_, test.address_) {}
  Http2Client(TestLoop& loop, const std::string& address) : loop_(loop), client_(address) {}

  void Say(std::string_view bytes) {
    while (!bytes.empty()) {
      bytes.remove_prefix(client_.Send(bytes));
      Hear();
      if (ended()) return;
    }
  }
  void Hear() {
    loop_.Settle();
    heard_.Add(client_.Receive());
  }
  const h2::Heard& heard() const { return heard_; }
  const h2::Heard::Response& response(uint32_t stream) { return heard_.responses[stream]; }
  bool ended() const { return client_.ended(); }
  void Leave() { client_.Leave(); }

 private:
  TestLoop& loop_;
  TestClient client_;
  h2::Heard heard_;
};

}  // namespace chains::gateway
